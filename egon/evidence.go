package egon

// A Source is one of the two evidences that hold media: the identity cards
// (AIS EOP) and the travel documents (AIS ECD). The two contracts differ in
// names alone.
type Source struct {
	Zdroj     string // value of AgendaZdroj: Eop
	Step      string // the primitive service: X21
	Namespace string // of request and response
	Request   string // local name of the request, also its SOAPAction
	Response  string // local name of the response
	Outer     string // EopOdpoved: in the evidence's response, and twice, one in another, in E198's
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
			Request: "AisEopMediaSyncCtiPodleUdaju", Response: "AisEopMediaSyncCtiPodleUdajuResponse",
			Outer: "EopOdpoved", Block: "EopOdpovedV1", Photo: "EopFoto", Signature: "EopPodpis",
			data: "AisEopMediaCtiPodleUdajuData", items: "AisEopSeznamUdaju", document: "Dotaz5JmPrijOP",
		}, true
	case "Ecd":
		return &Source{
			Zdroj: "Ecd", Step: "X22", Namespace: NSEcd,
			Request: "AisEcdMediaSyncCtiPodleUdaju", Response: "AisEcdMediaSyncCtiPodleUdajuResponse",
			Outer: "EcdOdpoved", Block: "EcdOdpovedV1", Photo: "EcdFoto", Signature: "EcdPodpis",
			data: "AisEcdMediaCtiPodleUdajuData", items: "AisEcdSeznamUdaju", document: "Dotaz5JmPrijDok",
		}, true
	}
	return nil, false
}

// AppendMediaRequest appends the question to an evidence (X21, X22): the
// caller's search inputs, criteria and key, and the kinds of media that it
// asked for. The evidence counts local AIFO numbers from 1.
func AppendMediaRequest(dst []byte, st *Step, src *Source) []byte {
	dst = openStep(dst, src.Request, src.Namespace)
	dst = append(dst, ` xmlns:ais="`+NSEvidence+`" xmlns:rob="`+NSRobTypes+`" verzeZadosti="1.0.0">`...)
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

// mediaWords returns the evidence's own words for the media asked for.
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
