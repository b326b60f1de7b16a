package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/goleak"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/egon"
	"brana/egon/xmltext"
)

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "6") // tests that call Parallel wait, and compute little
	goleak.VerifyTestMain(m,
		// These end some time after the last connection.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"), // one for the process
		goleak.Cleanup(func(code int) { removeBinary(); os.Exit(code) }))
}

// A world is the whole of brana dev in this process: the gateway with the
// sample policy, its admin listener and the registries, on loopback sockets.
type world struct {
	t          testing.TB
	registries *registries.Server
	wired      *wired
	gateway    string // URL of services, without the code
	admin      string // URL
	journal    *logText
	client     *http.Client
}

// startWorld starts a world; change may alter its configuration first.
func startWorld(t testing.TB, change ...func(*config.Config)) *world {
	t.Helper()
	return startWorldWith(t, devCmd{}, change...)
}

// startWorldWith starts a world as brana dev with more flags would.
func startWorldWith(t testing.TB, d devCmd, change ...func(*config.Config)) *world {
	t.Helper()
	server, sim := startRegistries(t)
	return startWorldAt(t, server, sim, d, change...)
}

// startWorldAt starts a world with registries that run.
func startWorldAt(t testing.TB, server *registries.Server, sim string, d devCmd, change ...func(*config.Config)) *world {
	t.Helper()
	w := &world{t: t, journal: &logText{}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}}
	t.Cleanup(w.client.CloseIdleConnections)

	w.registries = server
	d.Listen, d.Admin, d.Sim = "127.0.0.1:0", "127.0.0.1:0", sim
	c, err := d.configuration()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(c)
	}
	wired, err := wire(c, d.load(c), &logger{Logger: w.journal.logger()})
	if err != nil {
		t.Fatal(err)
	}
	w.wired = wired
	wired.start()
	listener := listen(t)
	served := make(chan error, 1)
	go func() { served <- wired.gateway.Serve(listener) }()
	admin := wired.adminServer(w.journal.logger())
	adminListener := listen(t)
	go func() { served <- ignoreClosed(admin.Serve(adminListener)) }()
	t.Cleanup(func() {
		if t.Failed() {
			w.logLines()
		}
		w.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err := errors.Join(wired.gateway.Shutdown(ctx), admin.Close())
		listener.Close() // it is open if the test ended before the server began
		adminListener.Close()
		err = errors.Join(err, <-served, <-served, wired.close())
		if err != nil {
			t.Error("end the world:", err)
		}
	})
	w.gateway, w.admin = c.Listen.Scheme()+"://"+listener.Addr().String()+c.Listen.Prefix, "http://"+adminListener.Addr().String()
	return w
}

// logLines shows the last lines of the gateway's log.
func (w *world) logLines() {
	all := w.journal.lines()
	for _, line := range all[max(0, len(all)-5):] {
		w.t.Logf("%s", line)
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// noCriteria is the information system that may use no criteria in the evidences.
const noCriteria = 999003

// startRegistries starts the registries and returns their address.
func startRegistries(t testing.TB) (*registries.Server, string) {
	t.Helper()
	return startRegistriesWith(t, func(*registries.Config) {})
}

// startRegistriesWith starts registries; change may alter their configuration first.
func startRegistriesWith(t testing.TB, change func(*registries.Config)) (*registries.Server, string) {
	t.Helper()
	c := registries.Config{Population: population(), NoCriteriaFor: []int{noCriteria}}
	change(&c)
	server, err := registries.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	listener := listen(t)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		err := stopRegistries(server)
		listener.Close() // it is open if the test ended before the server began
		if err := errors.Join(err, <-served); err != nil {
			t.Error("stop the registries:", err)
		}
	})
	return server, listener.Addr().String()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// set sets the behaviour of a registry until the test ends.
func (w *world) set(registry string, s registries.Settings) {
	w.t.Helper()
	if err := w.registries.Set(registry, s); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.registries.Set(registry, registries.Settings{}) }) // it exists
}

// steps are the messages that the registries got since the last ClearLog, in
// the order of their codes, as steps of one call run side by side.
func (w *world) steps() string {
	var list []string
	for _, e := range w.registries.Log() {
		list = append(list, e.Step)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// A reply is the answer to a call.
type reply struct {
	status int
	header http.Header
	body   []byte
	root   *xmltext.Node
}

// request makes a call of a service as a careful client would.
func (w *world) request(service string, body io.Reader) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.gateway+"/"+service, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	return r
}

// post sends a message to a service and reads the answer.
func (w *world) post(service string, message []byte) *reply {
	w.t.Helper()
	return w.do(w.request(service, bytes.NewReader(message)))
}

func (w *world) do(r *http.Request) *reply {
	w.t.Helper()
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := readReply(response)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func readReply(response *http.Response) (*reply, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	root, err := xmltext.Parse(body, xmltext.DefaultBounds())
	if err != nil {
		return nil, fmt.Errorf("HTTP %d, %.200q: %w", response.StatusCode, body, err)
	}
	return &reply{response.StatusCode, response.Header, body, root}, nil
}

// call sends what brana call would send with these flags.
func (w *world) call(service string, flags ...string) *reply {
	w.t.Helper()
	return w.post(service, message(w.t, service, flags...))
}

// message is the message of brana call with these flags.
func message(t testing.TB, service string, flags ...string) []byte {
	t.Helper()
	c := parseCall(t, append([]string{service}, flags...)...)
	text, err := c.message(egon.ServiceByCode(service), testKey())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// parseCall reads the flags of brana call.
func parseCall(t testing.TB, args ...string) *callCmd {
	t.Helper()
	var c cli
	parser, err := kong.New(&c, kong.Vars{"url": defaultURL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"call"}, args...)); err != nil {
		t.Fatal(err)
	}
	return &c.Call
}

// testKey is the key pair of all test calls: making one takes its time.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var bodyPattern = regexp.MustCompile(`(?s)<(?:\w+:)?Body[^>]*>(.*)</(?:\w+:)?Body>`)

// payload is the child of Body, or the whole bare reply.
func (r *reply) payload() []byte {
	if m := bodyPattern.FindSubmatch(r.body); m != nil {
		return m[1]
	}
	return r.body
}

// statusLine is VysledekKod and the details of the system status, or the Fault.
func (r *reply) statusLine() string {
	if fault := find(r.root, "Fault"); fault != nil {
		return "Fault " + text(fault, "faultcode") + ": " + text(fault, "faultstring")
	}
	status := find(r.root, "Status")
	line := text(status, "VysledekKod")
	for _, d := range findAll(status, "VysledekDetail") {
		line += " (" + text(d, "VysledekSubKod")
		if p := find(d, "Puvodce"); p != nil {
			line += " by " + allText(p)
		}
		line += ")"
	}
	return line
}

// outline is the content of a reply of E198 or E227, a line for each block.
func (r *reply) outline() string {
	lines := []string{r.statusLine()}
	root := r.root
	if body := find(root, "Body"); body != nil && len(body.Children) > 0 {
		root = body.Children[0]
	}
	for _, block := range root.Children {
		if block.Local != "OdpovedInfo" {
			lines = append(lines, blockLine(block))
		}
	}
	return strings.Join(lines, "\n")
}

func blockLine(block *xmltext.Node) string {
	line := block.Local
	switch block.Local {
	case "MapaAifo":
		next, _ := block.AttrValue("lokalniAifoOd")
		line += " next=" + next
		for _, p := range block.Children {
			line += " " + text(p, "LokalniAifo")
		}
	case "SeznamIdAdres":
		for _, place := range block.Children {
			state, _ := place.AttrValue("stavOvereniPrvku")
			line += " " + place.Value() + ":" + state
		}
	case "OrgOdpoved":
		line += " " + text(block, "OrgAifoStatusDetail")
	case "RobOdpoved":
		for _, part := range block.Children {
			line += " " + strings.TrimSuffix(part.Local, "DataResponse") + " " + text(part, "VysledekRobKodType")
			for _, sub := range findAll(part, "VysledekSubKod") {
				line += " " + sub.Value()
			}
		}
	case "IszrOdpoved":
		line += " " + text(block, "VysledekIszrKodType")
		for _, sub := range findAll(block, "VysledekSubKod") {
			line += " " + sub.Value()
		}
		for _, p := range findAll(block, "Polozka") {
			line += " " + strings.TrimSuffix(text(p, "KodIszr")+"="+text(p, "KodRpp"), "=")
		}
	case "RuianOdpoved":
		line += fmt.Sprintf(" addresses=%d", len(findAll(block, "PolozkovaAdresa")))
	case "EopOdpoved", "EcdOdpoved":
		line += " " + text(block, "VysledekAisKod")
		for _, kind := range []string{"VysledekSubKod", "Fotka", "Podpis", "DatumVydani"} {
			for _, n := range findAll(block, kind) {
				if kind == "VysledekSubKod" || kind == "DatumVydani" {
					line += " " + n.Value()
				} else {
					line += " " + kind
				}
			}
		}
	}
	return line
}
