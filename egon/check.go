package egon

// Check returns the offence of the values of the head, or nil. It checks the types of
// ZadostInfo (RegTypy 1.23.0) and AutorizaceInfo for every service, and for E198 and
// E227 all that their descriptions demand of a question, without permissions. It reads
// nothing but the head and does not allocate without an offence.
//
// An element that is present must have a value, even when it is optional: an
// empty identification is the most frequent mistake of callers.
func (h *Head) Check() *Offence {
	if h.Media != nil {
		if o := h.checkAll(accountRules); o != nil {
			return o
		}
	}
	if o := h.checkAll(infoRules); o != nil {
		return o
	}
	switch {
	case h.Media != nil:
		return h.checkMedia()
	case h.Rights != nil:
		return h.checkAll(rightsRules)
	}
	return nil
}

// A rule is the type of one value of the head.
type rule struct {
	path     string // below the operation, as the refusal names it
	value    func(*Head) []byte
	is       *valueType
	required bool
}

var infoRules = []rule{
	{"ZadostInfo/CasZadosti", func(h *Head) []byte { return h.Info.CasZadosti }, dateTimeType,
		true},
	{"ZadostInfo/Agenda", func(h *Head) []byte { return h.Info.Agenda }, codeType, true},
	{"ZadostInfo/AgendovaRole", func(h *Head) []byte { return h.Info.AgendovaRole }, codeType,
		true},
	{"ZadostInfo/Ovm", func(h *Head) []byte { return h.Info.Ovm }, ovmType, true},
	{"ZadostInfo/Ais", func(h *Head) []byte { return h.Info.Ais }, aisType, false},
	{"ZadostInfo/Subjekt", func(h *Head) []byte { return h.Info.Subjekt }, text65Type, false},
	{"ZadostInfo/Uzivatel", func(h *Head) []byte { return h.Info.Uzivatel }, text100Type, false},
	{"ZadostInfo/DuvodUcel", func(h *Head) []byte { return h.Info.DuvodUcel }, text255Type, false},
	{"ZadostInfo/AgendaZadostId", func(h *Head) []byte { return h.Info.AgendaZadostId }, uuidType,
		true},
	{"ZadostInfo/PredchoziZadostId", func(h *Head) []byte { return h.Info.PredchoziZadostId },
		uuidType, false},
	{"ZadostInfo/IszrZadostId", func(h *Head) []byte { return h.Info.IszrZadostId }, uuidType,
		false},
	{"ZadostInfo/AisKontrola", func(h *Head) []byte { return h.Info.AisKontrola }, checksumType,
		false},
	{"ZadostInfo/IszrKontrola", func(h *Head) []byte { return h.Info.IszrKontrola }, base64Type,
		false},
	{"ZadostInfo/PrioritaAis", func(h *Head) []byte { return h.Info.PrioritaAis }, intType, false},
	{"AutorizaceInfo/MaximalniPocetZaznamu", func(h *Head) []byte { return h.MaxRecords },
		countType, false},
}

var rightsRules = []rule{
	{"Zadost/IszrVypisOpravneniPolozkyData/Agenda", func(h *Head) []byte { return h.Rights.Agenda },
		codeType, true},
	{"Zadost/IszrVypisOpravneniPolozkyData/AgendovaRole",
		func(h *Head) []byte { return h.Rights.AgendovaRole }, codeType, true},
	{"Zadost/IszrVypisOpravneniPolozkyData/Ovm", func(h *Head) []byte { return h.Rights.Ovm },
		ovmType, true},
}

func (h *Head) checkAll(rules []rule) *Offence {
	for i := range rules {
		r := &rules[i]
		v := r.value(h)
		if len(v) > 0 && r.is.valid(v) || len(v) == 0 &&
			(v == nil && !r.required || v != nil && r.is.maybeEmpty) {
			continue
		}
		return h.refuseValue(r, v)
	}
	return nil
}

func (h *Head) refuseValue(r *rule, v []byte) *Offence {
	switch {
	case v == nil:
		return h.refuse(noValue, r.path, r.path)
	case len(v) == 0 && r.required:
		return h.refuse(emptyValue, r.path, r.path)
	case len(v) == 0:
		return h.refuse(emptyOptional, r.path, r.path)
	case r.is.noBlankEnds && (white(v[0]) || white(v[len(v)-1])) && !blank(v):
		return h.refuse(blankEnds, r.path, r.path)
	}
	return h.refuse(badValue, r.path, r.path, r.is.cs, r.is.en)
}

// refuse makes the offence of a value. It is certain when the head is known.
func (h *Head) refuse(why reason, path string, args ...any) *Offence {
	return why.offence(h.Offset, h.path(path), args...)
}

func (h *Head) path(below string) string {
	path := "/" + h.Service.Request + "/" + below
	if h.Enveloped {
		return "/Envelope/Body" + path
	}
	return path
}
