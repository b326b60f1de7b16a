package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"brana/egon"
	"brana/egon/testdata/requests"
	"brana/gateway/queue"
	"brana/policy"
)

// An inward is an internal message, as the bus sends it for a caller.
type inward struct {
	code   string // X11
	kod    string // KodSluzby; empty: it has none
	lists  string // the content of SeznamUdaju
	ais    string // default 999001; "-": none
	number string // IszrZadostId; default innerID
}

// innerID is the number that the bus gave a message.
const innerID = "22222222-3333-4444-8555-666666666666"

func (m inward) message() []byte {
	s := egon.ServiceByCode(m.code)
	or := func(value, other string) string {
		if value == "" {
			return other
		}
		return value
	}
	optional := func(name, value string) string {
		if value == "" || value == "-" {
			return ""
		}
		return "<" + name + ">" + value + "</" + strings.Fields(name)[0] + ">"
	}
	return fmt.Appendf(nil, `<s:Envelope xmlns:s="%s"><s:Body><e:%s xmlns:e="%s" xmlns:reg="%s">`+
		`%s<e:ZadostInfo><reg:CasZadosti>2026-03-04T12:00:00Z</reg:CasZadosti>`+
		`<reg:Agenda>X999</reg:Agenda><reg:AgendovaRole>XR1</reg:AgendovaRole>`+
		`<reg:Ovm>12345678</reg:Ovm>%s<reg:Subjekt>Kanarek</reg:Subjekt>`+
		`<reg:Uzivatel>u</reg:Uzivatel><reg:DuvodUcel>d</reg:DuvodUcel>`+
		`<reg:AgendaZadostId>%s</reg:AgendaZadostId>`+
		`<reg:IszrZadostId>%s</reg:IszrZadostId></e:ZadostInfo>`+
		`<e:AutorizaceInfo><reg:SeznamUdaju>%s</reg:SeznamUdaju></e:AutorizaceInfo>`+
		`<e:MapaAifo lokalniAifoOd="1"/></e:%[2]s></s:Body></s:Envelope>`,
		egon.NSEnvelope, s.Request, s.Namespace, egon.NSReg,
		optional("e:KodSluzby", m.kod), optional("reg:Ais", or(m.ais, "999001")),
		requestID, or(m.number, innerID), m.lists)
}

// jmeno is the list of a message to AISEO that asks for the first name.
const jmeno = "<reg:AisSeznamUdaju>Jmeno</reg:AisSeznamUdaju>"

// A publisherGateway is a gateway before publishers that answer OK.
type publisherGateway struct {
	*testGateway
	mu   sync.Mutex
	sent []string // what went on: code, SOAPAction and length of each message
}

// publisherGrants are decisions about one caller, as they are written on either side.
const publisherGrants = `grants:
  - {agenda: X999, role: XR1, ovm: "12345678", ais: 999001, environment: test,
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [E159, E08, E198, E227],
     items: {aiseo: [Jmeno], eop: [EopFoto]},
     limits: {working_hours: 1000/h, off_hours: 1000/h, concurrent: 2}}
`

func startPublisher(t *testing.T, change ...func(*settings)) *publisherGateway {
	t.Helper()
	p := &publisherGateway{}
	relay := relayFunc(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		body, err := io.ReadAll(m.Body)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent = append(p.sent, fmt.Sprintf("%s %s %d", m.Service.Code, m.Service.Action, len(body)))
		return answerOf(egon.AppendReply(nil, m.Service, true, &egon.OdpovedInfo{
			CasOdpovedi:    time.Now(),
			Status:         egon.Status{Kod: egon.OK},
			AgendaZadostId: requestID,
			IszrZadostId:   innerID,
		})), nil
	})
	p.testGateway = startGateway(t, append([]func(*settings){atPublisher(t, relay)}, change...)...)
	return p
}

// atPublisher has a gateway stand before a publisher, to which it relays.
func atPublisher(t *testing.T, relay Relay) func(*settings) {
	t.Helper()
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"p/a.yaml": {Data: []byte(publisherGrants)},
			"m.csv":    {Data: []byte(matrix)},
		}, policy.Config{
			Dir:         "p",
			MatrixFile:  "m.csv",
			Environment: policy.Test,
			Publisher:   true,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(s *settings) {
		s.parts.Policy = store
		s.cfg.Routes = Routes{
			Internal: Route{Kind: RelayRoute, Name: "aiseo", Relay: relay},
			Services: map[string]Route{"E227": {Kind: LocalRoute}},
		}
	}
}

// at posts a message to a path, with a SOAPAction unless it is empty.
func (p *publisherGateway) at(t *testing.T, path, action string, message []byte) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+p.addr+path, bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if action != "" {
		r.Header.Set("SOAPAction", action)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// The bus calls a publisher at one address, where SOAPAction names the message. Each
// message has an address of its own too.
func TestAddressesOfInternalMessages(t *testing.T) {
	p := startPublisher(t)
	x11 := inward{code: "X11", lists: jmeno}.message()
	for _, tt := range []struct {
		name, path, action string
		says               string
		kind               *Kind // nil: the call goes on
	}{
		{"by its code", "/publikace/X11", "", "AiseoSyncCtiAifoResponse", nil},
		{"by its code, action in quotes", "/publikace/X11", `"AiseoSyncCtiAifo"`, "OK<", nil},
		{"at the publisher", "/publikace/aiseo", `"AiseoSyncCtiAifo"`, "OK<", nil},
		{"at the publisher, no quotes", "/publikace/aiseo", "AiseoSyncCtiAifo", "OK<", nil},
		{"at the publisher, no action", "/publikace/aiseo", "",
			"Na adrese /aiseo určuje zprávu hlavička SOAPAction; v požadavku chybí.", UnknownService},
		{"at the publisher, no such action", "/publikace/aiseo", "AiseoSyncCtiOsobu",
			"SOAPAction není žádná ze zpráv, které přijímá adresa /aiseo.", UnknownService},
		{"at another publisher", "/publikace/rob", "AiseoSyncCtiAifo",
			"SOAPAction není žádná ze zpráv, které přijímá adresa /rob.", UnknownService},
		{"at nobody", "/publikace/mv", "AiseoSyncCtiAifo",
			"Služba s tímto kódem v katalogu není.", UnknownService},
		{"in capitals", "/publikace/AISEO", "AiseoSyncCtiAifo",
			"Služba s tímto kódem v katalogu není.", UnknownService},
		{"in small letters", "/publikace/x11", "", "Kód služby se píše X11.", UnknownService},
		{"by the code of another", "/publikace/X15", "", "AiseoSyncCtiAifo2Response", ServiceMismatch},
		{"with the action of another", "/publikace/X11", "AiseoSyncCtiAifo2",
			"SOAPAction neodpovídá službě X11; očekává se AiseoSyncCtiAifo.", ServiceMismatch},
		{"asynchronous", "/publikace/X11?async", "", "AiseoSyncCtiAifoResponse", SyncOnlyKind},
		{"a service of the other side", "/publikace/E159", "",
			"Služba E159 není touto bránou poskytována.", UnknownService},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.sent = nil
			answer := p.at(t, tt.path, tt.action, x11)
			if tt.kind != nil {
				checkRefusal(t, answer, tt.kind, EgonMode, []string{tt.says})
			} else {
				wantIn(t, read(t, answer), tt.says, "VysledekKod>OK<")
			}
			want := ""
			if tt.kind == nil {
				want = fmt.Sprintf("X11 AiseoSyncCtiAifo %d", len(x11))
			}
			if got := strings.Join(p.sent, ", "); got != want {
				t.Errorf("went on: %q, want %q", got, want)
			}
		})
	}
}

// Where several messages have one SOAPAction, each is the one that KodSluzby names: its
// route and its grant hold.
func TestMessagesThatShareAnAddress(t *testing.T) {
	p := startPublisher(t, func(s *settings) { s.cfg.Routes.Services["O05"] = Route{} })
	const list = "<reg:RobSeznamUdaju>Jmeno</reg:RobSeznamUdaju>"
	for _, tt := range []struct {
		kod, service, says string
		kind               *Kind
	}{
		{"RobCtiHromadneAifo", "O08", "", nil}, // of E08
		{"RobOverHromadneAifo", "O25", "", nil},
		{"RobCtiAifo", "O03", "Služba O03 není pro X999/XR1/12345678/999001 povolena.", NotGranted},
		{"RobCtiPodleUdaju", "O05", "Služba O05 není touto bránou poskytována.", UnknownService},
		{"RobJina", "unknown", "", ServiceMismatch},
	} {
		t.Run(tt.kod, func(t *testing.T) {
			before := len(p.logs.all("exchange"))
			answer := p.at(t, "/publikace/rob", "RobSyncDotaz",
				inward{code: "O08", kod: tt.kod, lists: list}.message())
			if tt.kind != nil {
				checkRefusal(t, answer, tt.kind, EgonMode, []string{tt.says})
			} else {
				wantIn(t, read(t, answer), "RobSyncDotazResponse", "VysledekKod>OK<")
			}
			if line := p.lines(t, before+1)[before]; line["service"] != tt.service {
				t.Errorf("logged as %v", line)
			}
		})
	}
}

// A refusal answers the message of the bus: in its own response type, with its numbers.
func TestRefusalOfAnInternalMessage(t *testing.T) {
	p := startPublisher(t)
	answer := p.at(t, "/publikace/X11", "", inward{code: "X11", lists: jmeno, ais: "999009"}.message())
	checkRefusal(t, answer, NotGranted, EgonMode, []string{
		"Ais 999009 nemá pro X999/XR1/12345678 oprávnění.",
		":AiseoSyncCtiAifoResponse ",
		"AgendaZadostId>" + requestID + "<",
		"IszrZadostId>" + innerID + "<",
	})
	line := p.lines(t, 1)[0]
	if line["outcome"] != "not-granted" || line["service"] != "X11" ||
		strings.Contains(fmt.Sprint(line), "Kanarek") {
		t.Errorf("logged as %v", line)
	}
}

// An offence before the end of the head is answered as the message that came, of those that
// share an address.
func TestEarlyRefusalOfAnInternalMessage(t *testing.T) {
	const eop = "urn:cz:isvs:aiseop:schemas:AisEopMediaCtiPodleUdaju:v"
	for _, tt := range []struct {
		name, path, action, code, kod, version, service, says string
	}{
		{"the first version", "X21", "", "X21", "", "1", "X21", `xmlns:e="` + eop + `1"`},
		{"another version", "X21", "", "X21", "", "2", "X21", `xmlns:e="` + eop + `2"`},
		{"a member of a family", "rob", "RobSyncDotaz", "O08", "RobCtiHromadneAifo", "1", "O08",
			"RobSyncDotazResponse"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := startPublisher(t)
			m := string(inward{code: tt.code, kod: tt.kod}.message())
			m = strings.ReplaceAll(m, eop+"1", eop+tt.version)
			m = strings.Replace(m, "<reg:Uzivatel>", "<reg:Jmeno/><reg:Uzivatel>", 1)
			answer := p.at(t, "/publikace/"+tt.path, tt.action, []byte(m))
			checkRefusal(t, answer, InvalidData, EgonMode, []string{tt.says,
				"AgendaZadostId>" + requestID + "<", "IszrZadostId>" + innerID + "<"})
			if line := p.lines(t, 1)[0]; line["service"] != tt.service {
				t.Errorf("logged as %v", line["service"])
			}
		})
	}
}

// Each case of the corpus of internal messages has its verdict here, too. A message
// that is refused for rights was read.
func TestPublisherJudgesTheCorpus(t *testing.T) {
	cases, err := requests.Messages()
	if err != nil || len(cases) < 60 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	says := map[string][]string{
		"accept": {"VysledekKod>OK<", "BR_101: ", "BR_111: ",
			"BR_301: V SeznamUdaju jsou slova, která nejsou známé položky: "},
		"malformed": {"BR_501: "},
		"mismatch":  {"BR_302: "},
		"invalid":   {"BR_301: "},
		"too":       {"BR_504: "},
	}
	p := startPublisher(t)
	for _, c := range cases {
		if !egon.ServiceByCode(c.Service).Internal() {
			continue // no service of the external interface has a route here
		}
		text := read(t, p.at(t, "/publikace/"+c.Service, "", c.Doc))
		verdict, _, _ := strings.Cut(c.Want, " ")
		if !slices.ContainsFunc(says[verdict], func(part string) bool {
			return strings.Contains(text, part)
		}) {
			t.Errorf("%s: want %s, got\n%s", c.Name, c.Want, text)
		}
	}
}

// The bus composes one call of several messages with the caller's AgendaZadostId. Each has
// its own number, so none of them is a duplicate of another.
func TestDuplicatesOfInternalMessages(t *testing.T) {
	ids, err := queue.NewRecentMemory(queue.RecentConfig{Window: time.Hour, Most: 100}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := startPublisher(t, func(s *settings) { s.parts.IDs = ids })
	ask := func(number string) string {
		m := inward{code: "X11", lists: jmeno, number: number}
		return read(t, p.at(t, "/publikace/X11", "", m.message()))
	}
	wantIn(t, ask(innerID), "VysledekKod>OK<")
	wantIn(t, ask(otherID), "VysledekKod>OK<")
	wantIn(t, ask(strings.ToUpper(innerID)), "DUPLICITNI ZADOST")
}

// A publisher that fails is named: a base registry by itself, an information system by the
// number that the configuration has.
func TestAPublisherThatFails(t *testing.T) {
	down := relayFunc(func(context.Context, *egon.Message) (*egon.Answer, error) {
		return nil, &egon.CallError{Name: "aiseo", Err: io.ErrUnexpectedEOF}
	})
	for _, tt := range []struct {
		name  string
		code  string
		party egon.Party
		kind  *Kind
		says  string
	}{
		{"AISEO", "X11", egon.Party{Kind: egon.Ais, Code: "4"}, AisFailed,
			"<reg:Puvodce><reg:Ais>4</reg:Ais></reg:Puvodce>"},
		{"AISEO without a number", "X11", egon.Party{}, RegistryFailed,
			"</reg:VysledekPopis></reg:VysledekDetail>"},
		{"ROB", "O08", egon.Party{Kind: egon.Ais, Code: "1"}, RegistryFailed,
			"<reg:Puvodce><reg:Registr>ROB</reg:Registr></reg:Puvodce>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := startPublisher(t, func(s *settings) {
				s.cfg.Routes.Internal.Relay, s.cfg.Routes.Internal.Party = down, tt.party
			})
			m := inward{code: tt.code, lists: jmeno}
			if tt.code == "O08" {
				m.kod, m.lists = "RobCtiHromadneAifo", "<reg:RobSeznamUdaju>Jmeno</reg:RobSeznamUdaju>"
			}
			checkRefusal(t, p.at(t, "/publikace/"+tt.code, "", m.message()), tt.kind, EgonMode,
				[]string{tt.says})
		})
	}
}

// A service that is answered here has its route before a publisher too.
func TestServicesBeforeAPublisher(t *testing.T) {
	p := startPublisher(t, described)
	wantIn(t, read(t, p.post(t, "/publikace/E227", call{code: "E227"}.message())), "KodIszr>Jmeno<")
	for path, status := range map[string]int{
		"/publikace/E227?wsdl":  200,
		"/publikace/E05?wsdl":   405, // it has no route
		"/publikace/X11?wsdl":   405, // no WSDL describes a message
		"/publikace/aiseo?wsdl": 405,
	} {
		w := p.dial(t)
		w.write(get(path, "Host: brana.test"))
		if a, _ := w.answer(); a.StatusCode != status {
			t.Errorf("GET %s: %d, want %d", path, a.StatusCode, status)
		}
	}
}

// A refusal has the number that the bus gave the message, as far as that was read and is one.
func TestNumberOfARefusedMessage(t *testing.T) {
	for _, tt := range []struct{ name, path, old, text, number string }{
		{"an element out of its place", "X11", "<reg:Uzivatel>", "<reg:Jmeno/><reg:Uzivatel>", innerID},
		{"a value that is none", "X11", "2026-03-04T12:00:00Z", "now", innerID},
		{"another message", "X15", "", "", innerID},
		{"no number", "X11", innerID, "", iszrID},
		{"a number that is none", "X11", innerID, "1", iszrID},
		{"no message", "X11", "<e:ZadostInfo>", "<", iszrID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := startPublisher(t)
			m := strings.Replace(string(inward{code: "X11", lists: jmeno}.message()), tt.old, tt.text, 1)
			answer := read(t, p.at(t, "/publikace/"+tt.path, "", []byte(m)))
			want := "IszrZadostId>" + tt.number + "<"
			if tt.name == "no message" { // a Fault has no header
				want = "Fault>"
			}
			wantIn(t, answer, want)
			if got := p.lines(t, 1)[0]["iszr_zadost_id"]; got != nil && got != tt.number {
				t.Errorf("the log has %v, want %s", got, tt.number)
			}
		})
	}
}
