package egon

import "bytes"

func (h *Head) checkMedia() *Offence {
	if o := h.checkAll(mediaRules); o != nil {
		return o
	}
	if o := h.checkWords(); o != nil {
		return o
	}
	return h.checkQuery()
}

const (
	underZadost = "Zadost/IszrAgendaMediaCtiPodleUdajuData/"
	underDotaz  = underZadost + "Dotaz/"
	underData   = underDotaz + "AisSeMediaCtiPodleUdajuData/"
)

// accountRules hold for every question of E198. The person who asks, the subject and
// the reason are mandatory here, since each read of ROB leaves a record of them (seed
// E198 §8.1). infoRules have their types.
var accountRules = []rule{
	{"ZadostInfo/Subjekt", func(h *Head) []byte { return h.Info.Subjekt }, anyType, true},
	{"ZadostInfo/Uzivatel", func(h *Head) []byte { return h.Info.Uzivatel }, anyType, true},
	{"ZadostInfo/DuvodUcel", func(h *Head) []byte { return h.Info.DuvodUcel }, anyType, true},
}

// mediaRules hold for every question of E198.
var mediaRules = []rule{
	{underZadost + "AgendaZdroj", func(h *Head) []byte { return h.Media.AgendaZdroj }, sourceType,
		true},
	{underZadost + "Ais", func(h *Head) []byte { return h.Media.Ais }, aisType, false},
	{underDotaz + "@verzeSluzby", func(h *Head) []byte { return h.Media.VerzeSluzby }, text4Type,
		false},
	{underData + "@typPorovnani", func(h *Head) []byte { return h.Media.TypPorovnani },
		comparisonType, false},
	{underData + "@znepristupniLog", func(h *Head) []byte { return h.Media.ZnepristupniLog },
		booleanType, false},
	{underData + "KriteriaProFotky/DatumOd", func(h *Head) []byte { return h.Media.Photos.DatumOd },
		dateType, false},
	{underData + "KriteriaProFotky/DatumDo", func(h *Head) []byte { return h.Media.Photos.DatumDo },
		dateType, false},
	{underData + "KriteriaProFotky/Pocet", func(h *Head) []byte { return h.Media.Photos.Pocet },
		countType, false},
	{underData + "KriteriaProPodpis/DatumOd",
		func(h *Head) []byte { return h.Media.Signatures.DatumOd }, dateType, false},
	{underData + "KriteriaProPodpis/DatumDo",
		func(h *Head) []byte { return h.Media.Signatures.DatumDo }, dateType, false},
	{underData + "KriteriaProPodpis/Pocet",
		func(h *Head) []byte { return h.Media.Signatures.Pocet }, countType, false},
	{underData + "KlicProSifrovani", func(h *Head) []byte { return h.Media.Klic }, base64Type,
		true},
}

// The search inputs of the combinations, all of them required. The evidence decides
// whether a person has them.
var (
	ruleJmeno    = rule{"Jmeno", func(h *Head) []byte { return h.Media.Jmeno }, nameType, true}
	rulePrijmeni = rule{"Prijmeni", func(h *Head) []byte { return h.Media.Prijmeni }, nameType,
		true}
	ruleNarozen = rule{"DatumNarozeni", func(h *Head) []byte { return h.Media.DatumNarozeni },
		dateType, true}
	queryRules = [...][]rule{
		Dotaz1JmPrijRC: {ruleJmeno, rulePrijmeni,
			{"RodneCislo", func(h *Head) []byte { return h.Media.RodneCislo }, nameType, true}},
		Dotaz2JmPrijDatNar:   {ruleJmeno, rulePrijmeni, ruleNarozen},
		Dotaz3JmPrijDatNarMN: {ruleJmeno, rulePrijmeni, ruleNarozen},
		Dotaz4JmPrijDatNarTP: {ruleJmeno, rulePrijmeni, ruleNarozen,
			{"TrvalyPobyt", func(h *Head) []byte { return h.Media.TrvalyPobyt }, addressType,
				true}},
		Dotaz5JmPrijDokladOp: {ruleJmeno, rulePrijmeni,
			{"Op/OpCislo", func(h *Head) []byte { return h.Media.OpCislo }, nameType, true},
			{"Op/OpSerie", func(h *Head) []byte { return h.Media.OpSerie }, nameType, false}},
		Dotaz5JmPrijDokladCd: {ruleJmeno, rulePrijmeni,
			{"Cd/CdCislo", func(h *Head) []byte { return h.Media.CdCislo }, intType, true},
			{"Cd/CdDruh", func(h *Head) []byte { return h.Media.CdDruh }, text2Type, false}},
		Dotaz5JmPrijDokladEmpty: {ruleJmeno, rulePrijmeni},
	}
	bornHere = []rule{
		{"MistoNarozeni/NarozeniCr", func(h *Head) []byte { return h.Media.NarozeniCr },
			localityType, true},
		{"MistoNarozeni/NarozeniCr/@obec", func(h *Head) []byte { return h.Media.NarozeniObec },
			booleanType, false},
	}
	bornAbroad = []rule{
		{"MistoNarozeni/NarozeniSvet/MistoSvet", func(h *Head) []byte { return h.Media.MistoSvet },
			nameType, true},
		{"MistoNarozeni/NarozeniSvet/Stat", func(h *Head) []byte { return h.Media.Stat }, stateType,
			true},
	}
)

func (h *Head) checkQuery() *Offence {
	m := h.Media
	switch {
	case m.Queries != 1:
		return h.refuse(queryCount, underData, m.Queries)
	case !ordered(m.Photos):
		return h.refuse(periodReversed, underData+"KriteriaProFotky", "KriteriaProFotky")
	case !ordered(m.Signatures):
		return h.refuse(periodReversed, underData+"KriteriaProPodpis", "KriteriaProPodpis")
	}
	if o := h.checkAll(queryRules[m.Kind]); o != nil {
		return o
	}
	eop := string(m.AgendaZdroj) == "Eop"
	switch {
	case m.Kind == Dotaz3JmPrijDatNarMN && m.NarozeniCr != nil:
		return h.checkAll(bornHere)
	case m.Kind == Dotaz3JmPrijDatNarMN && (m.MistoSvet != nil || m.Stat != nil):
		return h.checkAll(bornAbroad)
	case m.Kind == Dotaz3JmPrijDatNarMN:
		return h.refuse(noBirthplace, underData+"Dotaz3JmPrijDatNarMN")
	case m.Kind == Dotaz5JmPrijDokladEmpty:
		return h.refuse(noDocument, underData+"Dotaz5JmPrijDoklad")
	case m.Kind == Dotaz5JmPrijDokladOp && !eop:
		return h.refuse(otherDocument, underData+"Dotaz5JmPrijDoklad", "Op", "Ecd", "Cd")
	case m.Kind == Dotaz5JmPrijDokladCd && eop:
		return h.refuse(otherDocument, underData+"Dotaz5JmPrijDoklad", "Cd", "Eop", "Op")
	}
	return nil
}

// ordered reports whether a period with both ends does not end before it begins.
func ordered(c Criteria) bool {
	from, begins := ParseDate(c.DatumOd)
	to, ends := ParseDate(c.DatumDo)
	return !begins || !ends || !to.Before(from)
}

// checkWords checks SeznamUdaju (seed E198 §8.2 and §9).
func (h *Head) checkWords() *Offence {
	var actions [RUIAN + 1][Cti + 1]bool
	var rob, media bool
	for _, w := range h.Items {
		switch it := wordOf(w.Text); {
		case it.control:
			actions[it.register][it.action] = true
		case it.register == ROB:
			rob = true
		case it.register == EOP, it.register == ECD:
			if !bytes.HasPrefix(w.Text, h.Media.AgendaZdroj) {
				return h.refuseWord(w, otherEvidence)
			}
			media = true
		case it.register == ROBv2:
			return h.refuseWord(w, newerItem)
		case it.register == ROS:
			return h.refuseWord(w, rosItem)
		default:
			return h.refuseWord(w, unknownItem)
		}
	}
	for register, name := range [...]string{ROB: "ROB", ROS: "ROS", RUIAN: "RUIAN"} {
		if actions[register][Cti] && actions[register][Necti] {
			return h.refuse(contradiction, itemsPath, name)
		}
	}
	switch {
	case !media:
		source := string(h.Media.AgendaZdroj)
		return h.refuse(noEvidenceItem, itemsPath, source)
	case actions[ROB][Cti] && !rob:
		return h.refuse(noRobItem, itemsPath)
	}
	return nil
}

const itemsPath = "AutorizaceInfo/SeznamUdaju"

// refuseWord makes the offence of a word. It names the word, and a character that is
// odd in it or the word that was meant.
func (h *Head) refuseWord(w Word, why reason) *Offence {
	word, hint := string(w.Text), ""
	if odd := OddCharacter(word); odd != "" {
		hint = " Obsahuje znak " + odd + ", který žádná položka nemá; slova oddělujte mezerou."
	} else if meant := NearMiss(word); meant != "" {
		hint = " Mysleli jste " + meant + "?"
	}
	return why.offence(w.Offset, h.path(itemsPath), sent(LegibleWord(word)),
		sent(h.Media.AgendaZdroj), hint)
}
