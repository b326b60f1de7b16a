package upstream

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// answers are those of fake registries to each primitive service: payloads without
// envelope. A service without an answer must not be called. The answer "down" breaks the
// connection.
type answers map[string]string

// down makes a registry that accepts a request and closes the connection.
const down = "down"

// A record is what the fake registries got.
type record struct {
	mu    sync.Mutex
	calls []string          // primitive services in the order of arrival
	asked map[string]string // the last request of each
	// cut is the service whose next request on a used connection is not answered.
	cut string

	// hold is called with each service before its answer is written, and with
	// x21Media before the media of X21 are; nil: nothing waits.
	hold func(service string)
}

// x21Media is the rest of the answer of X21, from its media on.
const x21Media = "X21 media"

// carried is the key of a *bool of each connection: whether it has carried a whole
// message.
type carried struct{}

// cuts reports whether a request is the one that is not to be answered.
func (c *record) cuts(service string, used bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !used || service != c.cut {
		return false
	}
	c.cut = ""
	return true
}

func (c *record) record(service, body string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, service)
	c.asked[service] = body
}

// steps returns the called services in alphabetical order: steps that run side by side
// arrive in any order.
func (c *record) steps() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := slices.Clone(c.calls)
	slices.Sort(calls)
	return strings.Join(calls, " ")
}

// serviceOf returns the primitive service of an internal request.
func serviceOf(r *http.Request, body string) string {
	switch strings.Trim(r.Header.Get("SOAPAction"), `"`) {
	case "AisEopMediaSyncCtiPodleUdaju":
		return "X21"
	case "AisEcdMediaSyncCtiPodleUdaju":
		return "X22"
	case "OrgZalozAifo":
		return "G02"
	case "OrgCtiAifo":
		if strings.Contains(body, ">A999</ot:Agenda>") {
			return "G27 ROB"
		}
		return "G27 caller"
	case "RobSyncDotaz":
		if strings.Contains(body, ">RobOverHromadneAifo<") {
			return "O25"
		}
		return "O08"
	case "CtiProRobRequest":
		return "A28"
	}
	return "unknown"
}

// start starts the fake registries and returns the workflow over them.
func (w answers) start(t testing.TB) (*Media, *record) {
	t.Helper()
	c := &record{asked: map[string]string{}}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter,
		r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		service := serviceOf(r, string(b))
		c.record(service, string(b))
		used := r.Context().Value(carried{}).(*bool)
		answer, ok := w[service]
		if !ok || answer == down || c.cuts(service, *used) {
			panic(http.ErrAbortHandler)
		}
		*used = true
		rw.Header().Set("Content-Type", "text/xml")
		if c.hold == nil {
			io.WriteString(rw, envelope(answer))
			return
		}
		head, media, _ := strings.Cut(envelope(answer), "<s:Fotky>")
		c.hold(service)
		io.WriteString(rw, head)
		if media != "" {
			rw.(http.Flusher).Flush()
			c.hold(x21Media)
			io.WriteString(rw, "<s:Fotky>"+media)
		}
	}))
	srv.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, carried{}, new(bool))
	}
	srv.Start()
	t.Cleanup(srv.Close)
	at := func(name, agenda string, ais int) *Client {
		return client(t, Config{Name: name, URL: srv.URL + "/" + name, Agenda: agenda, Ais: ais,
			Timeout: 5 * time.Second})
	}
	m := &Media{
		Eop: at("eop", "A385", 385), Ecd: at("ecd", "A386", 386),
		Org: at("org", "", 0), Rob: at("rob", "A999", 1), Ruian: at("ruian", "", 0),
		NewID: func() string { return "5b7cbb6e-7d0a-4a3f-9d5c-0123456789ab" },
		Now:   func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // before the server, which waits for them
		for _, c := range []*Client{m.Eop, m.Ecd, m.Org, m.Rob, m.Ruian} {
			c.Close()
		}
	})
	return m, c
}

func envelope(payload string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + payload +
		`</s:Body></s:Envelope>`
}

// e198Head returns the head of a request that asks EOP for words.
func e198Head(words ...string) *egon.Head {
	h := &egon.Head{
		Service: egon.ServiceByCode("E198"), Enveloped: true, HasItems: true,
		Info: egon.ZadostInfo{
			CasZadosti: []byte("2026-01-02T03:04:05Z"), Agenda: []byte("X999"), AgendovaRole: []byte("XR1"),
			Ovm: []byte("12345678"), Ais: []byte("999001"), Subjekt: []byte("s"), Uzivatel: []byte("u"), DuvodUcel: []byte("d"),
			AgendaZadostId: []byte("a75167b3-b260-49a0-aac6-4d763538b259"),
		},
		Media: &egon.MediaQuery{
			AgendaZdroj: []byte("Eop"), Klic: []byte("AAAA"), Queries: 1, Kind: egon.Dotaz2JmPrijDatNar,
			Jmeno: []byte("Zoran"), Prijmeni: []byte("Vosáhlo"), DatumNarozeni: []byte("1977-05-03"),
		},
	}
	for _, w := range words {
		h.Items = append(h.Items, egon.Word{Text: []byte(w)})
	}
	return h
}

// ask serves h and returns the reply's outline.
func ask(t testing.TB, m *Media, h *egon.Head) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a, _, err := m.Serve(ctx, h, nil)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return "", err
	}
	if a.Length >= 0 && a.Length != int64(len(b)) {
		t.Errorf("the reply has %d bytes, promised %d", len(b), a.Length)
	}
	if a.HTTPStatus != 200 || a.ContentType != "text/xml; charset=utf-8" {
		t.Errorf("answer %d %q", a.HTTPStatus, a.ContentType)
	}
	root, err := xmltext.Parse(b, xmltext.DefaultBounds())
	if err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	o := outline(root)
	if !strings.HasPrefix(o, a.Kod) {
		t.Errorf("Kod = %s, the reply says %s", a.Kod, o)
	}
	return o, nil
}

// outline describes a reply of E198 in a line.
func outline(root *xmltext.Node) string {
	reply := root.Child(egon.NSEnvelope, "Body").Child(egon.NSMedia,
		"AgendaMediaDataCtiPodleUdajuResponse")
	status := reply.Child(egon.NSAbstract, "OdpovedInfo").Child(egon.NSReg, "Status")
	var b strings.Builder
	b.WriteString(status.Child(egon.NSReg, "VysledekKod").Value())
	for _, d := range status.All(egon.NSReg, "VysledekDetail") {
		fmt.Fprintf(&b, " (%s", d.Child(egon.NSReg, "VysledekSubKod").Value())
		if p := d.Child(egon.NSReg, "Puvodce"); p != nil {
			fmt.Fprintf(&b, " by %s", p.Children[0].Value())
		}
		b.WriteString(")")
	}
	for _, block := range reply.Children[1:] {
		fmt.Fprintf(&b, "\n%s", block.Local)
		outlineBlock(&b, block)
	}
	return b.String()
}

func outlineBlock(b *strings.Builder, n *xmltext.Node) {
	if v, ok := n.AttrValue("lokalniAifoOd"); ok {
		fmt.Fprintf(b, " from %s", v)
	}
	for _, c := range n.Children {
		switch c.Local {
		case "PrevodAifo":
			local := c.Child(egon.NSReg, "LokalniAifo")
			v, _ := local.AttrValue("stavOvereniAifo")
			fmt.Fprintf(b, " %s=%s verified:%s", local.Value(),
				c.Child(egon.NSReg, "GlobalniAifo").Value(), v)
		case "AdresniMisto", "AdresniLokalita":
			v, _ := c.AttrValue("stavOvereniPrvku")
			fmt.Fprintf(b, " %s:%s", c.Value(), v)
		case "OrgCtiAifoDataResponse", "RobOverHromadneAifoDataResponse", "RobCtiPodleUdajuDataResponse", "RuianCtiProRobDataResponse":
			fmt.Fprintf(b, " %s", c.Local)
		case "EopOdpoved", "EcdOdpoved":
			for _, v1 := range c.Children {
				for _, item := range v1.Children {
					fmt.Fprintf(b, " %s", item.Local)
				}
			}
		}
	}
}

// The answers of registries that work.

func info(prefix, kod string) string {
	return `<` + prefix +
		`OdpovedInfo><reg:CasOdpovedi>2026-01-02T03:04:05Z</reg:CasOdpovedi><reg:Status><reg:VysledekKod>` + kod +
		`</reg:VysledekKod></reg:Status><reg:AgendaZadostId>a75167b3-b260-49a0-aac6-4d763538b259</reg:AgendaZadostId></` + prefix + `OdpovedInfo>`
}

const regNS = ` xmlns:reg="urn:cz:isvs:reg:schemas:RegTypy:v1"`

func mapa(prefix, entry string) string {
	return `<` + prefix + `MapaAifo lokalniAifoOd="2"><reg:PrevodAifo>` + entry +
		`</reg:PrevodAifo></` + prefix + `MapaAifo>`
}

const (
	known   = `<reg:LokalniAifo>1</reg:LokalniAifo><reg:GlobalniAifo>GGGGGGGGGGGGGGGGGGGGGGG=</reg:GlobalniAifo>`
	lacking = `<reg:LokalniAifo prevodAifoStatus="AifoCilNeexistuje">1</reg:LokalniAifo>`
	invalid = `<reg:LokalniAifo prevodAifoStatus="AifoZdrojNeplatne">1</reg:LokalniAifo>`
	photo   = `<s:Fotky><s:Fotka>QUJD</s:Fotka><s:DatumVydani>2016-05-30</s:DatumVydani></s:Fotky>`
	sign    = `<s:Podpisy><s:Podpis>QUJD</s:Podpis><s:DatumVydani>2016-05-30</s:DatumVydani></s:Podpisy>`
	aifo1   = `<s:Aifo>1</s:Aifo>`
)

func appStatus(kod, detail string) string {
	return `<s:AisAplikacniStatus><s:VysledekAisKod>` + kod + `</s:VysledekAisKod>` + detail +
		`</s:AisAplikacniStatus>`
}

// eop is EOP's answer: system status, entry of the map, content of the block.
func eop(kod, entry, block string) string {
	m := ""
	if entry != "" {
		m = mapa("", entry)
	}
	return `<AisEopMediaSyncCtiPodleUdajuResponse xmlns="` + egon.NSEop + `"` + regNS +
		` xmlns:s="` + egon.NSEvidence + `">` +
		info("", kod) + m + `<EopOdpoved><EopOdpovedV1>` + block +
		`</EopOdpovedV1></EopOdpoved></AisEopMediaSyncCtiPodleUdajuResponse>`
}

// withoutBlock takes the evidence's own part out of its answer, which the
// contract lets be missing.
func withoutBlock(answer string) string {
	return strings.Replace(answer, "<EopOdpoved><EopOdpovedV1></EopOdpovedV1></EopOdpoved>", "", 1)
}

func org(op, kod, entry, status string) string {
	return `<o:` + op + `Response xmlns:o="` + egon.NSOrg + `"` + regNS + ` xmlns:ot="` +
		egon.NSOrgTypes + `">` +
		info("o:", kod) + mapa("o:", entry) + status + `</o:` + op + `Response>`
}

func orgStatus(code string) string {
	return `<o:OrgStatus><ot:OrgAifoStatus><ot:LokalniAifo>1</ot:LokalniAifo><ot:VstupniAifo>true</ot:VstupniAifo><ot:OrgAifoStatusDetail>` +
		code + `</ot:OrgAifoStatusDetail></ot:OrgAifoStatus></o:OrgStatus>`
}

func rob(kod, data, status, persons string) string {
	return `<r:RobSyncDotazResponse xmlns:r="` + egon.NSRobEnvelope + `"` + regNS + ` xmlns:rod="` +
		egon.NSRobData + `" xmlns:rob="` + egon.NSRobTypes + `">` +
		info("r:", kod) + `<r:Odpoved><rod:` + data + `Response><rod:RobAplikacniStatus>` + status +
		`</rod:RobAplikacniStatus>` +
		persons + `</rod:` + data + `Response></r:Odpoved></r:RobSyncDotazResponse>`
}

// withMapa is an answer of ROB with an entry of its map.
func withMapa(answer, entry string) string {
	return strings.Replace(answer, "<r:Odpoved>", mapa("r:", entry)+"<r:Odpoved>", 1)
}

// another is an answer to another question.
func another(answer string) string {
	return strings.Replace(answer, "a75167b3", "a75167b4", 1)
}

// warned is an answer whose system warns.
func warned(answer string) string {
	return strings.Replace(answer, "<reg:VysledekKod>OK<", "<reg:VysledekKod>VAROVANI<", 1)
}

func robStatus(kod, sub string) string {
	s := `<rob:VysledekRobKodType>` + kod + `</rob:VysledekRobKodType>`
	if sub != "" {
		s += `<rob:VysledekDetail><rob:VysledekSubKod>` + sub +
			`</rob:VysledekSubKod></rob:VysledekDetail>`
	}
	return s
}

func over(status, lists string) string {
	return rob("OK", "RobOverHromadneAifoData", status,
		`<rod:Osoba><rod:Aifo>1</rod:Aifo>`+lists+`</rod:Osoba>`)
}

func cti(items string) string {
	return rob("OK", "RobCtiHromadneAifoData", robStatus("OK", ""),
		`<rod:Osoba>`+items+`<rod:Aifo>1</rod:Aifo></rod:Osoba>`)
}

func ruian(places string) string {
	return `<c:CtiProRobResponse xmlns:c="` + egon.NSRuian + `"` + regNS + `>` + info("c:", "OK") +
		`<c:Odpoved><c:SeznamAdres/><c:SeznamIdAdres>` + places +
		`</c:SeznamIdAdres><c:SeznamLokalit/></c:Odpoved></c:CtiProRobResponse>`
}

// allWell has every answer that a call may need.
func allWell() answers {
	return answers{
		"X21":        eop("OK", known, appStatus("OK", "")+aifo1+photo),
		"G27 ROB":    org("OrgCtiAifo", "OK", known, ""),
		"G27 caller": org("OrgCtiAifo", "OK", known, ""),
		"O25": over(robStatus("OK", ""),
			`<rod:OvereneUdaje>Aifo Jmeno Prijmeni DatumNarozeni</rod:OvereneUdaje>`),
		"O08": cti(`<rod:AdresaPobytu>14492253</rod:AdresaPobytu>`),
		"A28": ruian(`<reg:AdresniMisto stavOvereniPrvku="existuje">14492253</reg:AdresniMisto>`),
	}
}

// with replaces some answers.
func (w answers) with(pairs ...string) answers {
	for i := 0; i < len(pairs); i += 2 {
		w[pairs[i]] = pairs[i+1]
	}
	return w
}

// without removes the answers of services that must not be called.
func (w answers) without(services ...string) answers {
	for _, s := range services {
		delete(w, s)
	}
	return w
}
