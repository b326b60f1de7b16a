package trial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"brana/bench/load"
	"brana/bench/report"
	"brana/bench/stand"
)

// A target is one thing that calls are sent to.
type target struct {
	name   string
	path   string    // of the program of gateways that are started
	record *Recorded // that they keep; nil: none
	rules  *Ruled    // of their relays; nil: those of the place
	mix    *load.Mix // with the answers that follow from the rules
	urls   []string
	admin  []string // of gateways
	pids   []int
	redis  *stand.Redis
}

// setup is everything that a trial has started.
type setup struct {
	dir       string
	sim       string   // host:port of the registries
	settings  []string // of the registries, by the Config and by the trial
	processes []*stand.Process
	ends      []func() error // of the parts in this process
	redis     *stand.Redis
	redisURL  string
	authority *stand.Authority // nil: no TLS
	targets   []*target
	programs  map[string][]int // process ids beside the targets, by name
	versions  map[string]string
	configs   map[string]string
}

func newSetup(dir string) setup {
	return setup{
		dir:      dir,
		programs: map[string][]int{},
		versions: map[string]string{},
		configs:  map[string]string{},
	}
}

// close ends what was started, the last first.
func (s *setup) close() error {
	var err error
	if s.redis != nil {
		err = s.redis.Close()
	}
	for i := len(s.ends) - 1; i >= 0; i-- {
		err = errors.Join(err, s.ends[i]())
	}
	for i := len(s.processes) - 1; i >= 0; i-- {
		err = errors.Join(err, s.processes[i].Stop())
	}
	return err
}

func (s *setup) start(ctx context.Context, c stand.Command) (*stand.Process, error) {
	c.Dir = s.dir
	p, err := stand.Start(ctx, c)
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return p, err
}

// population is the number of persons that the registries have.
const population = 1000

// startRegistries starts the simulated registries as a process.
func (s *setup) startRegistries(ctx context.Context, program string) error {
	port, err := stand.Port()
	if err != nil {
		return err
	}
	s.sim = fmt.Sprintf("127.0.0.1:%d", port)
	args := []string{program, "sim", "--sim", s.sim, "--persons", strconv.Itoa(population)}
	for _, setting := range s.settings {
		args = append(args, "--set", setting)
	}
	p, err := s.start(
		ctx, stand.Command{Name: "registries", Ready: stand.Accepts(s.sim), Args: args},
	)
	if err != nil {
		return err
	}
	s.programs["registries"] = []int{p.PID()}
	return nil
}

// startRedis starts a Redis of the trial's own, without persistence.
func (s *setup) startRedis(ctx context.Context) error {
	port, err := stand.Port()
	if err != nil {
		return err
	}
	s.redisURL = fmt.Sprintf("redis://127.0.0.1:%d/0", port)
	p, err := s.start(ctx, stand.Command{
		Name:  "redis",
		Ready: stand.Accepts(fmt.Sprintf("127.0.0.1:%d", port)),
		Args: []string{"redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(port),
			"--save", "", "--appendonly", "no"},
	})
	if err != nil {
		return err
	}
	s.programs["redis"] = []int{p.PID()}
	return nil
}

// startGateways starts gateways in front of the registries: those of the program, with
// rules of their own or with those of the place, with a record of use and without, and
// those of the other builds. There are as many of each, with the same settings.
func (s *setup) startGateways(ctx context.Context, c *Config) error {
	var targets []*target
	for i := range c.Ruled {
		r := &c.Ruled[i]
		targets = append(targets, &target{name: r.Name, path: c.Program.Path, rules: r})
	}
	if len(targets) == 0 {
		targets = []*target{{name: "brana", path: c.Program.Path}}
	}
	for i := range c.Recorded {
		r := &c.Recorded[i]
		targets = append(targets, &target{name: r.Name, path: c.Program.Path, record: r})
	}
	for _, b := range c.Builds {
		targets = append(targets, &target{name: b.Name, path: b.Path})
	}
	for _, t := range targets {
		t.redis = s.redis
		for i := range c.Gateways {
			if err := s.startGateway(ctx, c, t, fmt.Sprintf("%s-%d", t.name, i+1)); err != nil {
				return err
			}
		}
		s.targets = append(s.targets, t)
	}
	for _, b := range c.Builds {
		said, err := exec.CommandContext(ctx, b.Path, "version").Output()
		if err != nil {
			return fmt.Errorf("ask %s for its version: %w", b.Path, err)
		}
		s.versions[b.Name] = strings.TrimSpace(string(said))
	}
	return nil
}

// startGateway starts one more gateway of a target.
func (s *setup) startGateway(ctx context.Context, c *Config, t *target, name string) error {
	listen, err := stand.Port()
	if err != nil {
		return err
	}
	admin, err := stand.Port()
	if err != nil {
		return err
	}
	file, err := s.configure(name, c, gatewayPlan{t.record, t.rules, listen, admin})
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", admin)
	p, err := s.start(ctx, stand.Command{
		Name:  name,
		Ready: ready(url),
		Args:  []string{t.path, "serve", "-c", file},
		Piped: true,
		Env:   []string{fmt.Sprintf("GOMAXPROCS=%d", c.Cores)},
	})
	if err != nil {
		return err
	}
	t.pids = append(t.pids, p.PID())
	t.urls = append(t.urls, fmt.Sprintf("%s://127.0.0.1:%d/publikace", s.scheme(), listen))
	t.admin = append(t.admin, url)
	return nil
}

func (s *setup) scheme() string {
	if s.authority != nil {
		return "https"
	}
	return "http"
}

// ready returns a check that a gateway is ready.
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

// startLocal makes registries and a gateway in this process.
func (s *setup) startLocal(c *Config) error {
	address, stop, err := c.Local.Registries(population, s.settings)
	if err != nil {
		return err
	}
	s.sim, s.ends = address, append(s.ends, stop)
	file, err := s.configure("gateway-1", c, gatewayPlan{})
	if err != nil {
		return err
	}
	url, stop, err := c.Local.Gateway(file, filepath.Join(s.dir, "gateway-1.log"))
	if err != nil {
		return err
	}
	s.ends = append(s.ends, stop)
	// Its allocations cannot be separated from those of the generator: no admin.
	s.targets = []*target{{name: "brana", urls: []string{url}, redis: s.redis}}
	return nil
}

// startPeers starts what the gateway is compared with.
func (s *setup) startPeers(ctx context.Context, c *Config) error {
	for _, name := range c.Against {
		if name == report.Direct {
			direct := &target{name: name, urls: []string{"http://" + s.sim + "/publikace"}}
			s.targets = append(s.targets, direct)
			continue
		}
		p, err := stand.StartPeer(ctx, name, stand.PeerConfig{
			Dir:         s.dir,
			Upstream:    s.sim,
			Threads:     c.Cores,
			Connections: c.Connections,
		})
		if err != nil {
			return err
		}
		s.processes = append(s.processes, p.Process)
		s.versions[name], s.configs[name] = p.Version, strings.ReplaceAll(p.Config, s.dir, ".")
		s.targets = append(
			s.targets, &target{name: name, urls: []string{p.URL}, pids: []int{p.PID()}},
		)
	}
	return nil
}
