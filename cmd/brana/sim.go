package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"brana/bench/registries"
	"brana/cmd/brana/config"
)

// simFlags say how the simulated registries behave.
type simFlags struct {
	Persons int      `default:"10000" help:"Synthetic persons beside the test persons."`
	Seed    uint64   `default:"1" help:"Seed of the population."`
	Sim     string   `default:"127.0.0.1:8090" placeholder:"ADDR" help:"Listener of the registries, a path each (${default})."`
	Set     []string `placeholder:"REGISTRY.KEY=VALUE" help:"A setting of a registry, or of all, as rob.latency=5ms, eop.photo_bytes=1048576, all.failure=slow."`

	BusCert string `type:"existingfile" placeholder:"FILE" help:"Certificate with which the front calls front.aiseo_url, PEM." group:"TLS"`
	BusKey  string `type:"existingfile" placeholder:"FILE" help:"Its private key, PEM; needed unless it is in the same file." group:"TLS"`
	BusCA   string `name:"bus-ca" type:"existingfile" placeholder:"FILE" help:"CAs that the front trusts instead of the system's, PEM." group:"TLS"`
}

type simCmd struct {
	simFlags
}

// Run serves the registries until SIGTERM or SIGINT.
func (s *simCmd) Run(io stdio) error {
	server, listener, err := s.start()
	if err != nil {
		return err
	}
	fmt.Fprintf(
		io.err,
		"brana: registries at "+
			"http://%s/{rob,org,ruian,eop,ecd,aiseo,publikace/CODE}, control at /control\n",
		listener.Addr(),
	)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	select {
	case err = <-ended:
	case <-signals:
	}
	return errors.Join(err, stopRegistries(server))
}

// settings reads the --set flags in the words of the control endpoint.
func (s *simFlags) settings() (map[string]registries.Settings, error) {
	list := map[string]registries.Settings{}
	for _, flag := range s.Set {
		key, value, found := strings.Cut(flag, "=")
		registry, key, dotted := strings.Cut(key, ".")
		if !found || !dotted {
			return nil, fmt.Errorf("--set %s: write it as rob.latency=5ms", flag)
		}
		names := []string{registry}
		if registry == "all" {
			names = registries.Names()
		}
		for _, name := range names {
			settings := list[name]
			if err := set(&settings, key, value); err != nil {
				return nil, fmt.Errorf("--set %s: %w", flag, err)
			}
			list[name] = settings
		}
	}
	return list, nil
}

// set sets one value by its JSON name. A value that the key does not take as JSON
// is a string.
func set(s *registries.Settings, key, value string) error {
	decode := func(value string) error {
		decoder := json.NewDecoder(strings.NewReader(`{` + strconv.Quote(key) + `:` + value + `}`))
		decoder.DisallowUnknownFields()
		return decoder.Decode(s)
	}
	if json.Valid([]byte(value)) && decode(value) == nil {
		return nil
	}
	return decode(strconv.Quote(value))
}

// start makes the registries and their listener.
func (s *simFlags) start() (*registries.Server, net.Listener, error) {
	settings, err := s.settings()
	if err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	client, err := s.client()
	if err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	server, err := registries.NewServer(registries.Config{
		Population: registries.NewPopulation(s.Persons, s.Seed),
		Settings:   settings,
		Client:     client,
	})
	if err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	listener, err := net.Listen("tcp", s.Sim)
	if err != nil {
		return nil, nil, exit(exitUnreachable, busy("--sim", err))
	}
	return server, listener, nil
}

// client is how the front calls over TLS.
func (s *simFlags) client() (*http.Client, error) {
	t := config.ClientTLS{CA: s.BusCA, Cert: s.BusCert, Key: cmp.Or(s.BusKey, s.BusCert)}
	if s.BusKey != "" && s.BusCert == "" {
		return nil, errors.New("--bus-key needs --bus-cert")
	}
	cfg, err := clientTLS(t)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     cfg,
		MaxIdleConnsPerHost: 64,
	}}, nil
}

func stopRegistries(server *registries.Server) error {
	// fasthttp counts a connection that has not sent a byte as idle after 5 s.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
