package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/policy"
)

type devCmd struct {
	Listen string `placeholder:"ADDR" help:"Listener of the gateway instead of the configuration's."`
	Admin  string `placeholder:"ADDR" help:"Admin listener instead of the configuration's."`
	Redis  string `placeholder:"URL" help:"Keep limits in Redis instead of in the process, as redis://127.0.0.1:6379/0."`
	Policy string `placeholder:"DIR" type:"path" help:"Directory of grants and matrix.csv instead of the sample policy."`
	Config string `placeholder:"FILE" type:"path" help:"Static configuration instead of the built-in one; its upstreams are called instead of those of --sim."`

	Publisher bool `help:"Stand before AISEO, and have the simulated bus call it through the gateway."`
	simFlags
}

// Run serves the gateway and the registries until SIGTERM or SIGINT.
func (d *devCmd) Run(io stdio) error {
	server, listener, err := d.simFlags.start()
	if err != nil {
		return err
	}
	d.Sim = listener.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	err = errors.Join(d.serve(io, server), stopRegistries(server))
	_ = listener.Close() // it is open if the gateway ended before the registries began
	return errors.Join(err, <-ended)
}

// serve runs the gateway in front of the registries, or between two of them.
func (d *devCmd) serve(io stdio, server *registries.Server) error {
	c, err := d.configuration()
	if err != nil {
		return exit(exitUsage, err)
	}
	remove, err := recordFor(c)
	if err != nil {
		return exit(exitUsage, err)
	}
	log, err := openLog(&c.Log, io)
	if err != nil {
		return exit(exitUsage, errors.Join(err, remove()))
	}
	err = serve(c, d.load(c), log, func(listen, admin net.Addr) {
		url := c.Listen.Scheme() + "://" + listen.String() + c.Listen.Prefix
		fmt.Fprintf(
			io.err, "brana: gateway %s/{code}, admin http://%s, registries http://%s\n",
			url, admin, d.Sim,
		)
		if d.Publisher {
			fmt.Fprintln(io.err, d.callThrough(server, url))
		} else {
			fmt.Fprintf(
				io.err,
				"brana: try: brana call E198%s --name \"Zoran Vosáhlo\" --born 1977-05-03 "+
					"--source Eop --items \"EopFoto Jmeno Prijmeni ROBCti RUIANCti\"\n",
				urlFlag(url),
			)
		}
		fmt.Fprintf(io.err, "brana: who asked for what: brana audit query%s (%s)\n",
			adminFlag(admin.String()), c.Audit.Dir)
		fmt.Fprintln(io.err, "brana: persons to ask for: brana persons; end with Ctrl-C")
	})
	return errors.Join(err, remove())
}

// callThrough has the bus call AISEO through the gateway at a URL, and proposes a call of
// the bus.
func (d *devCmd) callThrough(server *registries.Server, url string) (try string) {
	settings := server.Settings(registries.Front)
	settings.AiseoURL = url + "/" + registries.AISEO
	if err := server.Set(registries.Front, settings); err != nil {
		panic(err) // the URL of a listener is one
	}
	const marek = 2 // whose AIFO the caller of the sample policy has from the start
	return fmt.Sprintf("brana: the bus calls AISEO at %s; "+
		"try: brana call E159 --url http://%s/publikace --aifo %s --items \"RodneCislo StavOsoby\"",
		settings.AiseoURL, d.Sim, registries.AIFO("X999", marek))
}

// recordFor has a gateway of this process keep its record of use in a temporary folder,
// unless the configuration names one, and returns the function that removes the folder.
func recordFor(c *config.Config) (remove func() error, err error) {
	if c.Audit.Dir != "" {
		return func() error { return nil }, nil
	}
	if c.Audit.Dir, err = os.MkdirTemp("", "brana-audit-"); err != nil {
		return nil, fmt.Errorf("make a folder for the record of use: %w", err)
	}
	return func() error { return os.RemoveAll(c.Audit.Dir) }, nil
}

// urlFlag is the flag that brana call needs unless the gateway is at the default.
func urlFlag(url string) string {
	if url == defaultURL {
		return ""
	}
	return " --url " + url
}

// adminFlag is the flag that a verb needs unless the admin listener is at the default.
func adminFlag(address string) string {
	if address == defaultAdmin {
		return ""
	}
	return " --admin " + address
}

// configuration returns the built-in configuration, or the one of the file, as the flags
// change it.
func (d *devCmd) configuration() (*config.Config, error) {
	c, err := d.base()
	if err != nil {
		return nil, err
	}
	c.Listen.Address = cmp.Or(d.Listen, c.Listen.Address)
	c.Admin.Address = cmp.Or(d.Admin, c.Admin.Address)
	if d.Redis != "" {
		c.Limits.Store = config.InRedis
		c.Limits.Redis.URL, c.Limits.Redis.TrustEmpty = d.Redis, true
	}
	return c, c.Validate("flags")
}

// base is the configuration of the file, or the built-in one with the upstreams
// at the addresses of the registries.
func (d *devCmd) base() (*config.Config, error) {
	if d.Config != "" {
		return d.read()
	}
	text := config.Example
	if d.Publisher {
		text = config.PublisherExample
	}
	none := func(string) (string, bool) { return "", false } // the examples have no variables
	c, err := config.Parse("built-in", text, none)
	if err != nil {
		return nil, err
	}
	for name, u := range c.Upstreams {
		path := "/" + name
		if name == "iszr" {
			path = "/publikace"
		}
		u.URL = "http://" + d.Sim + path
		c.Upstreams[name] = u
	}
	return c, nil
}

// read reads the configuration of the file.
func (d *devCmd) read() (*config.Config, error) {
	c, err := config.Read(d.Config, os.LookupEnv)
	if err == nil && d.Publisher && c.Place != config.Publisher {
		err = fmt.Errorf("%s: place is %s: --publisher needs place: publisher", d.Config, c.Place)
	}
	return c, err
}

// load returns the loader of the policy that --policy or --config names, or of the
// sample.
func (d *devCmd) load(c *config.Config) func() (*policy.Snapshot, error) {
	if d.Policy != "" {
		return func() (*policy.Snapshot, error) {
			cfg := policy.Config{
				Dir:         d.Policy,
				MatrixFile:  d.Policy + "/matrix.csv",
				Environment: c.Environment,
				Publisher:   c.Place == config.Publisher,
			}
			if c.Policy.Matrix.E227 != "" {
				cfg.MatrixFile = ""
			}
			return policy.Load(cfg)
		}
	}
	if d.Config != "" {
		return policyLoader(c)
	}
	return func() (*policy.Snapshot, error) {
		return policy.LoadFS(sample, samplePolicy(c.Environment, c.Place))
	}
}
