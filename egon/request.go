package egon

import "brana/egon/xmltext"

// A Request is a call of a service, for [AppendRequest].
type Request struct {
	Service   *Service
	Enveloped bool
	Info      *ZadostInfo
	Items     []string // the words of SeznamUdaju; nil: no AutorizaceInfo
	Inner     []byte   // the part after AutorizaceInfo, with its own namespace declarations
}

// AppendRequest appends a call of an AIS, or an internal message with the words in the
// list of its publisher.
func AppendRequest(dst []byte, r *Request) []byte {
	if r.Enveloped {
		dst = append(dst, soapOpen...)
	}
	if r.Service.message != nil {
		return closeRequest(r.Service.message.appendHead(dst, r), r)
	}
	dst = openPayload(dst, r.Service.Request, r.Service.Namespace)
	name := "abs:ZadostInfo"
	if r.Service.Namespace == NSAsyncAnswer {
		dst = leaf(dst, "e:KodAsyncSluzby", r.Service.Code)
		name = "e:ZadostInfo"
	}
	dst = open(dst, name)
	dst = appendZadostInfo(dst, r.Info, r.Info.IszrZadostId)
	dst = optional(dst, "abs:PrioritaAis", r.Info.PrioritaAis)
	dst = shut(dst, name)
	if r.Items != nil {
		dst = append(dst, "<abs:AutorizaceInfo><abs:SeznamUdaju>"...)
		dst = appendWords(dst, r.Items)
		dst = append(dst, "</abs:SeznamUdaju></abs:AutorizaceInfo>"...)
	}
	return closeRequest(dst, r)
}

// appendHead appends the start tag of the message and its head. It binds the prefixes e
// (the message) and reg.
func (m *message) appendHead(dst []byte, r *Request) []byte {
	dst = append(append(dst, "<e:"...), r.Service.Request...)
	dst = attr(dst, "xmlns:e", r.Service.Namespace)
	dst = attr(dst, "xmlns:reg", NSReg)
	if m.kody != nil {
		dst = leaf(append(dst, ` verzeZadosti="1.0.0">`...), "e:KodSluzby", m.kody[0])
	} else {
		dst = append(dst, '>')
	}
	dst = append(dst, "<e:ZadostInfo>"...)
	dst = appendZadostInfo(dst, r.Info, r.Info.IszrZadostId)
	dst = append(dst, "</e:ZadostInfo>"...)
	if r.Items == nil {
		return dst
	}
	dst = append(dst, "<e:AutorizaceInfo><reg:SeznamUdaju>"...)
	dst = m.appendList(dst, r.Items)
	return append(dst, "</reg:SeznamUdaju></e:AutorizaceInfo>"...)
}

// appendList appends the list of the publisher's own items, with words in its own names.
func (m *message) appendList(dst []byte, words []string) []byte {
	dst = append(append(dst, "<l:"...), m.list.local...)
	dst = attr(dst, "xmlns:l", m.list.space)
	dst = m.appendNames(append(dst, '>'), words)
	return shut(dst, "l:"+m.list.local)
}

// appendNames appends words in the names of the publisher.
func (m *message) appendNames(dst []byte, words []string) []byte {
	for i, word := range words {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = xmltext.AppendText(dst, nameIn(m.list.register, word))
	}
	return dst
}

func closeRequest(dst []byte, r *Request) []byte {
	dst = append(dst, r.Inner...)
	dst = append(dst, "</e:"...)
	dst = append(dst, r.Service.Request...)
	dst = append(dst, '>')
	if r.Enveloped {
		dst = append(dst, soapClose...)
	}
	return dst
}

// appendZadostInfo appends the children of reg:ZadostInfoType, with iszrZadostId in
// place of the header's own.
func appendZadostInfo(dst []byte, i *ZadostInfo, iszrZadostId []byte) []byte {
	dst = optional(dst, "reg:CasZadosti", i.CasZadosti)
	dst = optional(dst, "reg:Agenda", i.Agenda)
	dst = optional(dst, "reg:AgendovaRole", i.AgendovaRole)
	dst = optional(dst, "reg:Ovm", i.Ovm)
	dst = optional(dst, "reg:Ais", i.Ais)
	dst = optional(dst, "reg:Subjekt", i.Subjekt)
	dst = optional(dst, "reg:Uzivatel", i.Uzivatel)
	dst = optional(dst, "reg:DuvodUcel", i.DuvodUcel)
	dst = optional(dst, "reg:AgendaZadostId", i.AgendaZadostId)
	dst = optional(dst, "reg:PredchoziZadostId", i.PredchoziZadostId)
	dst = optional(dst, "reg:IszrZadostId", iszrZadostId)
	dst = optional(dst, "reg:AisKontrola", i.AisKontrola)
	return optional(dst, "reg:IszrKontrola", i.IszrKontrola)
}

func appendWords(dst []byte, words []string) []byte {
	for i, word := range words {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = xmltext.AppendText(dst, word)
	}
	return dst
}

// AppendMediaQuestion appends the Zadost of E198 with its own namespace
// declarations, for [Request].Inner.
func AppendMediaQuestion(dst []byte, m *MediaQuery) []byte {
	dst = append(dst,
		`<z:Zadost xmlns:z="`+NSMedia+`" xmlns:d="`+NSMediaData+`" xmlns:rob="`+NSRobTypes+`">`+
			`<z:IszrAgendaMediaCtiPodleUdajuData>`...)
	dst = optional(dst, "d:AgendaZdroj", m.AgendaZdroj)
	dst = optional(dst, "d:Ais", m.Ais)
	dst = append(dst, "<d:Dotaz"...)
	dst = optionalAttr(dst, "verzeSluzby", m.VerzeSluzby)
	dst = append(dst, "><d:AisSeMediaCtiPodleUdajuData"...)
	dst = appendMediaQuery(dst, "d:", documentNames{Outer: "Dotaz5JmPrijDoklad", Op: "Op",
		Cd: "Cd"}, m)
	dst = append(dst, "</d:AisSeMediaCtiPodleUdajuData></d:Dotaz>"...)
	return append(dst, "</z:IszrAgendaMediaCtiPodleUdajuData></z:Zadost>"...)
}

// documentNames are the elements in which a search by document differs between E198 and
// the evidences. E198 wraps the document in Op or Cd. An evidence has one kind of
// document and does not.
type documentNames struct {
	Outer  string // the DotazN
	Op, Cd string // the wrapper; empty: none
}

// appendMediaQuery appends the attributes, the '>' and the children of a media query,
// all with prefix.
func appendMediaQuery(dst []byte, prefix string, doc documentNames, m *MediaQuery) []byte {
	dst = optionalAttr(dst, "typPorovnani", m.TypPorovnani)
	dst = optionalAttr(dst, "znepristupniLog", m.ZnepristupniLog)
	dst = append(dst, '>')
	dst = appendCriteria(dst, prefix, "KriteriaProFotky", &m.Photos)
	dst = appendCriteria(dst, prefix, "KriteriaProPodpis", &m.Signatures)
	dst = optional(dst, prefix+"KlicProSifrovani", m.Klic)
	name := queryName(m.Kind, doc.Outer)
	if name == "" {
		return dst
	}
	dst = open(dst, prefix+name)
	dst = optional(dst, prefix+"Jmeno", m.Jmeno)
	dst = optional(dst, prefix+"Prijmeni", m.Prijmeni)
	switch m.Kind {
	case Dotaz1JmPrijRC:
		dst = optional(dst, prefix+"RodneCislo", m.RodneCislo)
	case Dotaz2JmPrijDatNar:
		dst = optional(dst, prefix+"DatumNarozeni", m.DatumNarozeni)
	case Dotaz3JmPrijDatNarMN:
		dst = optional(dst, prefix+"DatumNarozeni", m.DatumNarozeni)
		dst = appendBirthplace(dst, prefix+"MistoNarozeni", m)
	case Dotaz4JmPrijDatNarTP:
		dst = optional(dst, prefix+"DatumNarozeni", m.DatumNarozeni)
		dst = optional(dst, prefix+"TrvalyPobyt", m.TrvalyPobyt)
	case Dotaz5JmPrijDokladOp:
		dst = wrap(dst, prefix, doc.Op, func(dst []byte) []byte {
			dst = optional(dst, prefix+"OpCislo", m.OpCislo)
			return optional(dst, prefix+"OpSerie", m.OpSerie)
		})
	case Dotaz5JmPrijDokladCd:
		dst = wrap(dst, prefix, doc.Cd, func(dst []byte) []byte {
			dst = optional(dst, prefix+"CdCislo", m.CdCislo)
			return optional(dst, prefix+"CdDruh", m.CdDruh)
		})
	}
	return shut(dst, prefix+name)
}

// wrap calls inner within an element, or without one when local is empty.
func wrap(dst []byte, prefix, local string, inner func([]byte) []byte) []byte {
	if local == "" {
		return inner(dst)
	}
	dst = open(dst, prefix+local)
	dst = inner(dst)
	return shut(dst, prefix+local)
}

// queryName returns the element of a combination. document is the element of a search
// by document.
func queryName(kind QueryKind, document string) string {
	switch kind {
	case Dotaz1JmPrijRC:
		return "Dotaz1JmPrijRC"
	case Dotaz2JmPrijDatNar:
		return "Dotaz2JmPrijDatNar"
	case Dotaz3JmPrijDatNarMN:
		return "Dotaz3JmPrijDatNarMN"
	case Dotaz4JmPrijDatNarTP:
		return "Dotaz4JmPrijDatNarTP"
	case Dotaz5JmPrijDokladOp, Dotaz5JmPrijDokladCd, Dotaz5JmPrijDokladEmpty:
		return document
	}
	return ""
}

func appendCriteria(dst []byte, prefix, local string, c *Criteria) []byte {
	if !c.Used {
		return dst
	}
	dst = open(dst, prefix+local)
	dst = optional(dst, prefix+"DatumOd", c.DatumOd)
	dst = optional(dst, prefix+"DatumDo", c.DatumDo)
	dst = optional(dst, prefix+"Pocet", c.Pocet)
	return shut(dst, prefix+local)
}

// appendBirthplace appends a rob:MistoNarozeniType as element name. The prefix rob must
// be bound.
func appendBirthplace(dst []byte, name string, m *MediaQuery) []byte {
	dst = open(dst, name)
	if m.NarozeniCr != nil {
		dst = append(dst, "<rob:NarozeniCr"...)
		dst = optionalAttr(dst, "obec", m.NarozeniObec)
		dst = append(dst, '>')
		dst = xmltext.AppendText(dst, m.NarozeniCr)
		dst = append(dst, "</rob:NarozeniCr>"...)
	} else {
		dst = append(dst, "<rob:NarozeniSvet>"...)
		dst = optional(dst, "rob:MistoSvet", m.MistoSvet)
		dst = optional(dst, "rob:Stat", m.Stat)
		dst = append(dst, "</rob:NarozeniSvet>"...)
	}
	return shut(dst, name)
}

// AppendRightsQuestion appends the Zadost of E227 with its own namespace
// declarations, for [Request].Inner.
func AppendRightsQuestion(dst []byte, q *RightsQuery) []byte {
	dst = append(dst,
		`<z:Zadost xmlns:z="`+NSRights+`" xmlns:d="`+NSRightsData+`"><z:IszrVypisOpravneniPolozkyData>`...)
	dst = optional(dst, "d:Agenda", q.Agenda)
	dst = optional(dst, "d:AgendovaRole", q.AgendovaRole)
	dst = optional(dst, "d:Ovm", q.Ovm)
	return append(dst, "</z:IszrVypisOpravneniPolozkyData></z:Zadost>"...)
}
