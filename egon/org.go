package egon

// An OrgService is a primitive service of ORG that translates identifiers. Its value is
// the SOAPAction.
type OrgService string

// The services. OrgCtiAifo (G27) translates; OrgZalozAifo (G02) creates the target
// identifier when there is none.
const (
	OrgCtiAifo   OrgService = "OrgCtiAifo"
	OrgZalozAifo OrgService = "OrgZalozAifo"
)

// Step returns the code of the primitive service, G27 or G02.
func (op OrgService) Step() string {
	if op == OrgZalozAifo {
		return "G02"
	}
	return "G27"
}

// An AgendaAis is an agenda and an information system of it: the space of an AIFO.
type AgendaAis struct {
	Agenda string
	Ais    string
}

// A Translation is a question to ORG: it asks for the identifiers in Target of the
// persons that Map identifies in Source. Only Local and Global of its entries are read.
type Translation struct {
	Source, Target AgendaAis
	Map            []PrevodAifo
}

// AppendTranslate appends a request of ORG.
func AppendTranslate(dst []byte, st *Step, op OrgService, t *Translation) []byte {
	root := string(op) + "Request"
	dst = openStep(dst, root, NSOrg)
	dst = append(dst, ` xmlns:ot="`+NSOrgTypes+`">`...)
	dst = st.appendInfo(dst)
	entries := make([]PrevodAifo, len(t.Map))
	for i := range t.Map {
		entries[i] = PrevodAifo{
			Agenda: t.Source.Agenda, Ais: t.Source.Ais,
			Local: t.Map[i].Local, Global: t.Map[i].Global,
		}
	}
	dst = appendMapa(dst, "e:MapaAifo", "", entries)
	dst = append(dst, "<e:OrgAgendaAis>"...)
	dst = leaf(dst, "ot:Agenda", t.Target.Agenda)
	dst = leaf(dst, "ot:AIS", t.Target.Ais)
	dst = append(dst, "</e:OrgAgendaAis>"...)
	return closeStep(dst, root)
}

// TranslateReply is ORG's answer to G27 or G02.
type TranslateReply struct {
	Info  OdpovedInfo
	Map   []PrevodAifo
	Codes []string // OrgAifoStatusDetail and OrgStatusDetail in the order of the answer
	Org   []byte   // the element OrgStatus; empty: none
}

// Translated returns the entry with the identifier of the local AIFO number in the
// target agenda, and whether ORG returned one.
func (r *TranslateReply) Translated(local int) (PrevodAifo, bool) { return entryOf(r.Map, local) }

// ParseTranslateReply reads the answer to a request that [AppendTranslate] wrote
// with the same op.
func ParseTranslateReply(doc []byte, op OrgService) (*TranslateReply, error) {
	n, err := openAnswer(doc, string(op)+"Response", NSOrg)
	if err != nil {
		return nil, err
	}
	r := &TranslateReply{}
	if r.Info, err = readInfo(n); err != nil {
		return nil, err
	}
	if r.Map, err = readMapa(n); err != nil {
		return nil, err
	}
	if n.Child(NSOrg, "MapaAifo") == nil && r.Info.Status.Kod != Chyba {
		return nil, expected(NSOrg, "MapaAifo", n.Local)
	}
	status, err := only(n, NSOrg, "OrgStatus")
	if err != nil {
		return nil, err
	}
	for _, s := range status.All(NSOrgTypes, "OrgAifoStatus") {
		r.Codes = append(r.Codes, s.Child(NSOrgTypes, "OrgAifoStatusDetail").Value())
	}
	for _, s := range status.All(NSOrgTypes, "OrgStatusDetail") {
		r.Codes = append(r.Codes, s.Value())
	}
	r.Org = status.Splice(nil)
	return r, nil
}
