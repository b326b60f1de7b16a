package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"

	"brana/cmd/brana/config"
	"brana/policy"
)

type devCmd struct {
	Listen string `placeholder:"ADDR" help:"Listener of the gateway instead of the configuration's."`
	Admin  string `placeholder:"ADDR" help:"Admin listener instead of the configuration's."`
	Redis  string `placeholder:"URL" help:"Keep limits in Redis instead of in the process, as redis://127.0.0.1:6379/0."`
	Policy string `placeholder:"DIR" type:"path" help:"Directory of grants and matrix.csv instead of the sample policy."`
	Config string `placeholder:"FILE" type:"path" help:"Static configuration instead of the built-in one; its upstreams are called instead of those of --sim."`
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
	err = errors.Join(d.serve(io), stopRegistries(server))
	_ = listener.Close() // it is open if the gateway ended before the registries began
	return errors.Join(err, <-ended)
}

// serve runs the gateway in front of the registries.
func (d *devCmd) serve(io stdio) error {
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
		fmt.Fprintf(
			io.err,
			"brana: try: brana call E198%s --name \"Zoran Vosáhlo\" --born 1977-05-03 "+
				"--source Eop --items \"EopFoto Jmeno Prijmeni ROBCti RUIANCti\"\n",
			urlFlag(url),
		)
		fmt.Fprintf(io.err, "brana: who asked for what: brana audit query%s (%s)\n",
			adminFlag(admin.String()), c.Audit.Dir)
		fmt.Fprintln(io.err, "brana: persons to ask for: brana persons; end with Ctrl-C")
	})
	return errors.Join(err, remove())
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
		return config.Read(d.Config, os.LookupEnv)
	}
	none := func(string) (string, bool) { return "", false } // the example has no variables
	c, err := config.Parse("built-in", config.Example, none)
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
		return policy.LoadFS(sample, samplePolicy(c.Environment))
	}
}
