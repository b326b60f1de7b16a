package registries

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"brana/egon"
	"brana/egon/xmltext"
)

// A publisher stands before AISEO as a program of its own: it keeps the messages that
// come, and hands them to the simulated AISEO.
type publisher struct {
	url    string
	mu     sync.Mutex
	got    []*xmltext.Node     // payloads
	answer http.HandlerFunc    // instead of AISEO; may be nil
	change func([]byte) []byte // of AISEO's answers; may be nil
}

// before starts a publisher before the AISEO of a server and has the front call it.
func before(t *testing.T, s *testServer) *publisher {
	t.Helper()
	p := &publisher{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		m, err := readMessage(body)
		if err != nil {
			t.Errorf("%v in %s", err, body)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.got = append(p.got, m.body)
		if action := r.Header.Get("SOAPAction"); action != `"`+m.body.Local+`"` {
			t.Errorf("SOAPAction %s of %s", action, m.body.Local)
		}
		if p.answer != nil {
			p.answer(w, r)
			return
		}
		a := s.do("POST", "/"+AISEO, m.body.Local, bytes.NewReader(body))
		if p.change != nil {
			a.body = p.change(a.body)
		}
		w.WriteHeader(a.status)
		w.Write(a.body)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	s.set(Front, Settings{AiseoURL: p.url})
	return p
}

// passed returns the messages since the last time.
func (p *publisher) passed() (got []*xmltext.Node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, p.got = p.got, nil
	return got
}

// The front asks AISEO by messages that keep to the schemas and have the header of its
// caller, and its answer over HTTP is the one that it makes in the process.
func TestFrontCallsAiseo(t *testing.T) {
	s := serverWithAIFOs(t)
	check := officialSchemas(t)
	x13 := check.aiseo2("aiseo/xsd/AiseoCtiPodleUdaju2.xsd")
	person := specialPerson(t, s.server.cfg.Population, "two alike: same name and birth date")
	for _, test := range []struct{ code, items, words, asks string }{
		{"E158", "Jmeno", "", "AiseoSyncZtotozneni"},
		{"E159", "RodneCislo StavOsoby", "RodneCislo StavOsoby", "AiseoSyncCtiAifo"},
		{"E159", "", "", "AiseoSyncCtiAifo"},
		{"E160", "RodneCislo", "RodneCislo", "AiseoSyncCtiPodleUdaju"},
		{"E171", "RUIANOver AdresaPobId RUIANCti", "AdresaPobId", "AiseoSyncCtiAifo2"},
		{"E172", "Jmeno Jmeno", "Jmeno Jmeno", "AiseoSyncCtiPodleUdaju2 AiseoSyncCtiAifo2"},
		{"E270", "AdresaTP RUIANCti", "AdresaTP", "AiseoSyncCtiAifo3"},
	} {
		t.Run(test.code+" "+test.items, func(t *testing.T) {
			question := aiseoQuestion(test.code, test.items, person)
			s.set(Front, Settings{})
			inProcess := s.front(test.code, question)
			p := before(t, s)
			s.server.ClearLog()
			answer := s.front(test.code, question)
			if got, want := timeless(answer), timeless(inProcess); got != want {
				t.Errorf("the answer over HTTP is\n%s\nand in the process\n%s", got, want)
			}
			var roots, ids []string
			for _, m := range p.passed() {
				roots = append(roots, m.Local)
				file := "aiseo/xsd/" + strings.TrimPrefix(m.Local, "AiseoSync") + ".xsd"
				file = strings.Replace(file, "xsd/", "xsd/Aiseo", 1)
				if m.Local == "AiseoSyncCtiPodleUdaju2" {
					check.checkFile(x13, m)
				} else {
					check.check(file, m)
				}
				ids = append(ids, headerOf(t, m))
				words := m.Child(m.Space, "AutorizaceInfo").Child(egon.NSReg, "SeznamUdaju").Child(egon.NSReg, "AisSeznamUdaju").Value()
				if words != test.words {
					t.Errorf("%s asks for %q, want %q", m.Local, words, test.words)
				}
				for _, entry := range readMapa(m.Child(m.Space, "MapaAifo")) {
					if own := DefaultSystems().AISEO; entry.system != own || entry.aifo != AIFO(own.Agenda, person.ID) {
						t.Errorf("%s names the person %s of %v", m.Local, entry.aifo, entry.system)
					}
				}
			}
			if got := strings.Join(roots, " "); got != test.asks {
				t.Errorf("the front asks %s, want %s", got, test.asks)
			}
			if slices.Sort(ids); len(slices.Compact(ids)) != len(roots) {
				t.Errorf("messages share an IszrZadostId: %v", ids)
			}
		})
	}
}

// headerOf checks that a message has the header of the front's caller, and returns its
// IszrZadostId.
func headerOf(t *testing.T, m *xmltext.Node) string {
	t.Helper()
	var names []string
	id := ""
	for _, n := range m.Child(m.Space, "ZadostInfo").Children {
		names = append(names, n.Local+"="+n.Value())
		if n.Local == "IszrZadostId" {
			id = n.Value()
			names[len(names)-1] = n.Local
		}
	}
	want := "CasZadosti=2026-01-01T08:00:00+01:00 Agenda=X999 AgendovaRole=XR1 Ovm=12345678 Ais=999001 " +
		"Subjekt=S Uzivatel=U DuvodUcel=D AgendaZadostId=" + testAgendaID + " IszrZadostId"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("ZadostInfo of %s is %s, want %s", m.Local, got, want)
	}
	if !isID(id) || id == testIszrID {
		t.Errorf("IszrZadostId of %s is %q", m.Local, id)
	}
	return id
}

// timeless is an answer without the time when it was made, and without the prefix of
// Envelopes, which what is copied out of one brings along.
func timeless(n *xmltext.Node) string {
	text := strings.ReplaceAll(string(n.Splice(nil)), ` xmlns:soapenv="`+egon.NSEnvelope+`"`, "")
	before, rest, _ := strings.Cut(text, "CasOdpovedi>")
	_, after, _ := strings.Cut(rest, "CasOdpovedi>")
	return before + after
}

// PrioritaAis is for the bus alone, and the sums come behind the id of the message.
func TestFrontHeaderOfMessages(t *testing.T) {
	s := serverWithAIFOs(t)
	check := officialSchemas(t)
	p := before(t, s)
	sum := strings.Repeat("A", 86) + "=="
	question := strings.Replace(aiseoQuestion("E159", "Jmeno", s.server.cfg.Population.All()[0]), "<reg:IszrZadostId>"+testIszrID+
		"</reg:IszrZadostId>", "<reg:AisKontrola>"+sum+"</reg:AisKontrola><abs:PrioritaAis>1</abs:PrioritaAis>", 1)
	s.mustStatus(s.front("E159", question), egon.NSAbstract, egon.OK)
	got := p.passed()
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	check.check("aiseo/xsd/AiseoCtiAifo.xsd", got[0])
	info := string(got[0].Child(nsAiseoRead, "ZadostInfo").Splice(nil))
	if strings.Contains(info, "Priorita") || strings.Contains(info, testIszrID) ||
		!strings.Contains(info, "IszrZadostId><reg:AisKontrola>"+sum) {
		t.Errorf("ZadostInfo = %s", info)
	}
}

// What a publisher refuses or warns of reaches the caller as a status of the bus, which
// names AISEO, and is valid.
func TestFrontPassesOnWhatAiseoSays(t *testing.T) {
	s := serverWithAIFOs(t)
	check := aiseoSchemas(officialSchemas(t))
	p := before(t, s)
	person := specialPerson(t, s.server.cfg.Population, "two alike: same name and birth date")
	status := func(text string) func([]byte) []byte {
		return func(b []byte) []byte {
			return bytes.Replace(b, []byte("<reg:VysledekKod>OK</reg:VysledekKod>"), []byte(text), 1)
		}
	}
	const detail = "<reg:VysledekDetail><reg:VysledekSubKod>NENI OPRAVNENI</reg:VysledekSubKod>" +
		"<reg:VysledekPopis>Jmeno nelze.</reg:VysledekPopis>" +
		"</reg:VysledekDetail>"
	say := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); io.WriteString(w, text) }
	}
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			c.Close()
		}
	}
	answers := map[string][]*xmltext.Node{}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		change func([]byte) []byte
		want   string // kod and the first detail
		data   bool
	}{
		{"warns", nil, status("<reg:VysledekKod>VAROVANI</reg:VysledekKod>" + detail), "VAROVANI NENI OPRAVNENI Jmeno nelze. 4", true},
		{"refuses", nil, status("<reg:VysledekKod>CHYBA</reg:VysledekKod>" + detail), "CHYBA NENI OPRAVNENI Jmeno nelze. 4", false},
		{"refuses without a reason", nil, status("<reg:VysledekKod>CHYBA</reg:VysledekKod>"), "CHYBA APLIKACNI CHYBA  4", false},
		{"no outcome", nil, status(""), "CHYBA CHYBA VOLANI AIS Odpověď AISEO nemá výsledek. 4", false},
		{"Fault", say(500, string(faultText("Server", "x"))), nil, "CHYBA CHYBA VOLANI AIS AISEO neodpovědělo. 4", false},
		{"no SOAP", say(502, "<html><p></html>"), nil, "CHYBA CHYBA VOLANI AIS AISEO neodpovědělo. 4", false},
		{"another message", say(200, enveloped("<a/>")), nil, "CHYBA CHYBA VOLANI AIS AISEO odpovědělo jinou zprávou. 4", false},
		{"hangs up", hangUp, nil, "CHYBA CHYBA VOLANI AIS AISEO neodpovědělo. 4", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.answer, p.change = test.answer, test.change
			for _, code := range aiseoServices {
				n := s.front(code, aiseoQuestion(code, "Jmeno", person))
				answers[code] = append(answers[code], n)
				status := n.Child(egon.NSAbstract, "OdpovedInfo").Child(egon.NSReg, "Status")
				d := status.Child(egon.NSReg, "VysledekDetail")
				got := strings.Join([]string{status.Child(egon.NSReg, "VysledekKod").Value(), d.Child(egon.NSReg, "VysledekSubKod").Value(),
					d.Child(egon.NSReg, "VysledekPopis").Value(), d.Child(egon.NSReg, "Puvodce").Child(egon.NSReg, "Ais").Value()}, " ")
				if got != test.want {
					t.Errorf("%s: status %q, want %q", code, got, test.want)
				}
				if data := n.Child(n.Space, "AiseoOdpoved") != nil; data != test.data {
					t.Errorf("%s: data of AISEO = %v, want %v", code, data, test.data)
				}
			}
		})
	}
	for code, all := range answers {
		check(code, all...)
	}
}

// An address where nobody listens, and one that is none.
func TestFrontWithoutPublisher(t *testing.T) {
	s := serverWithAIFOs(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	s.set(Front, Settings{AiseoURL: "http://" + listener.Addr().String()})
	n := s.front("E159", aiseoQuestion("E159", "", s.server.cfg.Population.All()[0]))
	s.mustStatus(n, egon.NSAbstract, egon.Chyba)
	for _, wrong := range []string{"127.0.0.1:80", "ftp://a/b", "http://", "a b"} {
		if err := s.server.Set(Front, Settings{AiseoURL: wrong}); err == nil {
			t.Errorf("aiseo_url %q is taken", wrong)
		}
	}
}
