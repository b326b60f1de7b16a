package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/egon"
)

// An inward is an internal message, as the bus sends it for a caller.
type inward struct {
	code string         // X11
	ids  egon.Quadruple // the original caller; an empty Ais is left out
	list string         // the publisher's own items; "-": no AutorizaceInfo
	aifo string         // of the one person in MapaAifo; empty: nobody
}

// kody are the values of KodSluzby in ROB's one request element.
var kody = map[string]string{
	"O03": "RobCtiAifo",
	"O05": "RobCtiPodleUdaju",
	"O07": "RobCtiZmeny",
	"O08": "RobCtiHromadneAifo",
	"O25": "RobOverHromadneAifo",
}

func (m inward) message() []byte {
	s := egon.ServiceByCode(m.code)
	var b strings.Builder
	fmt.Fprintf(&b, `<s:Envelope xmlns:s="%s"><s:Body><e:%s xmlns:e="%s" xmlns:reg="%s">`,
		egon.NSEnvelope, s.Request, s.Namespace, egon.NSReg)
	if kod := kody[m.code]; kod != "" {
		fmt.Fprintf(&b, "<e:KodSluzby>%s</e:KodSluzby>", kod)
	}
	fmt.Fprintf(&b, "<e:ZadostInfo><reg:CasZadosti>%s</reg:CasZadosti><reg:Agenda>%s</reg:Agenda>"+
		"<reg:AgendovaRole>%s</reg:AgendovaRole><reg:Ovm>%s</reg:Ovm>",
		time.Now().Format(time.RFC3339), m.ids.Agenda, m.ids.Role, m.ids.Ovm)
	if m.ids.Ais != "" {
		fmt.Fprintf(&b, "<reg:Ais>%s</reg:Ais>", m.ids.Ais)
	}
	fmt.Fprintf(&b, "<reg:Subjekt>Městský úřad</reg:Subjekt><reg:Uzivatel>u</reg:Uzivatel>"+
		"<reg:DuvodUcel>d</reg:DuvodUcel><reg:AgendaZadostId>%s</reg:AgendaZadostId>"+
		"<reg:IszrZadostId>%s</reg:IszrZadostId></e:ZadostInfo>", uuid.NewString(), uuid.NewString())
	if m.list != "-" && s.Publisher != "org" && s.Publisher != "ruian" && m.code != "X10" {
		fmt.Fprintf(&b, "<e:AutorizaceInfo><reg:SeznamUdaju>%s</reg:SeznamUdaju></e:AutorizaceInfo>",
			ownList(s, m.list))
	}
	if m.aifo != "" {
		own := registries.DefaultSystems().AISEO
		fmt.Fprintf(&b, `<e:MapaAifo lokalniAifoOd="2"><reg:PrevodAifo agenda="%s" ais="%d">`+
			`<reg:LokalniAifo>1</reg:LokalniAifo><reg:GlobalniAifo>%s</reg:GlobalniAifo>`+
			`</reg:PrevodAifo></e:MapaAifo>`, own.Agenda, own.AIS, m.aifo)
	}
	fmt.Fprintf(&b, "</e:%s></s:Body></s:Envelope>", s.Request)
	return []byte(b.String())
}

// ownList is the list of a publisher's own items in SeznamUdaju.
func ownList(s *egon.Service, words string) string {
	name, space := "AisSeznamUdaju", egon.NSReg
	switch s.Publisher {
	case "rob":
		name = "RobSeznamUdaju"
	case "eop", "ecd":
		name, space = "AisEopSeznamUdaju", egon.NSEvidence2
		if s.Publisher == "ecd" {
			name = "AisEcdSeznamUdaju"
		}
		if strings.Contains(s.Request, "Media") {
			space = egon.NSEvidence
		}
	}
	return fmt.Sprintf(`<l:%s xmlns:l="%s">%s</l:%[1]s>`, name, space, words)
}

// publishers answer each internal message with OK, in its own response type.
type publishers struct {
	url  string
	mu   sync.Mutex
	got  []string      // path, SOAPAction and body of each message
	hold chan struct{} // what has come waits for it; nil: nothing waits
}

func startPublishers(t *testing.T) *publishers {
	t.Helper()
	p := &publishers{}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *publishers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // the gateway has proven it
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	p.mu.Lock()
	p.got = append(p.got, r.URL.Path+" "+action+" "+string(body))
	hold := p.hold
	p.mu.Unlock()
	if hold != nil {
		<-hold
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	reply := egon.AppendReply(nil, egon.MessageByAction(r.URL.Path[1:], action), true,
		&egon.OdpovedInfo{CasOdpovedi: time.Now(), Status: egon.Status{Kod: egon.OK}})
	_, _ = w.Write(reply)
}

// passed returns the messages since the last time, and holds the next ones until hold.
func (p *publishers) passed(hold chan struct{}) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got, p.hold = nil, hold
	return got
}

// beforePublishers has a gateway stand before publishers at a URL, each below its name.
func beforePublishers(url string) func(*config.Config) {
	return func(c *config.Config) {
		c.Place = config.Publisher
		c.Routes = config.Routes{}
		for _, m := range egon.Messages() {
			c.Upstreams[m.Publisher] = config.Upstream{URL: url + "/" + m.Publisher}
			c.Routes[m.Code] = config.Route{To: "relay " + m.Publisher}
		}
	}
}

// ownWords are an item that the callers of the test may have, and one that they may not,
// in the words of a publisher.
var ownWords = map[string][2]string{
	"aiseo": {"StavOsoby", "RodneCislo"},
	"eop":   {"Foto", "Podpis"},
	"ecd":   {"Foto", "Podpis"},
	"rob":   {"Jmeno", "Prijmeni"},
}

// formOf is the grant of the caller of one message: for the first service that the bus
// composes with it, as the form of access has it, with two calls an hour and one at once.
func formOf(m *egon.Service) string {
	return fmt.Sprintf(`
  - {agenda: X999, role: R%s, ovm: "12345678", ais: 999001, environment: test,
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [%s],
     items: [StavOsoby, EopFoto, EcdFoto],
     limits: {working_hours: 2/h, off_hours: 2/h, concurrent: 1}}`, m.Code, m.Serves[0])
}

// Each internal message is a call: granted by the service that it serves, relayed as it is
// to the URL of its publisher, counted for the caller in its header, and refused in its own
// response type.
func TestEachInternalMessage(t *testing.T) {
	dir := t.TempDir()
	grants, matrix := "grants:", "agenda,role,ovm,kod_iszr,kod_rpp\n"
	for _, m := range egon.Messages() {
		grants += formOf(m)
		matrix += "X999,R" + m.Code + ",12345678,Jmeno,101-1-2\n"
	}
	write(t, filepath.Join(dir, "grants.yaml"), grants+"\n")
	write(t, filepath.Join(dir, "matrix.csv"), matrix)
	stub, refusals := startPublishers(t), &replyArchive{}
	w := startWorldWith(t, devCmd{Policy: dir}, beforePublishers(stub.url))
	for _, m := range egon.Messages() {
		t.Run(m.Code, func(t *testing.T) {
			own := ownWords[m.Publisher]
			c := messageCase{T: t, world: w, stub: stub, refusals: refusals, service: m, good: inward{
				code: m.Code,
				ids:  egon.Quadruple{Agenda: "X999", Role: "R" + m.Code, Ovm: "12345678", Ais: "999001"},
				list: own[0],
			}}
			c.oneAtOnce()
			c.relayed()
			c.refused("beyond the hour", "BR_201: Hodinový limit 2 volání je vyčerpán", func(*inward) {})
			c.refused("by another AIS", "BR_101: Ais 999002 nemá pro", func(i *inward) { i.ids.Ais = "999002" })
			c.refused("by nobody", "BR_101: V ZadostInfo chybí Ais", func(i *inward) { i.ids.Ais = "" })
			if m.Reads != 0 {
				c.refused("with more", "BR_111: Nepovolené položky v SeznamUdaju: ",
					func(i *inward) { i.list += " " + own[1] })
			}
			if got := stub.passed(nil); got != nil {
				t.Errorf("refused calls went on: %q", got)
			}
		})
	}
	refusals.validate(t)
}

// A messageCase are calls by one internal message, whose caller has a grant of its own.
type messageCase struct {
	*testing.T
	world    *world
	stub     *publishers
	refusals *replyArchive
	service  *egon.Service
	good     inward
}

// refused makes a call that differs from the good one, and keeps its refusal.
func (c *messageCase) refused(what, want string, change func(*inward)) {
	c.Helper()
	i := c.good
	change(&i)
	r := c.world.post(c.service.Code, i.message())
	if said := text(r.root, "VysledekPopis"); !strings.HasPrefix(said, want) {
		c.Errorf("%s: said %q, want %s", what, said, want)
	}
	if find(r.root, c.service.Response) == nil {
		c.Errorf("%s: answered by %s", what, r.body)
	}
	c.refusals.keep(what, c.service.Code, r.payload())
}

// oneAtOnce makes a first call, which the publisher holds, and a second one beside it.
func (c *messageCase) oneAtOnce() {
	c.Helper()
	hold := make(chan struct{})
	c.stub.passed(hold)
	first := make(chan string, 1)
	go func() { first <- c.world.post(c.service.Code, c.good.message()).statusLine() }()
	eventually(c, "the publisher has the first call", func() bool {
		c.stub.mu.Lock()
		defer c.stub.mu.Unlock()
		return len(c.stub.got) == 1
	})
	c.refused("a second at once", "BR_202: ", func(*inward) {})
	close(hold)
	if got := <-first; got != egon.OK {
		c.Error("the first call:", got)
	}
	c.stub.passed(nil)
}

// relayed makes a call and compares what the publisher got.
func (c *messageCase) relayed() {
	c.Helper()
	sent := c.good.message()
	if got := c.world.post(c.service.Code, sent).statusLine(); got != egon.OK {
		c.Error("a call:", got)
	}
	want := []string{"/" + c.service.Publisher + " " + c.service.Action + " " + string(sent)}
	if got := c.stub.passed(nil); !slices.Equal(got, want) {
		c.Errorf("the publisher got %q, want %q", got, want)
	}
}

// The messages of E198 go through a gateway before the registries: for the caller of E198,
// by the grant of E198, each to its own registry. So the answer is the one without it.
func TestE198ThroughPublishers(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "grants.yaml"), `grants:
  - {agenda: X999, role: XR1, ovm: "12345678", ais: 999001, environment: test,
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [E198], items: [EopFoto],
     limits: {working_hours: 100/h, off_hours: 100/h, concurrent: 20}}
`)
	write(t, filepath.Join(dir, "matrix.csv"), `agenda,role,ovm,kod_iszr,kod_rpp
X999,XR1,12345678,Jmeno,
X999,XR1,12345678,Prijmeni,
X999,XR1,12345678,DatumNarozeni,
X999,XR1,12345678,AdresaPobytu,
`)
	registries, sim := startRegistries(t)
	publishers := startWorldWith(t, devCmd{Policy: dir}, beforePublishers("http://"+sim))
	hub := startWorld(t, func(c *config.Config) {
		for _, name := range []string{"rob", "org", "ruian", "eop", "ecd"} {
			u := c.Upstreams[name]
			u.URL = publishers.gateway + "/" + name
			c.Upstreams[name] = u
		}
	})
	ask := func(items string) *reply {
		return hub.call("E198", byBirth(special(t, "official test person"),
			"--source", "Eop", "--items", items)...)
	}
	registries.ClearLog()
	got := ask("EopFoto Jmeno Prijmeni AdresaPobytu ROBCti RUIANCti")
	if got.statusLine() != egon.OK || text(got.root, "Fotka") == "" {
		t.Errorf("answered with %s", got.outline())
	}
	publishers.registries = registries
	if steps := publishers.steps(); steps != "A28 G02 G27 G27 O08 O25 X21" {
		t.Errorf("the registries got %s", steps)
	}
	codes := map[any]int{}
	for _, line := range publishers.journal.exchanges() {
		codes[line["service"]]++
		caller := line["caller"].(map[string]any)
		if caller["ais"] != "999001" || line["outcome"] != "ok" && line["service"] != "G27" {
			t.Errorf("logged as %v", line) // a person may have no AIFO in the caller's agenda yet
		}
	}
	if want := map[any]int{"A28": 1, "G02": 1, "G27": 2, "O08": 1, "O25": 1, "X21": 1}; !maps.Equal(codes, want) {
		t.Errorf("logged %v, want %v", codes, want)
	}

	registries.ClearLog()
	got = ask("EopPodpis")
	if got.statusLine() == egon.OK || publishers.steps() != "" {
		t.Errorf("an item that EOP has not granted: %s, and %s", got.outline(), publishers.steps())
	}
}

// A gateway before ROB may fetch the rows of its matrix by E227, and answer it, as one
// elsewhere.
func TestRowsBeforeROB(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "grants.yaml"), `grants:
  - {agenda: X999, role: XR1, ovm: "12345678", ais: 999001, environment: test,
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [E08, E227],
     limits: {working_hours: 100/h, off_hours: 100/h, concurrent: 20}}
`)
	sims, sim := startRegistries(t)
	if err := sims.SetRights(map[string][]registries.Right{"X999/XR1/12345678": {
		{KodIszr: "Jmeno", KodRpp: "101-1-2"},
	}}); err != nil {
		t.Fatal(err)
	}
	stub := startPublishers(t)
	w := startWorldWith(t, devCmd{Policy: dir}, beforePublishers(stub.url), func(c *config.Config) {
		c.Policy.Matrix.File, c.Policy.Matrix.E227 = "", "matrix"
		c.Policy.Matrix.Caller = config.Caller{Agenda: "X999", Role: "XR1", Ovm: "12345678", Ais: 999001}
		c.Upstreams["matrix"] = config.Upstream{URL: "http://" + sim + "/publikace"}
		c.Routes["E227"] = config.Route{To: config.Local}
	})
	ask := func(list string) string {
		ids := egon.Quadruple{Agenda: "X999", Role: "XR1", Ovm: "12345678", Ais: "999001"}
		return w.post("O08", inward{code: "O08", ids: ids, list: list}.message()).sentences()
	}
	if said := ask("Jmeno"); said != "" {
		t.Errorf("an item of the row: %s", said)
	}
	if said := ask("Jmeno Prijmeni"); !strings.HasPrefix(said, "BR_111: Nepovolené položky v SeznamUdaju: Prijmeni. "+
		"Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227.") {
		t.Errorf("an item beyond the row: %s", said)
	}
	if r := w.call("E227", "--triple", "X999/XR1/12345678"); text(r.root, "KodIszr") != "Jmeno" {
		t.Errorf("E227 from the rows: %s", r.body)
	}
}

// The page about publishers has each message, its publisher and what covers it.
func TestPageOfPublishers(t *testing.T) {
	page := string(read(t, filepath.Join(root, "docs/publisher.md")))
	long := map[string]bool{"rob": true, "org": true, "ruian": true} // they serve dozens
	for _, m := range egon.Messages() {
		row := fmt.Sprintf("| %s | `%s` | %s |\n", m.Code, m.Publisher, strings.Join(m.Serves, ", "))
		if !long[m.Publisher] && !strings.Contains(page, row) {
			t.Errorf("docs/publisher.md lacks %s", row)
		}
		if !regexp.MustCompile(`(?m)^\| ([^|]*, )?` + m.Code + `[ ,][^\n]*` + "`" + m.Publisher + "`").MatchString(page) {
			t.Errorf("docs/publisher.md has no row of %s", m.Code)
		}
	}
	_, block, _ := strings.Cut(page, "```xml\n")
	message, _, _ := strings.Cut(block, "```")
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(egon.ServiceByCode("X11"))
	if err := reader.Feed([]byte(message), true); err != nil {
		t.Fatalf("the message of docs/publisher.md: %v", err)
	}
	if offence := reader.Head().Check(); offence != nil {
		t.Error(offence)
	}
	own := registries.DefaultSystems().AISEO
	if aifo := registries.AIFO(own.Agenda, special(t, "official test person").ID); !strings.Contains(message, aifo) {
		t.Errorf("the message names nobody of the simulated AISEO, as %s", aifo)
	}
}
