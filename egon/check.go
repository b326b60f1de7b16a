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
