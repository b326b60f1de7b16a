package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"

	"brana/egon"
	"brana/egon/xmltext"
	"brana/gateway"
	"brana/gateway/metrics"
	"brana/limits/ledger"
	"brana/policy"
	"brana/upstream"
)

// limiter is a limits store that can be closed; the two stores are it.
type limiter interface {
	gateway.Limiter
	gateway.Quotas
	Close() error
}

// wired is a gateway with what it was made of.
type wired struct {
	gateway *gateway.Gateway
	policy  *policy.Store
	rows    *policy.Rows // nil when the matrix is a file
	limiter limiter
	queue   io.Closer // nil unless it is to be closed
	clients []*upstream.Client
	metrics *metrics.Metrics

	contracts *egon.Contracts // nil unless they are served

	credentials map[string]*credentials // by the keys of the configuration
	password    *reread[string]         // of Redis; nil when the URL has it
}

// close gives back what the parts hold.
func (w *wired) close() error {
	var err error
	if w.rows != nil {
		err = w.rows.Close()
	}
	for _, c := range w.clients {
		c.Close()
	}
	if w.queue != nil {
		err = errors.Join(err, w.queue.Close())
	}
	return errors.Join(err, w.limiter.Close())
}

// wire makes a gateway of a configuration and a way to load its policy.
func wire(c *config, load func() (*policy.Snapshot, error), log *logger) (*wired, error) {
	store, err := policy.NewStore(load)
	if err != nil {
		return nil, err
	}
	credentials, err := c.credentials(log.Logger)
	if err != nil {
		return nil, err
	}
	w := &wired{policy: store, credentials: credentials}
	w.metrics = gateway.NewMetrics(w.sources(c, log))
	if w.limiter, err = w.limits(c, log.Logger); err != nil {
		return nil, err
	}
	if err := w.build(c, log); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// build makes the clients and the gateway over them.
func (w *wired) build(c *config, log *logger) error {
	clients, err := c.clients(w.credentials, func(name string, to upstream.BreakerState) {
		level := zap.InfoLevel
		if to == upstream.BreakerOpen {
			level = zap.WarnLevel
			w.metrics.BreakerOpened(name)
		}
		log.Log(level, "breaker", zap.String("upstream", name), zap.Stringer("state", to))
	}, w.metrics.MessageSent)
	for _, name := range slices.Sorted(maps.Keys(clients)) {
		w.clients = append(w.clients, clients[name])
	}
	if err != nil {
		return err
	}
	parts := w.parts(log)
	parts.Metrics.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	zone, err := time.LoadLocation(c.Limits.Calendar.Zone)
	if err != nil {
		return fmt.Errorf("limits.calendar.zone: %w", err)
	}
	if media := c.media(clients, zone); media != nil {
		media.Dropped = func(string) { w.metrics.MediaDropped() }
		if err := media.Validate(); err != nil {
			return err
		}
		parts.Media = media
	}
	if c.Policy.Matrix.E227 != "" {
		if w.rows, err = c.rows(w.policy, clients, parts.Metrics, log.Logger); err != nil {
			return err
		}
		parts.Rows = w.rows
	}
	if err := w.remember(c, &parts); err != nil {
		return err
	}
	cfg := c.gateway(clients)
	cfg.Zone = zone
	if cfg.Contracts, err = c.Listen.contracts(); err != nil {
		return err
	}
	w.contracts = cfg.Contracts
	if listener := w.credentials["listen.tls"]; listener != nil {
		cfg.TLS = listener.server()
	}
	w.gateway, err = gateway.New(cfg, parts)
	return err
}

// parts are those of the gateway that every configuration has.
func (w *wired) parts(log *logger) gateway.Parts {
	parts := gateway.Parts{
		Policy:   w.policy,
		Limiter:  w.limiter,
		Quotas:   w.limiter,
		Log:      log.Logger,
		Metrics:  w.metrics,
		NewID:    uuid.NewString,
		Breakers: w.breakers,
	}
	if log.book != nil {
		parts.LogBlocked = log.book.Blocked
	}
	if shared, ok := w.limiter.(*ledger.Store); ok {
		parts.Findings = shared.Findings
	}
	return parts
}

func (w *wired) breakers() (list []gateway.Breaker) {
	for _, client := range w.clients {
		state := client.Breaker()
		list = append(list, gateway.Breaker{
			Upstream: client.Name(),
			State:    state.String(),
			Closed:   state == upstream.BreakerClosed,
		})
	}
	return list
}

// clients makes a client of each upstream, which tell of their breakers and of
// what they sent.
func (c *config) clients(all map[string]*credentials, changed func(string, upstream.BreakerState),
	sent func(upstream, service string, took time.Duration)) (map[string]*upstream.Client, error) {
	clients := map[string]*upstream.Client{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Upstreams)) {
		u := c.Upstreams[name]
		cfg := upstream.Config{Name: name, URL: u.URL, Timeout: time.Duration(orZero(u.Timeout)),
			MaxConns: int(orZero(u.MaxConns)), ReceiveBuffer: int(u.ReceiveBuffer), MaxReply: int(orZero(u.MaxReply)), Agenda: u.Agenda, Ais: int(u.Ais),
			Breaker: u.breaker(), OnBreaker: changed, OnSent: sent, Pace: u.pace()}
		if own := all["upstreams."+name+".tls"]; own != nil {
			cfg.TLS = own.value
		}
		client, err := upstream.NewClient(cfg)
		if err != nil {
			errs = append(errs, fmt.Errorf("upstreams.%s: %w", name, err))
			continue
		}
		clients[name] = client
	}
	return clients, errors.Join(errs...)
}

// media is the E198 workflow, or nil when a registry it needs is not named. It
// writes times in zone.
func (c *config) media(clients map[string]*upstream.Client, zone *time.Location) *upstream.Media {
	for _, name := range []string{"rob", "org", "ruian", "eop", "ecd"} {
		if clients[name] == nil {
			return nil
		}
	}
	return &upstream.Media{Rob: clients["rob"], Org: clients["org"], Ruian: clients["ruian"],
		Eop: clients["eop"], Ecd: clients["ecd"], NewID: uuid.NewString, Now: func() time.Time { return time.Now().In(zone) }}
}

func (c *config) gateway(clients map[string]*upstream.Client) gateway.Config {
	l := c.Listen
	cfg := gateway.Config{
		Prefix: l.Prefix, InlineLimit: int(l.InlineLimit), MaxMessage: int64(l.MaxMessage), MaxExchanges: int64(l.MaxExchanges),
		ReadIdle: time.Duration(l.ReadIdle), WriteIdle: time.Duration(l.WriteIdle), KeepAlive: time.Duration(l.KeepAlive), Linger: time.Duration(l.Linger), ShutdownDelay: time.Duration(l.ShutdownDelay), CutTime: endStep(time.Duration(l.Drain)), InsecureIdentity: l.InsecureIdentity, PublicURL: l.PublicURL,
		MinRate: int64(l.MinRate), MaxConns: int(l.MaxConns), MaxConnsPerPeer: int(l.MaxConnsPerPeer), Bounds: l.Bounds.bounds(),
		RowWait:       time.Duration(c.Policy.Matrix.Wait),
		TimeTolerance: time.Duration(c.Requests.TimeTolerance),
		AdminHosts:    c.Admin.Hosts,
		DropLines:     c.Log.WhenBlocked == dropLines,
		Routes:        gateway.Routes{Services: map[string]gateway.Route{}},
	}
	if l.StatusMode == "http" {
		cfg.StatusMode = gateway.HTTPMode
	}
	for code, text := range c.Routes {
		route := c.route(text, clients)
		if code == "default" {
			cfg.Routes.Default = route
		} else {
			cfg.Routes.Services[code] = route
		}
	}
	return cfg
}

func (b boundsConfig) bounds() egon.Bounds {
	return egon.Bounds{HeadBytes: int(b.Head), Items: int(b.Items), XML: xmltext.Bounds{NameBytes: int(b.Name), TagBytes: int(b.Tag),
		Attrs: int(b.Attributes), Namespaces: int(b.Namespaces), Depth: int(b.Depth)}}
}

// relays reports whether the route of a service is a relay.
func (c *config) relays(s *egon.Service) bool {
	text, own := c.Routes[s.Code]
	if !own {
		text = c.Routes["default"]
	}
	return strings.HasPrefix(text, "relay ")
}

// route is a route as it is written; validate has checked the words.
func (c *config) route(text string, clients map[string]*upstream.Client) gateway.Route {
	if name, relayed := strings.CutPrefix(text, "relay "); relayed {
		return gateway.Route{Kind: gateway.RelayRoute, Name: name, Relay: upstream.NewRelay(clients[name]),
			Timeout: time.Duration(c.Listen.CallTimeout)}
	}
	kinds := []string{"refuse", "", "workflow", "local"}
	return gateway.Route{Kind: gateway.RouteKind(slices.Index(kinds, text)), Timeout: time.Duration(c.Listen.CallTimeout)}
}
