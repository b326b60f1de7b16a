package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"brana/bench/report"
	"brana/bench/stand"
)

// A benchTarget is one thing that calls are sent to.
type benchTarget struct {
	name  string
	urls  []string
	admin []string // of gateways
	pids  []int
	redis *stand.Redis
}

// benchStand is everything that a trial has started.
type benchStand struct {
	program   string // of brana
	dir       string
	sim       string   // host:port
	set       []string // settings of the registries, by the caller and by the trial
	processes []*stand.Process
	inProcess []func() error // what ends the parts in this process
	redis     *stand.Redis
	redisURL  string
	authority *stand.Authority // nil: no TLS
	targets   []*benchTarget
	programs  map[string][]int // beside the targets, by name
	versions  map[string]string
	configs   map[string]string
}

// close ends what was started, the last first.
func (s *benchStand) close() error {
	var err error
	if s.redis != nil {
		err = s.redis.Close()
	}
	for i := len(s.inProcess) - 1; i >= 0; i-- {
		err = errors.Join(err, s.inProcess[i]())
	}
	for i := len(s.processes) - 1; i >= 0; i-- {
		err = errors.Join(err, s.processes[i].Stop())
	}
	return err
}

func (s *benchStand) start(ctx context.Context, c stand.Command) (*stand.Process, error) {
	c.Dir = s.dir
	p, err := stand.Start(ctx, c)
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return p, err
}

// benchPopulation is how many persons the registries of a stand have.
const benchPopulation = 1000

// startRegistries starts the simulated registries as a process.
func (s *benchStand) startRegistries(ctx context.Context) error {
	port, err := stand.Port()
	if err != nil {
		return err
	}
	s.sim = fmt.Sprintf("127.0.0.1:%d", port)
	args := []string{s.program, "sim", "--sim", s.sim, "--persons", strconv.Itoa(benchPopulation)}
	for _, setting := range s.set {
		args = append(args, "--set", setting)
	}
	p, err := s.start(ctx, stand.Command{Name: "registries", Ready: stand.Accepts(s.sim), Args: args})
	if err != nil {
		return err
	}
	s.programs["registries"] = []int{p.PID()}
	return nil
}

// startRedis starts a Redis of the trial's own, without persistence.
func (s *benchStand) startRedis(ctx context.Context) error {
	port, err := stand.Port()
	if err != nil {
		return err
	}
	s.redisURL = fmt.Sprintf("redis://127.0.0.1:%d/0", port)
	p, err := s.start(ctx, stand.Command{Name: "redis", Ready: stand.Accepts(fmt.Sprintf("127.0.0.1:%d", port)),
		Args: []string{"redis-server", "--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--save", "", "--appendonly", "no"}})
	if err != nil {
		return err
	}
	s.programs["redis"] = []int{p.PID()}
	return nil
}

// startGateways starts gateways in front of the registries.
func (s *benchStand) startGateways(ctx context.Context, b *benchRunCmd) error {
	t := &benchTarget{name: "brana", redis: s.redis}
	for i := range b.Gateways {
		name := fmt.Sprintf("gateway-%d", i+1)
		listen, err := stand.Port()
		if err != nil {
			return err
		}
		admin, err := stand.Port()
		if err != nil {
			return err
		}
		file, err := s.writeConfig(name, b, listen, admin)
		if err != nil {
			return err
		}
		url := fmt.Sprintf("http://127.0.0.1:%d", admin)
		p, err := s.start(ctx, stand.Command{Name: name, Ready: ready(url), Args: []string{s.program, "serve", "-c", file}, Piped: true,
			Env: []string{fmt.Sprintf("GOMAXPROCS=%d", b.Cores)}})
		if err != nil {
			return err
		}
		t.pids = append(t.pids, p.PID())
		t.urls = append(t.urls, fmt.Sprintf("%s://127.0.0.1:%d/publikace", s.scheme(), listen))
		t.admin = append(t.admin, url)
	}
	s.targets = append(s.targets, t)
	return nil
}

func (s *benchStand) scheme() string {
	if s.authority != nil {
		return "https"
	}
	return "http"
}

// ready asks a gateway whether it is.
func ready(admin string) func() error {
	return func() error {
		response, err := http.Get(admin + "/readyz")
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("it is not ready: HTTP %d", response.StatusCode)
		}
		return nil
	}
}

// writeConfig writes the configuration of a gateway and its policy: the sample
// and the bench's own grant.
func (s *benchStand) writeConfig(name string, b *benchRunCmd, listen, admin int) (string, error) {
	grants, err := sample.ReadFile("sample/grants.yaml")
	if err != nil {
		return "", err
	}
	matrix, err := sample.ReadFile("sample/matrix.csv")
	if err != nil {
		return "", err
	}
	store := "{store: memory}"
	if s.redisURL != "" {
		store = fmt.Sprintf("{store: redis, redis: {url: %q, timeout: 2s, trust_empty: true}}", s.redisURL)
	}
	dir, tls, identities := filepath.Join(s.dir, name), "", "identities: []\n"
	if a := s.authority; a != nil {
		tls = fmt.Sprintf(", tls: {cert: %q, key: %q, client_ca: %q}", a.GateCert, a.GateKey, a.CA)
		identities = fmt.Sprintf("identities:\n  - {serial: %q, issuer: %q, ais: %s, administrator: %q, agendas: [%s]}\n", a.CallerSerial, a.Issuer, b.Ais, b.Ovm, b.Agenda)
	}
	config := fmt.Sprintf(benchConfig, listen, tls, admin, strings.ReplaceAll(benchUpstreams, "SIM", s.sim), store)
	s.configs["brana"] = strings.ReplaceAll(config, s.dir, ".")
	err = os.MkdirAll(filepath.Join(dir, "policy"), 0o700)
	for file, text := range map[string]string{
		"brana.yaml":         config,
		"policy/grants.yaml": string(grants) + "\n" + b.grant(), "policy/identities.yaml": identities,
		"matrix.csv": string(matrix) + b.rows(),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	return filepath.Join(dir, "brana.yaml"), err
}

// benchConfig differs from the defaults in how many connections may come from
// one address, which here are all of them.
const benchConfig = `environment: test
listen: {address: "127.0.0.1:%d", max_conns: 65536, max_conns_per_peer: 65536, max_exchanges: 65536%s}
admin: {address: "127.0.0.1:%d"}
upstreams:
%sroutes: {default: relay iszr, E198: workflow, E227: local}
policy: {dir: policy, matrix: {file: matrix.csv}}
limits: %s
log: {level: info}
`

const benchUpstreams = `  iszr: {url: "http://SIM/publikace", max_conns: 4096}
  rob: {url: "http://SIM/rob", agenda: A101, ais: 1, max_conns: 4096}
  org: {url: "http://SIM/org", max_conns: 4096}
  ruian: {url: "http://SIM/ruian", max_conns: 4096}
  eop: {url: "http://SIM/eop", agenda: A102, ais: 2, max_conns: 4096}
  ecd: {url: "http://SIM/ecd", agenda: A103, ais: 3, max_conns: 4096}
`

// startPeers starts what the gateway is measured against.
func (s *benchStand) startPeers(ctx context.Context, b *benchRunCmd) error {
	for _, name := range b.Against {
		if name == report.Direct {
			s.targets = append(s.targets, &benchTarget{name: name, urls: []string{"http://" + s.sim + "/publikace"}})
			continue
		}
		p, err := stand.StartPeer(ctx, name, stand.PeerConfig{Dir: s.dir, Upstream: s.sim, Threads: b.Cores, Connections: b.Connections})
		if err != nil {
			return err
		}
		s.processes = append(s.processes, p.Process)
		s.versions[name], s.configs[name] = p.Version, strings.ReplaceAll(p.Config, s.dir, ".")
		s.targets = append(s.targets, &benchTarget{name: name, urls: []string{p.URL}, pids: []int{p.PID()}})
	}
	return nil
}
