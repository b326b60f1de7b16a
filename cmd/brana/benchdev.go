package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// runInProcess makes what startRegistries and startGateways start, in this
// process; close ends it.
func (s *benchStand) runInProcess(b *benchRunCmd) error {
	server, registries, err := (&simFlags{Persons: benchPopulation, Seed: 1, Sim: "127.0.0.1:0", Set: s.set}).start()
	if err != nil {
		return err
	}
	s.sim = registries.Addr().String()
	go func() { _ = server.Serve(registries) }() // Shutdown ends it
	s.inProcess = append(s.inProcess, func() error { return stopRegistries(server) })
	file, err := s.writeConfig("gateway-1", b, 0, 0)
	if err != nil {
		return err
	}
	c, err := readConfig(file)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.dir, "gateway-1.log"))
	if err != nil {
		return err
	}
	s.inProcess = append(s.inProcess, log.Close)
	lines, err := c.openLog(stdio{log, log})
	if err != nil {
		return err
	}
	w, err := wire(c, c.loadPolicy, lines)
	if err != nil {
		return err
	}
	s.inProcess = append(s.inProcess, w.close)
	listener, admin, err := c.listen()
	if err != nil {
		return err
	}
	s.serveInProcess(w, w.adminServer(lines.Logger), listener, admin)
	// Its allocations are not told apart from the generator's: no admin.
	s.targets = []*benchTarget{{name: "brana", urls: []string{s.scheme() + "://" + listener.Addr().String() + c.Listen.Prefix}, redis: s.redis}}
	return nil
}

func (s *benchStand) serveInProcess(w *wired, adminServer *http.Server, listener, admin net.Listener) {
	go func() { _ = w.gateway.Serve(listener) }() // Shutdown ends it
	go func() { _ = adminServer.Serve(admin) }()  // Close ends it
	w.start()
	s.inProcess = append(s.inProcess, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return errors.Join(w.gateway.Shutdown(ctx), adminServer.Close())
	})
}
