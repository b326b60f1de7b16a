package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"brana/cmd/brana/config"
	"brana/gateway"
	"brana/limits/ledger"
	"brana/policy"
	"brana/upstream"
)

// wire makes a gateway. load loads its policy.
func wire(c *config.Config, load func() (*policy.Snapshot, error), log *logger) (*wired, error) {
	store, err := policy.NewStore(load)
	if err != nil {
		return nil, err
	}
	credentials, err := readCredentials(c, log.Logger)
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
func (w *wired) build(c *config.Config, log *logger) error {
	clients, err := newClients(c, w.clientHooks(log.Logger))
	for _, name := range slices.Sorted(maps.Keys(clients)) {
		w.clients = append(w.clients, clients[name])
	}
	if err != nil {
		return err
	}
	if w.usage, err = openUsage(&c.Audit, w.metrics, log.Logger); err != nil {
		return err
	}
	parts := w.parts(log)
	parts.Metrics.Registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	zone, err := time.LoadLocation(c.Limits.Calendar.Zone)
	if err != nil {
		return fmt.Errorf("limits.calendar.zone: %w", err)
	}
	composes := c.Routes.Of("E198", c.Place).To == config.Workflow
	if media := newMedia(clients, zone); composes && media != nil {
		media.Dropped = func(string) { w.metrics.MediaDropped() }
		if err := media.Validate(); err != nil {
			return err
		}
		parts.Media = media
	}
	if c.Policy.Matrix.E227 != "" {
		if w.rows, err = newRows(c, w.policy, clients, parts.Metrics, log.Logger); err != nil {
			return err
		}
		parts.Rows = w.rows
	}
	if err := w.remember(c, &parts); err != nil {
		return err
	}
	cfg := gatewayConfig(c, clients)
	cfg.Zone = zone
	if cfg.Contracts, err = readContracts(c.Listen.WSDL); err != nil {
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
	w.usage.into(&parts)
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
