package main

import (
	_ "embed" // the example configuration
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"brana/limits"
	"brana/policy"
	"brana/upstream"
)

//go:embed example.yaml
var exampleConfig []byte

// config is brana.yaml, the static part of the configuration.
type config struct {
	Environment policy.Environment        `yaml:"environment"`
	Listen      listenConfig              `yaml:"listen"`
	Admin       adminConfig               `yaml:"admin"`
	Upstreams   map[string]upstreamConfig `yaml:"upstreams"`
	Routes      map[string]string         `yaml:"routes"`
	Policy      policyConfig              `yaml:"policy"`
	Limits      limitsConfig              `yaml:"limits"`
	Queue       queueConfig               `yaml:"queue"`
	Requests    requestsConfig            `yaml:"requests"`
	Log         logConfig                 `yaml:"log"`
}

type listenConfig struct {
	Address          string       `yaml:"address"`
	Prefix           string       `yaml:"prefix"`
	StatusMode       string       `yaml:"status_mode"` // egon | http
	InlineLimit      size         `yaml:"inline_limit"`
	MaxMessage       size         `yaml:"max_message"`
	MaxExchanges     count        `yaml:"max_exchanges"`
	CallTimeout      duration     `yaml:"call_timeout"`
	Drain            duration     `yaml:"drain"`
	Linger           duration     `yaml:"linger"`         // then, within drain, idle connections stay open
	ShutdownDelay    duration     `yaml:"shutdown_delay"` // first, within drain, calls are still served
	ReadIdle         duration     `yaml:"read_idle"`
	WriteIdle        duration     `yaml:"write_idle"`
	MinRate          size         `yaml:"min_rate"` // a second
	KeepAlive        duration     `yaml:"keep_alive"`
	MaxConns         count        `yaml:"max_conns"`
	MaxConnsPerPeer  count        `yaml:"max_conns_per_peer"`
	Bounds           boundsConfig `yaml:"bounds"`
	InsecureIdentity bool         `yaml:"insecure_identity"`
	WSDL             string       `yaml:"wsdl"`       // folder of the official files
	PublicURL        string       `yaml:"public_url"` // of the prefix, for WSDLs

	TLS *listenTLS `yaml:"tls"`
}

// boundsConfig bounds what a message may make the gateway hold.
type boundsConfig struct {
	Head       size  `yaml:"head"`
	Items      count `yaml:"items"`
	Name       size  `yaml:"name"`
	Tag        size  `yaml:"tag"`
	Attributes count `yaml:"attributes"`
	Namespaces count `yaml:"namespaces"`
	Depth      count `yaml:"depth"`
}

type adminConfig struct {
	Address string   `yaml:"address"`
	Hosts   []string `yaml:"hosts"` // names by which it is called, beside addresses
}

type upstreamConfig struct {
	URL      string    `yaml:"url"`
	Timeout  *duration `yaml:"timeout"`
	MaxConns *count    `yaml:"max_conns"`

	ReceiveBuffer size           `yaml:"receive_buffer"`
	MaxReply      *size          `yaml:"max_reply"`
	Breaker       *breakerConfig `yaml:"breaker"`
	Pace          *paceConfig    `yaml:"pace"`

	Agenda string `yaml:"agenda"`
	Ais    count  `yaml:"ais"`

	TLS *upstreamTLS `yaml:"tls"`
}

// breakerConfig says when an upstream that is down is not asked any more; what
// is left out has its default.
type breakerConfig struct {
	Failures *count    `yaml:"failures"` // 0: never
	Window   *duration `yaml:"window"`
	Open     *duration `yaml:"open"`
}

// paceConfig says how many calls a second an upstream is sent; both are needed.
type paceConfig struct {
	PerSecond float64 `yaml:"per_second"`
	Burst     count   `yaml:"burst"`
}

func (u upstreamConfig) pace() upstream.Pace {
	if u.Pace == nil {
		return upstream.Pace{}
	}
	return upstream.Pace{PerSecond: u.Pace.PerSecond, Burst: int(u.Pace.Burst)}
}

// breaker is the configuration with its defaults.
func (u upstreamConfig) breaker() upstream.Breaker {
	b := upstream.DefaultBreaker()
	if u.Breaker == nil {
		return b
	}
	if u.Breaker.Failures != nil {
		b.Failures = int(*u.Breaker.Failures)
	}
	if u.Breaker.Window != nil {
		b.Window = time.Duration(*u.Breaker.Window)
	}
	if u.Breaker.Open != nil {
		b.Open = time.Duration(*u.Breaker.Open)
	}
	return b
}

type policyConfig struct {
	Dir    string       `yaml:"dir"`
	Matrix matrixConfig `yaml:"matrix"`
}

// matrixConfig names a file or, in E227, the upstream that is asked for rows.
type matrixConfig struct {
	File string `yaml:"file"`

	E227       string       `yaml:"e227"`
	Caller     callerConfig `yaml:"caller"` // as whom the gateway asks
	Snapshot   string       `yaml:"snapshot"`
	Generation timeOfDay    `yaml:"generation"`
	Jitter     duration     `yaml:"jitter"`
	Fresh      duration     `yaml:"fresh"` // 0: until the next generation
	Negative   duration     `yaml:"negative"`
	MaxAge     duration     `yaml:"max_age"`
	Early      duration     `yaml:"early"`
	Timeout    duration     `yaml:"timeout"`
	Wait       duration     `yaml:"wait"`
	Parallel   count        `yaml:"parallel"`
	Foreign    count        `yaml:"foreign"`
}

type callerConfig struct {
	Agenda string `yaml:"agenda"`
	Role   string `yaml:"role"`
	Ovm    string `yaml:"ovm"`
	Ais    count  `yaml:"ais"`
}

type limitsConfig struct {
	Store    string         `yaml:"store"` // memory | redis
	Redis    redisConfig    `yaml:"redis"`
	Calendar calendarConfig `yaml:"calendar"`
}

type redisConfig struct {
	URL          string   `yaml:"url"`
	PasswordFile string   `yaml:"password_file"`
	Timeout      duration `yaml:"timeout"`
	TrustEmpty   bool     `yaml:"trust_empty"`
	WaitReplicas count    `yaml:"wait_replicas"` // that must acknowledge a grant

	TLS *upstreamTLS `yaml:"tls"`
}

type calendarConfig struct {
	Working  string `yaml:"working"`
	Holidays string `yaml:"holidays"`
	Zone     string `yaml:"zone"`
}

type logConfig struct {
	Level       string `yaml:"level"`        // debug | info | warn | error
	WhenBlocked string `yaml:"when_blocked"` // wait | drop
}

// defaultConfig has what a file may leave out.
func defaultConfig() config {
	return config{
		Environment: "test",
		Listen: listenConfig{Address: "127.0.0.1:8080", Prefix: "/publikace", StatusMode: "egon",
			InlineLimit: 64 << 10, MaxMessage: 256 << 20, MaxExchanges: 4096, CallTimeout: duration(60 * time.Second), Drain: duration(25 * time.Second), Linger: duration(time.Second),
			ReadIdle: duration(15 * time.Second), WriteIdle: duration(60 * time.Second), MinRate: 32 << 10, KeepAlive: duration(60 * time.Second),
			MaxConns: 8192, MaxConnsPerPeer: 256,
			Bounds: boundsConfig{Head: 64 << 10, Items: 256, Name: 256, Tag: 16 << 10, Attributes: 64, Namespaces: 256, Depth: 128}},
		Admin: adminConfig{Address: "127.0.0.1:8081", Hosts: []string{}},
		Policy: policyConfig{Matrix: matrixConfig{Generation: timeOfDay(4 * time.Hour), Jitter: duration(30 * time.Minute),
			Negative: duration(15 * time.Minute), MaxAge: duration(48 * time.Hour), Early: duration(10 * time.Minute),
			Timeout: duration(10 * time.Second), Wait: duration(5 * time.Second), Parallel: 4, Foreign: 1000}},
		Limits: limitsConfig{Store: "memory",
			Calendar: calendarConfig{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"}},
		Queue:    queueConfig{Keep: duration(24 * time.Hour), Entries: 1000, Bytes: 16 << 20, Page: 100},
		Requests: requestsConfig{DuplicateIDs: 100_000},
		Log:      logConfig{Level: "info", WhenBlocked: refuseCalls},
	}
}

// readConfig reads a file; paths in it are relative to its folder.
func readConfig(file string) (*config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	c, err := parseConfig(file, text, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	for _, path := range c.files() {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
		}
	}
	return c, nil
}

// parseConfig parses the text of a configuration; ${NAME} stands for a
// variable of the environment. Unknown keys are errors.
func parseConfig(file string, text []byte, lookup func(string) (string, bool)) (*config, error) {
	text, err := policy.PlainText(file, text)
	if err != nil {
		return nil, err
	}
	v := &variables{file: file, lookup: lookup}
	marked, err := v.mark(string(text))
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseBytes([]byte(marked), 0)
	if err != nil {
		return nil, errors.Join(v.none(), positioned(file, err))
	}
	c := defaultConfig()
	for i, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 {
			return nil, positioned(file, mistake(doc.Body, "a second document begins: have one in the file"))
		}
		root := v.expand(doc.Body)
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := yaml.NodeToValue(root, &c, yaml.Strict()); err != nil {
			return nil, positioned(file, err)
		}
	}
	return &c, c.validate(file)
}

// positioned puts file:line:col before what the YAML library says.
func positioned(file string, err error) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) && syntax.GetToken() != nil {
		p := syntax.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s", file, p.Line, p.Column, inWords(syntax))
	}
	return fmt.Errorf("%s: %w", file, err)
}

// validate returns all that is wrong with the values, each named by its key.
func (c *config) validate(file string) error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s: %s", file, key, fmt.Sprintf(format, args...)))
	}
	oneOf := func(key, value string, allowed ...string) {
		for _, a := range allowed {
			if value == a {
				return
			}
		}
		wrong(key, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
	oneOf("environment", string(c.Environment), "test", "production")
	oneOf("listen.status_mode", c.Listen.StatusMode, "egon", "http")
	oneOf("limits.store", c.Limits.Store, "memory", "redis")
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.when_blocked", c.Log.WhenBlocked, refuseCalls, dropLines)
	c.Limits.check(wrong)
	for _, listener := range []struct{ key, address string }{{"listen.address", c.Listen.Address}, {"admin.address", c.Admin.Address}} {
		if !isAddress(listener.address) {
			wrong(listener.key, "%q is not host:port", listener.address)
		}
	}
	c.Listen.check(wrong)
	c.Listen.checkBounds(wrong)
	if l := &c.Listen; l.ShutdownDelay > 0 && l.ShutdownDelay >= l.Drain {
		wrong("listen.shutdown_delay", "%s leaves nothing of drain (%s) for calls to end; make drain longer", time.Duration(l.ShutdownDelay), time.Duration(l.Drain))
	}
	for _, host := range c.Admin.Hosts {
		if host == "" || strings.ContainsAny(host, ":/*[] ") {
			wrong("admin.hosts", "%q is not a name without a port, as brana.example", host)
		}
	}
	c.Queue.check(wrong)
	c.Requests.check(wrong)
	for _, name := range slices.Sorted(maps.Keys(c.Upstreams)) {
		c.Upstreams[name].check(name, wrong)
	}
	c.checkMatrix(wrong)
	if len(c.Routes) == 0 {
		wrong("routes", "name at least a default, as: routes: {default: relay iszr, E198: workflow, E227: local}")
	}
	for _, code := range slices.Sorted(maps.Keys(c.Routes)) {
		if err := c.checkRoute(c.Routes[code]); err != nil {
			wrong("routes."+code, "%v", err)
		}
	}
	return errors.Join(errs...)
}

// checkBounds tells which values are not at least what an honest call needs, or
// above what a process can hold for many of them.
func (l *listenConfig) checkBounds(wrong func(key, format string, args ...any)) {
	between(wrong, "listen.inline_limit", l.InlineLimit, 1, 1<<30)
	between(wrong, "listen.max_message", l.MaxMessage, 1, 1<<40)
	between(wrong, "listen.max_exchanges", l.MaxExchanges, 1, 1<<20)
	between(wrong, "listen.call_timeout", l.CallTimeout, duration(time.Millisecond), duration(24*time.Hour))
	between(wrong, "listen.read_idle", l.ReadIdle, duration(time.Millisecond), duration(24*time.Hour))
	between(wrong, "listen.write_idle", l.WriteIdle, duration(time.Millisecond), duration(24*time.Hour))
	between(wrong, "listen.keep_alive", l.KeepAlive, duration(time.Millisecond), duration(24*time.Hour))
	between(wrong, "listen.min_rate", l.MinRate, 1, 1<<30)
	between(wrong, "listen.max_conns", l.MaxConns, 1, 1<<20)
	between(wrong, "listen.max_conns_per_peer", l.MaxConnsPerPeer, 1, 1<<20)
	b := &l.Bounds
	between(wrong, "listen.bounds.head", b.Head, 4<<10, 16<<20)
	between(wrong, "listen.bounds.items", b.Items, 1, 10000)
	between(wrong, "listen.bounds.name", b.Name, 64, 64<<10)
	between(wrong, "listen.bounds.tag", b.Tag, 1<<10, 1<<20)
	between(wrong, "listen.bounds.attributes", b.Attributes, 8, 1024)
	between(wrong, "listen.bounds.namespaces", b.Namespaces, 8, 1024)
	between(wrong, "listen.bounds.depth", b.Depth, 16, 10000)
}

// isAddress reports whether a listener can have the address: host:port, with a
// port from 0 (any that is free) to 65535.
func isAddress(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func (c *config) checkRoute(text string) error {
	name, relayed := strings.CutPrefix(text, "relay ")
	switch {
	case relayed:
		if _, ok := c.Upstreams[name]; !ok {
			return fmt.Errorf("relay %s: no upstream has this name", name)
		}
		return nil
	case text == "workflow", text == "local", text == "refuse":
		return nil
	default:
		return fmt.Errorf("%q is not a route: write relay NAME, workflow, local or refuse", text)
	}
}

func (c calendarConfig) calendar() (*limits.Calendar, error) {
	calendar, err := limits.NewCalendar(limits.CalendarConfig{Working: c.Working, Holidays: c.Holidays, Zone: c.Zone})
	if err != nil {
		return nil, fmt.Errorf("limits.calendar: %w", err)
	}
	return calendar, nil
}
