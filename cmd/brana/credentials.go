package main

import (
	"crypto/tls"
	"errors"
	"time"

	"go.uber.org/zap"

	"brana/cmd/brana/config"
)

// readCredentials reads all certificates that the configuration names. The map
// is by keys of the configuration.
func readCredentials(c *config.Config, log *zap.Logger) (map[string]*credentials, error) {
	all := map[string]*credentials{}
	var errs []error
	read := func(key string, build func() (*tls.Config, error), files ...string) {
		all[key] = newCredentials(key, build, log, files...)
		errs = append(errs, all[key].load())
	}
	if t := c.Listen.TLS; t != nil {
		read(
			"listen.tls",
			func() (*tls.Config, error) { return serverTLS(t) },
			t.Cert, t.Key, t.ClientCA,
		)
	}
	for name, u := range c.Upstreams {
		if t := u.TLS; t != nil {
			read(
				"upstreams."+name+".tls",
				func() (*tls.Config, error) { return clientTLS(*t) },
				t.CA, t.Cert, t.Key,
			)
		}
	}
	if t := c.Limits.Redis.TLS; t != nil && c.Limits.Store == config.InRedis {
		read("limits.redis.tls", func() (*tls.Config, error) { return clientTLS(*t) }, t.CA,
			t.Cert, t.Key)
	}
	return all, errors.Join(errs...)
}

// credentials are certificates and keys in files. Each handshake asks for them.
type credentials struct{ reread[*tls.Config] }

func newCredentials(key string, build func() (*tls.Config, error), log *zap.Logger,
	files ...string) *credentials {
	return &credentials{reread[*tls.Config]{
		key:   key,
		what:  "certificates",
		build: build,
		log:   log,
		files: files,
	}}
}

// end is when the gateway's own certificate ends; false without one.
func (c *credentials) end() (time.Time, bool) {
	cfg := *c.current.Load()
	if len(cfg.Certificates) == 0 {
		return time.Time{}, false
	}
	return cfg.Certificates[0].Leaf.NotAfter, true
}

// server is the configuration of a listener that asks for the credentials at
// each handshake. A session that is resumed after a change is checked against
// the CAs of that time.
func (c *credentials) server() *tls.Config {
	cfg := c.value().Clone()
	cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return c.value(), nil
	}
	return cfg
}
