package registries

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"brana/socket"
)

// Bounds of what a server reads, in bytes.
const (
	maxMessage = 64 << 20 // a request to a registry, read whole
	maxHeader  = 16 << 10 // the header block of a request
)

// Config says what the registries of one server are.
type Config struct {
	Population *Population // mandatory
	// The systems of the registries. The configuration of their caller must have
	// the same. A zero System stands for that of [DefaultSystems].
	Systems Systems
	// NoCriteriaFor are the information systems that may not choose photos and
	// signatures by date and count, by number.
	NoCriteriaFor []int
	// Settings are the first settings by registry; a registry without any answers well.
	Settings map[string]Settings
	// Log is called with every entry, from many goroutines; nil means never.
	Log func(Entry)
}

// A Server is all registries behind one listener. Create it with [NewServer];
// it may be used by several goroutines.
type Server struct {
	cfg        Config
	http       *fasthttp.Server
	registries map[string]registry
	front      map[string]func(*message) reply // by code of the service

	done chan struct{}  // closed by Shutdown: goroutines that wait or hang give up
	once sync.Once      // closes done
	hung sync.WaitGroup // connections of FailHang

	mu       sync.Mutex
	settings map[string]Settings
	rights   map[string][]Right // by triple
	log      []Entry            // a ring once it is full
	oldest   int                // index of the oldest entry of a full ring
}

// registry is one registry: its messages by root element, and its reply when it
// breaks down.
type registry struct {
	name  string
	serve func(m *message) reply // a reply without head: the message is not one of the registry
	extra func(*message, *doc)   // writes what the schema demands beside OdpovedInfo; may be nil
}

// NewServer makes the registries over cfg.Population. It fails when a setting
// is out of its range or a registry has no name.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Population == nil {
		return nil, errors.New("make registries: no population")
	}
	cfg.Systems = cfg.Systems.withDefaults()
	s := &Server{
		cfg:      cfg,
		done:     make(chan struct{}),
		settings: map[string]Settings{},
		rights:   sampleRights(),
	}
	for _, name := range Names() {
		s.settings[name] = Settings{}
	}
	for name, v := range cfg.Settings {
		if err := s.Set(name, v); err != nil {
			return nil, fmt.Errorf("make registries: %s: %w", name, err)
		}
	}
	s.assemble()
	s.http = &fasthttp.Server{
		Handler:                      s.Handler(),
		Logger:                       silent{},
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultDate:                true,
		NoDefaultContentType:         true,
		CloseOnShutdown:              true,
		ReadBufferSize:               maxHeader,
		IdleTimeout:                  5 * time.Minute,
	}
	return s, nil
}

// silent drops the reports of fasthttp about broken connections. To break them is
// one of the tasks here, and a line may hold bytes of a request.
type silent struct{}

func (silent) Printf(string, ...any) {}

// Serve answers the connections of ln until [Server.Shutdown], then returns
// nil. It closes ln.
func (s *Server) Serve(ln net.Listener) error {
	served := make(chan struct{})
	defer close(served)
	go func() {
		select {
		case <-s.done:
			_ = ln.Close()
		case <-served:
		}
	}()
	return s.http.Serve(socket.Listener{Listener: ln})
}

// Shutdown closes the listeners, waits for exchanges that run, and frees those that
// hang. It returns ctx's error when that takes too long.
func (s *Server) Shutdown(ctx context.Context) error {
	s.once.Do(func() { close(s.done) })
	s.awaitClosed(ctx)
	err := s.http.ShutdownWithContext(ctx)
	s.hung.Wait()
	if errors.Is(err, net.ErrClosed) { // of a listener, which Serve has closed
		return nil
	}
	return err
}

// awaitClosed waits a little until the listener and all connections are closed. The
// library checks once, and then after 100 ms.
func (s *Server) awaitClosed(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	for s.http.GetOpenConnectionsCount() >= 0 && ctx.Err() == nil { // it leaves out one, the listener
		time.Sleep(time.Millisecond)
	}
}

// Handler returns the handler of one request. Its server must stream request
// bodies.
func (s *Server) Handler() fasthttp.RequestHandler {
	return func(rc *fasthttp.RequestCtx) {
		x := &exchange{s: s, rc: rc, entry: Entry{Start: time.Now()}}
		defer x.recover()
		first, rest, _ := strings.Cut(strings.TrimPrefix(string(rc.Path()), "/"), "/")
		switch r, known := s.registries[first]; {
		case first == "control":
			x.control(rest)
		case first == "publikace" && rest != "":
			x.front(rest)
		case known && rest == "":
			x.registry(r)
		default:
			x.text(404, "no such registry")
		}
	}
}

// exchange is one request to a server and its answer.
type exchange struct {
	s     *Server
	rc    *fasthttp.RequestCtx
	set   Settings
	fail  Failure // what is played; FailNone for nothing
	entry Entry
}

// recover answers for a handler that panicked: fasthttp would let the process
// end.
func (x *exchange) recover() {
	if p := recover(); p != nil {
		x.entry.Problem = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		x.rc.Response.ResetBody()
		x.fault("Server", "Vnitřní chyba registru.")
	}
}

func (x *exchange) control(name string) {
	body, err := x.readBody(1 << 20)
	if err != nil {
		x.text(413, err.Error())
		return
	}
	last, _ := x.rc.QueryArgs().GetUint("n") // absent and unreadable mean all
	status, answer := x.s.control(string(x.rc.Method()), name, body, max(last, 0))
	out, err := json.Marshal(answer)
	if err != nil {
		panic(err) // all answers are plain values
	}
	x.rc.SetStatusCode(status)
	x.rc.SetContentType("application/json")
	x.rc.SetBody(append(out, '\n'))
}

func (x *exchange) text(status int, text string) {
	x.rc.SetConnectionClose() // the body may be unread
	x.rc.SetStatusCode(status)
	x.rc.SetContentType("text/plain; charset=utf-8")
	x.rc.SetBodyString(text + "\n")
}

var errTooLarge = errors.New("body too large")

// readBody reads the request's body whole, at most limit bytes.
func (x *exchange) readBody(limit int) ([]byte, error) {
	in := x.rc.RequestBodyStream()
	if in == nil {
		return nil, nil
	}
	want := x.rc.Request.Header.ContentLength()
	if want > limit {
		return nil, errTooLarge
	}
	body := make([]byte, 0, max(want, 0)+512)
	for {
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > limit:
			return nil, errTooLarge
		case err == io.EOF && len(body) < want:
			return nil, io.ErrUnexpectedEOF // fasthttp reports a cut body as complete
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// begin takes the settings of a registry and waits its latency. It reports false
// when a failure of the transport has ended the message.
func (x *exchange) begin() bool {
	x.set = x.s.Settings(x.entry.Registry)
	x.fail = FailNone
	if x.set.Failure != "" && (x.set.Rate == 0 || rand.Float64() < x.set.Rate) {
		x.fail = x.set.Failure
	}
	if x.set.Down {
		x.fail = FailRefuse
	}
	wait := time.Duration(x.set.Latency)
	if x.set.Jitter > 0 {
		wait += rand.N(time.Duration(x.set.Jitter))
	}
	x.s.wait(wait)
	return !x.breakTransport()
}

// wait sleeps for d, or until the server is shut down.
func (s *Server) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.done:
	}
}

// registry answers one message to a registry.
func (x *exchange) registry(r registry) {
	x.entry.Registry = r.name
	if string(x.rc.Method()) != "POST" {
		x.text(405, "POST a SOAP 1.1 message")
		return
	}
	body, err := x.readBody(maxMessage)
	if err != nil {
		x.text(413, err.Error())
		return
	}
	m, err := readMessage(body)
	if err == nil {
		x.entry.AgendaZadostId, x.entry.IszrZadostId = m.info.AgendaZadostId, m.info.IszrZadostId
	}
	if !x.begin() {
		return
	}
	if err != nil {
		x.fault("Client", "Zpráva není čitelná: "+err.Error())
		return
	}
	x.answer(r, m)
}

func (x *exchange) answer(r registry, m *message) {
	m.action = soapAction(x.rc)
	m.entry, m.media = &x.entry, staging{photo: x.set.Photo, withheld: x.fail == FailWithheld}
	x.entry.Action = m.action
	if want := actionOf(m.body); m.action != want {
		x.fault("Client", fmt.Sprintf("SOAPAction neodpovídá zprávě, očekává se %.60q.", want))
		return
	}
	answer := r.serve(m)
	if answer.head == nil {
		x.fault("Client", fmt.Sprintf("Zprávu %.60q registr %s nezná.", m.body.Local, r.name))
		return
	}
	if x.fail == FailChyba {
		answer = m.chyba(r.extra)
	}
	x.send(m, answer)
}

// assemble puts the registries together. Only here they get their names.
func (s *Server) assemble() {
	p, v := s.cfg.Population, s.cfg.Systems
	o := &org{population: p, systems: v, created: map[identity]bool{}}
	f := &front{
		org:    o,
		rob:    &rob{p, v.ROB},
		ruian:  &ruian{p},
		aiseo:  &aiseo{p, v.AISEO},
		rights: s.Rights,
	}
	eop, ecd := NewEOP(p, v.EOP.Agenda, v.EOP.AIS), NewECD(p, v.ECD.Agenda, v.ECD.AIS)
	eop.NoCriteriaFor, ecd.NoCriteriaFor = s.cfg.NoCriteriaFor, s.cfg.NoCriteriaFor
	s.front, s.registries = f.answers(), map[string]registry{}
	for _, r := range []registry{
		{ORG, o.serve, func(_ *message, d *doc) { d.empty("MapaAifo") }},
		{ROB, f.rob.serve, nil},
		{RUIAN, f.ruian.serve, nil},
		{AISEO, f.aiseo.serve, aiseoChyba},
		{EOP, func(m *message) reply { return m.step("X21", eop.handle(m.body, m.media)) }, nil},
		{ECD, func(m *message) reply { return m.step("X22", ecd.handle(m.body, m.media)) }, nil},
	} {
		s.registries[r.name] = r
	}
}

// step enters the code of the step that r answers.
func (m *message) step(code string, r reply) reply {
	if r.head != nil {
		m.entry.Step = code
	}
	return r
}
