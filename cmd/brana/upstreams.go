package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"brana/cmd/brana/config"
	"brana/upstream"
)

// clientHooks give clients their certificates and take what they report.
type clientHooks struct {
	credentials map[string]*credentials
	breaker     func(upstream string, to upstream.BreakerState)
	sent        func(upstream, service string, took time.Duration)
}

// clientHooks log the states of breakers and count what is sent.
func (w *wired) clientHooks(log *zap.Logger) clientHooks {
	return clientHooks{
		credentials: w.credentials,
		breaker: func(name string, to upstream.BreakerState) {
			level := zap.InfoLevel
			if to == upstream.BreakerOpen {
				level = zap.WarnLevel
				w.metrics.BreakerOpened(name)
			}
			log.Log(level, "breaker", zap.String("upstream", name), zap.Stringer("state", to))
		},
		sent: w.metrics.MessageSent,
	}
}

// newClients makes a client of each upstream. With an error it returns those
// that could be made; the caller closes them all the same.
func newClients(c *config.Config, hooks clientHooks) (map[string]*upstream.Client, error) {
	clients := map[string]*upstream.Client{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Upstreams)) {
		u := c.Upstreams[name]
		cfg := upstream.Config{
			Name:          name,
			URL:           u.URL,
			Timeout:       time.Duration(orZero(u.Timeout)),
			MaxConns:      int(orZero(u.MaxConns)),
			ReceiveBuffer: int(u.ReceiveBuffer),
			PlainSockets:  c.Listen.PlainSockets,
			MaxReply:      int(orZero(u.MaxReply)),
			Agenda:        u.Agenda,
			Ais:           int(u.Ais),
			Breaker:       u.CallBreaker(),
			Pace:          u.CallPace(),
			OnBreaker:     hooks.breaker,
			OnSent:        hooks.sent,
		}
		if own := hooks.credentials["upstreams."+name+".tls"]; own != nil {
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

// orZero is a value that may be left out. For zero, the package that takes the
// value has a default.
func orZero[T any](value *T) (v T) {
	if value != nil {
		v = *value
	}
	return v
}

// newMedia makes the E198 workflow, or returns nil when a registry that it needs
// is not configured. It writes times in zone.
func newMedia(clients map[string]*upstream.Client, zone *time.Location) *upstream.Media {
	for _, name := range []string{"rob", "org", "ruian", "eop", "ecd"} {
		if clients[name] == nil {
			return nil
		}
	}
	return &upstream.Media{
		Rob:   clients["rob"],
		Org:   clients["org"],
		Ruian: clients["ruian"],
		Eop:   clients["eop"],
		Ecd:   clients["ecd"],
		NewID: uuid.NewString,
		Now:   func() time.Time { return time.Now().In(zone) },
	}
}
