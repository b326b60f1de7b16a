package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/egon"
)

// publisherYAML is the configuration of a gateway before AISEO.
const publisherYAML = `environment: test
place: publisher
listen:
  address: 127.0.0.1:0
  tls: {cert: %[1]s/gate.pem, key: %[1]s/gate.key, client_ca: %[1]s/ca.pem}
admin: {address: "127.0.0.1:0"}
upstreams:
  aiseo: {url: "%[2]s", agenda: A104, ais: 4}
routes:
  default: relay aiseo
policy: {dir: policy}
limits:
  calendar: {working: "%[3]s", holidays: none, zone: Europe/Prague}
audit: {dir: audit}
`

// accessForm is a form of access to AISEO as MV has decided it: the quadruple, the items,
// and the expected calls of an hour and at once.
const accessForm = `grants:
  - agenda: X999
    role: XR1
    ovm: "12345678"
    ais: 999001
    environment: test
    reference: "MV-2026/0815"
    valid: {from: 2020-01-01, to: 2099-12-31}
    services: [E159, E270]
    items: {aiseo: [RodneCislo, Jmeno]}
    limits:
      - {for: [E158-E172], name: aiseo, working_hours: 3/h, off_hours: 5/h, concurrent: 1}
      - {for: rest, working_hours: 1/h, off_hours: 1/h, concurrent: 1}
`

const publisherIdentities = `identities:
  - {serial: "100", issuer: "CN=Test CA,C=CZ", bus: true, administrator: "72054506", addresses: [127.0.0.1]}
  - {serial: "101", issuer: "CN=Test CA,C=CZ", ais: 999002, administrator: "12345678", agendas: [X999]}
`

// An aiseoOfMV is the simulated AISEO. It may be held, and counts what it gets.
type aiseoOfMV struct {
	url  string
	got  atomic.Int64
	hold atomic.Pointer[chan struct{}]
}

func startAiseo(t *testing.T) *aiseoOfMV {
	t.Helper()
	_, sim := startRegistries(t)
	a := &aiseoOfMV{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.got.Add(1)
		if hold := a.hold.Load(); hold != nil {
			<-*hold
		}
		forward, _ := http.NewRequest(http.MethodPost, "http://"+sim+"/aiseo", r.Body)
		forward.Header = r.Header.Clone()
		answer, err := http.DefaultTransport.RoundTrip(forward)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	a.url = server.URL
	return a
}

// check counts the identities of the bus before a publisher, and finds them nowhere else.
// explain knows whose certificate a message would come with.
func TestCheckAndExplainBeforeAPublisher(t *testing.T) {
	ca, dir := newAuthority(t, "Test CA"), t.TempDir()
	for name, serial := range map[string]int64{"gate": 2, "bus": 100, "ais": 101} {
		ca.issue(name, serial)
	}
	file, identities := filepath.Join(dir, "brana.yaml"), filepath.Join(dir, "policy", "identities.yaml")
	text := fmt.Sprintf(publisherYAML, ca.dir, "http://127.0.0.1:8090/aiseo", "Mon-Fri 07:00-17:00")
	write(t, filepath.Join(dir, "policy", "grants.yaml"), accessForm)
	message := filepath.Join(dir, "x11.xml")
	write(t, message, string(inward{
		code: "X11",
		ids:  egon.Quadruple{Agenda: "X999", Role: "XR1", Ovm: "12345678", Ais: "999001"},
		list: "RodneCislo Jmeno",
	}.message()))
	explain := func(cert string) []string {
		return []string{"explain", "-c", file, "--cert", ca.file(cert), "--address", "127.0.0.1", message}
	}
	check := []string{"check", "-c", file}
	for _, tt := range []struct {
		name, place, identities string
		args                    []string
		code                    int
		want                    string
	}{
		{"the bus and an AIS", "publisher", publisherIdentities, check, 0, ", 2 identities, 1 of the bus;"},
		{"no bus", "publisher", "identities:\n" + fmt.Sprintf(binding, "101", "Test CA"), check, 0,
			", 1 identities, none of them of the bus;"},
		{"a bus at a hub", "hub", publisherIdentities, check, exitRefused,
			"identities.yaml:2:5: bus: true lets the certificate call in any name"},
		{"a bus at a sidecar", "sidecar", publisherIdentities, check, exitRefused,
			"identities.yaml:2:5: bus: true lets the certificate call in any name"},
		{"explained for the bus", "publisher", publisherIdentities, explain("bus.pem"), 0,
			", bound to the bus at "},
		{"explained for an AIS", "publisher", publisherIdentities, explain("ais.pem"), exitRefused,
			"BR_102: Ais 999001 neodpovídá certifikátu; ten patří Ais 999002."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, file, strings.Replace(text, "publisher", tt.place, 1))
			write(t, identities, tt.identities)
			if said, code := brana(tt.args...); code != tt.code || !strings.Contains(said, tt.want) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, tt.code, tt.want, said)
			}
		})
	}
}

// A mv is MV's gateway as a process, and those who call it.
type mv struct {
	*process
	ca    *authority
	aiseo *aiseoOfMV
	aifo  string // of a person
}

// startMV runs the gateway with working hours that hold now, or do not.
func startMV(t *testing.T, working bool) *mv {
	t.Helper()
	m := &mv{ca: newAuthority(t, "Test CA"), aiseo: startAiseo(t)}
	for name, serial := range map[string]int64{"gate": 2, "bus": 100, "ais": 101, "stranger": 102} {
		m.ca.issue(name, serial)
	}
	own := registries.DefaultSystems().AISEO
	m.aifo = registries.AIFO(own.Agenda, special(t, "official test person").ID)
	dir := t.TempDir()
	hours := "Mon-Sun 00:00-24:00"
	if !working {
		hours = hoursFarFrom(time.Now())
	}
	file := filepath.Join(dir, "brana.yaml")
	write(t, file, fmt.Sprintf(publisherYAML, m.ca.dir, m.aiseo.url, hours))
	write(t, filepath.Join(dir, "policy", "grants.yaml"), accessForm)
	write(t, filepath.Join(dir, "policy", "identities.yaml"), publisherIdentities)
	m.process = runProcess(t, "serve", "-c", file)
	m.dir = dir
	m.gateway = strings.Replace(m.gateway, "http:", "https:", 1)
	return m
}

// hoursFarFrom are working hours that neither hold now nor begin soon.
func hoursFarFrom(now time.Time) string {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err)
	}
	if now.In(prague).Hour() < 12 {
		return "Mon-Sun 18:00-22:00"
	}
	return "Mon-Sun 05:00-09:00"
}

// asks posts a message to AISEO with a certificate, each time on a new connection.
func (m *mv) asks(cert string, i inward) *reply {
	m.t.Helper()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   m.ca.client(cert),
		DisableKeepAlives: true,
	}}
	r, err := http.NewRequest(http.MethodPost, m.gateway+"/aiseo", bytes.NewReader(i.message()))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", egon.ServiceByCode(i.code).Action)
	response, err := client.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	got, err := readReply(response)
	if err != nil {
		m.t.Fatal(err)
	}
	return got
}

// declared is the call of the form: its quadruple asks for its items about one person.
func (m *mv) declared(change ...func(*inward)) inward {
	i := inward{
		code: "X11",
		ids:  egon.Quadruple{Agenda: "X999", Role: "XR1", Ovm: "12345678", Ais: "999001"},
		list: "RodneCislo Jmeno",
		aifo: m.aifo,
	}
	for _, f := range change {
		f(&i)
	}
	return i
}

// MV before AISEO enforces exactly what seed AISEO's form declared: the quadruple, the
// items, the calls of an hour in and out of working hours, and those at once. The bus calls
// for the caller, and nobody else can.
func TestMVBeforeAiseoEnforcesExactlyWhatTheFormDeclared(t *testing.T) {
	t.Parallel() // it waits
	for _, regime := range []struct {
		working bool
		calls   int
	}{{true, 3}, {false, 5}} {
		t.Run(fmt.Sprintf("working hours %t", regime.working), func(t *testing.T) {
			m := startMV(t, regime.working)
			m.refusesWhatWasNotDeclared()
			m.boundsCallsAtOnce()
			for i := range regime.calls - 1 { // one was made above
				if r := m.asks("bus", m.declared()); r.statusLine() != egon.OK ||
					text(r.root, "RodneCislo") == "" || text(r.root, "Jmeno") != "ZORAN" {
					t.Errorf("call %d: %s", i, r.body)
				}
			}
			want := fmt.Sprintf("BR_201: Hodinový limit %d volání skupiny služeb aiseo je vyčerpán", regime.calls)
			if said := m.asks("bus", m.declared()).sentences(); !strings.HasPrefix(said, want) {
				t.Errorf("one more call: %s, want %s", said, want)
			}
			m.countsGroupsApart()
			if got := m.aiseo.got.Load(); got != int64(regime.calls)+1 {
				t.Errorf("AISEO got %d messages, want %d", got, regime.calls+1)
			}
			m.showsWhatIsCounted(regime.calls)
			if code := m.end(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// refusesWhatWasNotDeclared makes calls that differ from the form in one thing each.
func (m *mv) refusesWhatWasNotDeclared() {
	m.t.Helper()
	for _, tt := range []struct {
		name, cert, want string
		change           func(*inward)
	}{
		{"another agenda", "bus", "BR_101: Agenda X998 nemá", func(i *inward) { i.ids.Agenda = "X998" }},
		{"another role", "bus", "BR_101: AgendovaRole XR2 nemá", func(i *inward) { i.ids.Role = "XR2" }},
		{"another OVM", "bus", "BR_101: Ovm 12345679 nemá", func(i *inward) { i.ids.Ovm = "12345679" }},
		{"another AIS", "bus", "BR_101: Ais 999002 nemá", func(i *inward) { i.ids.Ais = "999002" }},
		{"no AIS", "bus", "BR_101: V ZadostInfo chybí Ais", func(i *inward) { i.ids.Ais = "" }},
		{"another service", "bus", "BR_101: Služba X15 není", func(i *inward) { i.code = "X15" }},
		{"an item more", "bus", "BR_111: Nepovolené položky v SeznamUdaju: DatumUmrti.",
			func(i *inward) { i.list = "RodneCislo DatumUmrti" }},
		{"no items", "bus", "BR_111: ", func(i *inward) { i.list = "" }},
		{"a caller's own certificate", "ais", "BR_102: Ais 999001 neodpovídá certifikátu; ten patří Ais 999002.",
			func(*inward) {}},
		{"a certificate that is not bound", "stranger", "BR_102: Certifikát volajícího není registrován.",
			func(*inward) {}},
	} {
		r := m.asks(tt.cert, m.declared(tt.change))
		if !strings.HasPrefix(r.sentences(), tt.want) {
			m.t.Errorf("%s: said %q, want %s", tt.name, r.sentences(), tt.want)
		}
	}
	if got := m.aiseo.got.Load(); got != 0 {
		m.t.Errorf("AISEO got %d messages", got)
	}
}

// boundsCallsAtOnce makes one call that AISEO holds, and a second one beside it.
func (m *mv) boundsCallsAtOnce() {
	m.t.Helper()
	hold := make(chan struct{})
	m.aiseo.hold.Store(&hold)
	first := make(chan *reply, 1)
	go func() { first <- m.asks("bus", m.declared()) }()
	eventually(m.t, "AISEO has the first call", func() bool { return m.aiseo.got.Load() == 1 })
	const want = "BR_202: Souběžně smí běžet nejvýše 1 volání"
	if said := m.asks("bus", m.declared()).sentences(); !strings.HasPrefix(said, want) {
		m.t.Errorf("a second call at once: %s", said)
	}
	m.aiseo.hold.Store(nil)
	close(hold)
	if got := (<-first).statusLine(); got != egon.OK {
		m.t.Errorf("the first call: %s", got)
	}
}

// countsGroupsApart makes calls of a service that the form has other figures for.
func (m *mv) countsGroupsApart() {
	m.t.Helper()
	x31 := m.declared(func(i *inward) { i.code = "X31" })
	if got := m.asks("bus", x31).statusLine(); got != egon.OK {
		m.t.Errorf("a call of another group: %s", got)
	}
	const want = "BR_201: Hodinový limit 1 volání skupiny služeb rest je vyčerpán"
	if said := m.asks("bus", x31).sentences(); !strings.HasPrefix(said, want) {
		m.t.Errorf("one more call of another group: %s", said)
	}
}

// showsWhatIsCounted checks what operators see: the quota of the caller, and in the record
// of use who asked, through whom, and for what.
func (m *mv) showsWhatIsCounted(calls int) {
	m.t.Helper()
	admin := strings.TrimPrefix(m.admin, "http://")
	said, code := brana("quota", "get", "--admin", admin, "--group", "aiseo", "X999/XR1/12345678/999001")
	if code != 0 || !strings.Contains(said, fmt.Sprintf("limit      %d calls an hour", calls)) ||
		!strings.Contains(said, fmt.Sprintf("used       %d in the last hour", calls)) {
		m.t.Errorf("brana quota: exit code %d, %s", code, said)
	}
	said, code = brana("audit", "query", "--admin", admin, "--service", "X11", "--outcome", "ok", "--json")
	if n := strings.Count(said, "\n"); code != 0 || n != calls {
		m.t.Errorf("brana audit query: exit code %d, %d uses, want %d: %s", code, n, calls, said)
	}
	for line := range strings.Lines(said) {
		for _, want := range []string{
			`"caller":"X999/XR1/12345678/999001"`, `"peer":"127.0.0.1:`, `"certificate":"64"`,
			`"asked":["RodneCislo","Jmeno"]`, `grants.yaml:2"`, `"group":"aiseo"`,
			`"returned":["Jmeno","RodneCislo"]`,
		} {
			if !strings.Contains(line, want) {
				m.t.Errorf("the record lacks %s: %s", want, line)
			}
		}
	}
}

// A hub does not start with an identity of the bus, and a reload that finds one leaves the
// policy in force.
func TestABusAtAHub(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	ca.issue("bus", 100)
	p, identities := serveTLS(t, ca, fmt.Sprintf(binding, "101", "Test CA"))
	write(t, identities, publisherIdentities)
	p.signal(syscall.SIGHUP)
	const kept = "reload policy: the last good one stays in force"
	eventually(t, "the reload is refused", func() bool { return p.log.line(kept) != nil })
	if said, _ := p.log.line(kept)["error"].(string); !strings.Contains(said, "identities.yaml:2:5: bus: true") {
		t.Errorf("%q does not name the place", said)
	}
	said, _ := brana("call", "E227", "--url", p.gateway, "--triple", "X999/XR1/12345678",
		"--ca", ca.file("ca.pem"), "--cert", ca.file("bus.pem"), "--key", ca.file("bus.key"))
	if !strings.Contains(said, "BR_102: Certifikát volajícího není registrován.") {
		t.Errorf("a call with the certificate of the bus: %s", said)
	}
	file := filepath.Join(filepath.Dir(filepath.Dir(identities)), "brana.yaml")
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if said, code := brana("serve", "-c", file); code != exitUsage ||
		!strings.Contains(said, "identities.yaml:2:5: bus: true") {
		t.Errorf("a start: exit code %d, %s", code, said)
	}
}
