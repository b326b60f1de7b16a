package egon

import "brana/egon/xmltext"

// A Source is one of the two evidences that hold media: the identity cards
// (AIS EOP) and the travel documents (AIS ECD). The two contracts differ in
// names alone.
type Source struct {
	Zdroj     string // value of AgendaZdroj: Eop
	Step      string // the primitive service: X21
	Namespace string // of request and response
	Request   string // local name of the request, also its SOAPAction
	Response  string // local name of the response
	Outer     string // EopOdpoved: once in the evidence's response, twice, nested, in E198's
	Block     string // EopOdpovedV1: the element to be spliced, in Namespace
	Photo     string // item that asks for photos: EopFoto
	Signature string // item that asks for signatures: EopPodpis

	data     string // element of the query
	items    string // element of the item list
	document string // element of a search by document
}

// SourceOf returns the evidence that a value of AgendaZdroj names.
func SourceOf(zdroj []byte) (*Source, bool) {
	switch string(zdroj) {
	case "Eop":
		return &Source{
			Zdroj: "Eop", Step: "X21", Namespace: NSEop,
			Request:  "AisEopMediaSyncCtiPodleUdaju",
			Response: "AisEopMediaSyncCtiPodleUdajuResponse",
			Outer:    "EopOdpoved", Block: "EopOdpovedV1", Photo: "EopFoto", Signature: "EopPodpis",
			data: "AisEopMediaCtiPodleUdajuData", items: "AisEopSeznamUdaju",
			document: "Dotaz5JmPrijOP",
		}, true
	case "Ecd":
		return &Source{
			Zdroj: "Ecd", Step: "X22", Namespace: NSEcd,
			Request:  "AisEcdMediaSyncCtiPodleUdaju",
			Response: "AisEcdMediaSyncCtiPodleUdajuResponse",
			Outer:    "EcdOdpoved", Block: "EcdOdpovedV1", Photo: "EcdFoto", Signature: "EcdPodpis",
			data: "AisEcdMediaCtiPodleUdajuData", items: "AisEcdSeznamUdaju",
			document: "Dotaz5JmPrijDok",
		}, true
	}
	return nil, false
}

// AppendMediaRequest appends the question to an evidence (X21, X22): the caller's
// search inputs, criteria and key, and the requested kinds of media. The evidence
// counts local AIFO numbers from 1.
func AppendMediaRequest(dst []byte, st *Step, src *Source) []byte {
	dst = openStep(dst, src.Request, src.Namespace)
	dst = append(dst,
		` xmlns:ais="`+NSEvidence+`" xmlns:rob="`+NSRobTypes+`" verzeZadosti="1.0.0">`...)
	dst = st.appendInfo(dst)
	dst = append(dst, "<e:AutorizaceInfo><reg:SeznamUdaju>"...)
	dst = leaf(dst, "ais:"+src.items, src.mediaWords(st.Head.Items))
	dst = append(dst, "</reg:SeznamUdaju></e:AutorizaceInfo>"...)
	dst = appendMapa(dst, "e:MapaAifo", "", nil)
	dst = append(dst, "<e:Dotaz><ais:"...)
	dst = append(dst, src.data...)
	dst = appendMediaQuery(dst, "ais:", documentNames{Outer: src.document}, st.Head.Media)
	dst = shut(dst, "ais:"+src.data)
	dst = append(dst, "</e:Dotaz>"...)
	return closeStep(dst, src.Request)
}

// mediaWords returns the evidence's own words for the requested media.
func (src *Source) mediaWords(items []Word) string {
	photo, signature := wordsHold(items, src.Photo), wordsHold(items, src.Signature)
	switch {
	case photo && signature:
		return "Foto Podpis"
	case signature:
		return "Podpis"
	case photo:
		return "Foto"
	}
	return ""
}

// wordsHold reports whether word is one of the words of a SeznamUdaju.
func wordsHold(words []Word, word string) bool {
	for i := range words {
		if string(words[i].Text) == word {
			return true
		}
	}
	return false
}

// AppendNobody appends the block of an evidence that found nobody or more than one
// person, in the evidence's own form.
func AppendNobody(dst []byte, src *Source, popis string) []byte {
	dst = append(dst, "<a:"+src.Block+` xmlns:a="`+src.Namespace+`" xmlns:ais="`+NSEvidence+`">`+
		"<ais:AisAplikacniStatus><ais:VysledekAisKod>VAROVANI</ais:VysledekAisKod><ais:VysledekDetail>"+
		"<ais:VysledekSubKod>SPECIFIKACE V POPISU</ais:VysledekSubKod>"...)
	dst = leaf(dst, "ais:VysledekPopis", popis)
	return append(dst, "</ais:VysledekDetail></ais:AisAplikacniStatus></a:"+src.Block+">"...)
}

// EvidenceHead is the answer of an evidence (X21, X22) before its media. When the
// system status is CHYBA, all but the statuses is empty.
type EvidenceHead struct {
	Info        OdpovedInfo
	Application Status     // AisAplikacniStatus; its Kod is empty when there is no block
	Found       bool       // the block names a person:
	Person      PrevodAifo // the local number, and the AIFO in the evidence's agenda
	Block       []byte     // the element [Source].Block with only these; empty: none
}

// ParseEvidenceHead reads the answer to a request that [AppendMediaRequest] wrote for
// src. doc may lack the media: a beginning in which every open element was closed is
// enough. An answer with an AIFO must have an entry for it in its own map. Without that
// no registry can be asked for the person.
func ParseEvidenceHead(doc []byte, src *Source) (*EvidenceHead, error) {
	n, err := openAnswer(doc, src.Response, src.Namespace)
	if err != nil {
		return nil, err
	}
	h := &EvidenceHead{}
	if h.Info, err = readInfo(n); err != nil {
		return nil, err
	}
	block := n.Child(src.Namespace, src.Outer).Child(src.Namespace, src.Block)
	switch {
	case block == nil && h.Info.Status.Kod == OK:
		return nil, expected(src.Namespace, src.Block, "an answer with status OK")
	case block == nil:
		return h, nil
	}
	application, err := only(block, NSEvidence, "AisAplikacniStatus")
	if err != nil {
		return nil, err
	}
	if h.Application, err = readStatus(application, NSEvidence, "VysledekAisKod"); err != nil {
		return nil, err
	}
	if h.Info.Status.Kod == Chyba {
		return h, nil
	}
	h.Block = block.SpliceOf(nil, func(n *xmltext.Node) bool {
		return n.Space == NSEvidence && (n.Local == "AisAplikacniStatus" || n.Local == "Aifo")
	})
	if aifo := block.Child(NSEvidence, "Aifo"); aifo != nil {
		h.Found = true
		h.Person, err = personOf(n, aifo)
	}
	return h, err
}

// personOf returns the entry for the person aifo in the map of the answer n.
func personOf(n, aifo *xmltext.Node) (PrevodAifo, error) {
	local, err := number(aifo)
	if err != nil {
		return PrevodAifo{}, err
	}
	mapa, err := readMapa(n)
	if err != nil {
		return PrevodAifo{}, err
	}
	p, ok := entryOf(mapa, local)
	if !ok {
		return PrevodAifo{}, expected(NSReg, "PrevodAifo", "MapaAifo for the person found")
	}
	return PrevodAifo{Local: local, Global: p.Global}, nil
}
