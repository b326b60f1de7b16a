package registries

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"brana/socket"
)

// maxHeader is the largest header block of a request in bytes.
const maxHeader = 16 << 10

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
	// Client is how the front calls publishers over HTTP, with the certificate of the bus
	// if it has one. The server closes its idle connections. nil: a client without one.
	Client *http.Client
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

	control control
	client  *client
	end     *shutdown
}

// NewServer makes the registries over cfg.Population. It fails when a setting
// is out of its range or a registry has no name.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Population == nil {
		return nil, errors.New("make registries: no population")
	}
	cfg.Systems = cfg.Systems.withDefaults()
	s := &Server{
		cfg: cfg,
		control: control{
			settings: newSettingsTable(),
			rights:   &rightsTable{byTriple: sampleRights()},
			log:      &messageLog{hook: cfg.Log},
		},
		client: newClient(cfg.Client),
		end:    newShutdown(),
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
		case <-s.end.done:
			_ = ln.Close()
		case <-served:
		}
	}()
	return s.http.Serve(socket.Listener{Listener: ln})
}

// Shutdown closes the listeners, waits for exchanges that run, and frees those that
// hang. It returns ctx's error when that takes too long.
func (s *Server) Shutdown(ctx context.Context) error {
	s.end.begin()
	s.client.close()
	s.awaitClosed(ctx)
	defer s.client.close() // of connections that came back since
	err := s.http.ShutdownWithContext(ctx)
	s.end.hung.Wait()
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
	// The count leaves out one, the listener.
	for s.http.GetOpenConnectionsCount() >= 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
}

// Set changes how a registry behaves, from the next message on.
func (s *Server) Set(registry string, v Settings) error {
	return s.control.settings.set(registry, v)
}

// Settings returns how a registry behaves now; the zero Settings for an
// unknown one.
func (s *Server) Settings(registry string) Settings { return s.control.settings.of(registry) }

// Log returns the last messages, oldest first, at most logSize of them. A
// message is entered when its answer has been handed over whole.
func (s *Server) Log() []Entry { return s.control.log.all() }

// ClearLog forgets all messages.
func (s *Server) ClearLog() { s.control.log.clear() }

// SetRights changes what triples, written agenda/role/ovm, may read, as the next
// generation of the matrix would. It removes a triple without rights. The other
// triples keep theirs.
func (s *Server) SetRights(rights map[string][]Right) error { return s.control.rights.set(rights) }

// Rights returns what triples may read.
func (s *Server) Rights() map[string][]Right { return s.control.rights.all() }

// Handler returns the handler of one request. Its server must stream request
// bodies.
func (s *Server) Handler() fasthttp.RequestHandler {
	return func(rc *fasthttp.RequestCtx) {
		x := &exchange{
			rc:       rc,
			settings: s.control.settings,
			log:      s.control.log,
			end:      s.end,
			entry:    Entry{Start: time.Now()},
		}
		defer x.recover()
		first, rest, _ := strings.Cut(strings.TrimPrefix(string(rc.Path()), "/"), "/")
		switch r, known := s.registries[first]; {
		case first == "control":
			x.control(s.control, rest)
		case first == "publikace" && rest != "":
			x.front(rest, s.front)
		case known && rest == "":
			x.registry(r)
		default:
			x.text(404, "no such registry")
		}
	}
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
		client: s.client,
		rights: s.control.rights.of,
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
