package config

import (
	_ "embed" // the example
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"brana/policy"
)

// Example is a configuration that has every key, with its default where there
// is one.
//
//go:embed example.yaml
var Example []byte

// PublisherExample is the configuration of a gateway before AISEO.
//
//go:embed publisher.yaml
var PublisherExample []byte

// Config is brana.yaml, the static part of the configuration.
type Config struct {
	Environment policy.Environment  `yaml:"environment"`
	Place       Place               `yaml:"place"`
	Listen      Listen              `yaml:"listen"`
	Admin       Admin               `yaml:"admin"`
	Upstreams   map[string]Upstream `yaml:"upstreams"`
	Routes      Routes              `yaml:"routes"`
	Policy      Policy              `yaml:"policy"`
	Limits      Limits              `yaml:"limits"`
	Queue       Queue               `yaml:"queue"`
	Requests    Requests            `yaml:"requests"`
	Audit       Audit               `yaml:"audit"`
	Log         Log                 `yaml:"log"`
}

// Default returns the values of keys that a file may leave out. A field that is zero
// here has no default, or the package that takes it has the default.
func Default() Config {
	return Config{
		Environment: "test",
		Place:       Hub,
		Listen:      defaultListen(),
		Admin:       Admin{Address: "127.0.0.1:8081", Hosts: []string{}},
		Policy:      Policy{Matrix: defaultMatrix()},
		Limits:      defaultLimits(),
		Queue:       defaultQueue(),
		Requests:    Requests{DuplicateIDs: 100_000},
		Audit:       defaultAudit(),
		Log:         Log{Level: "info", Exchanges: AllLines, WhenBlocked: RefuseCalls},
	}
}

// Read reads a file. Paths in it are relative to its folder; lookup finds the
// variables, as os.LookupEnv does.
func Read(file string, lookup func(string) (string, bool)) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(file, text, lookup)
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

// Parse parses the text of a configuration and checks it. Mistakes name file.
// In a value, ${NAME} is replaced by the variable that lookup finds. Unknown
// keys are mistakes.
func Parse(file string, text []byte, lookup func(string) (string, bool)) (*Config, error) {
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
		return nil, errors.Join(v.malformed(), positioned(file, err))
	}
	c := Default()
	m := &mistakes{file: file}
	for i, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 {
			return nil, positioned(
				file, mistake(doc.Body, "a second document begins: have one in the file"),
			)
		}
		m.root = v.expand(doc.Body)
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := yaml.NodeToValue(m.root, &c, yaml.Strict()); err != nil {
			return nil, positioned(file, err)
		}
	}
	c.check(m)
	return &c, errors.Join(m.errs...)
}

// Validate returns all that is wrong with the values, joined. Mistakes name file,
// and their key.
func (c *Config) Validate(file string) error {
	m := &mistakes{file: file}
	c.check(m)
	return errors.Join(m.errs...)
}

func (c *Config) check(m *mistakes) {
	m.filled("place", "hub, sidecar or publisher")
	m.oneOf("environment", string(c.Environment), "test", "production")
	m.oneOf("place", string(c.Place), string(Hub), string(Sidecar), string(Publisher))
	c.Listen.check(m)
	c.Admin.check(m)
	c.Audit.check(m, c.Environment)
	c.Log.check(m, &c.Audit)
	c.Limits.check(m)
	c.Queue.check(m)
	c.Requests.check(m)
	for _, name := range slices.Sorted(maps.Keys(c.Upstreams)) {
		c.Upstreams[name].check(name, m)
	}
	c.Policy.Matrix.check(m, c.Upstreams)
	c.Routes.check(m, c.Place, c.Upstreams)
}

// files are all paths of the configuration.
func (c *Config) files() []*string {
	files := []*string{
		&c.Listen.WSDL,
		&c.Policy.Dir,
		&c.Policy.Matrix.File,
		&c.Policy.Matrix.Snapshot,
		&c.Limits.Redis.PasswordFile,
	}
	files = append(files, c.Audit.files()...)
	if t := c.Listen.TLS; t != nil {
		files = append(files, &t.Cert, &t.Key, &t.ClientCA)
	}
	for _, u := range c.Upstreams {
		files = append(files, u.TLS.files()...)
	}
	return append(files, c.Limits.Redis.TLS.files()...)
}
