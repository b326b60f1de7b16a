package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// listenTLS is listen.tls. With it callers are who their certificates say.
type listenTLS struct {
	Cert       string `yaml:"cert"`
	Key        string `yaml:"key"`
	ClientCA   string `yaml:"client_ca"`
	MinVersion string `yaml:"min_version"` // 1.2 | 1.3
	LegacyRSA  bool   `yaml:"legacy_rsa"`
}

// upstreamTLS is upstreams.NAME.tls, and limits.redis.tls; what is empty is the system's CAs, and no
// client certificate.
type upstreamTLS struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

func (l *listenConfig) scheme() string {
	if l.TLS != nil {
		return "https"
	}
	return "http"
}

// check tells what is wrong with the values of listen that say who may call.
func (l *listenConfig) check(wrong func(key, format string, args ...any)) {
	l.checkPublicURL(wrong)
	if l.TLS != nil {
		l.TLS.check(wrong)
		if l.InsecureIdentity {
			wrong("listen.insecure_identity", "is for plain HTTP; remove it, or tls")
		}
	} else if !l.InsecureIdentity && !loopback(l.Address) {
		wrong("listen.address", "plain HTTP lets anybody claim to be any AIS, so it serves loopback only; listen on 127.0.0.1, or set tls, or insecure_identity: true when another gate before this one has proven who calls")
	}
}

func (t *listenTLS) check(wrong func(key, format string, args ...any)) {
	for _, file := range []struct{ key, name string }{{"cert", t.Cert}, {"key", t.Key}, {"client_ca", t.ClientCA}} {
		if file.name == "" {
			wrong("listen.tls."+file.key, "is needed; name a PEM file")
		}
	}
	if !slices.Contains([]string{"", "1.2", "1.3"}, t.MinVersion) {
		wrong("listen.tls.min_version", "%q is not one of 1.2, 1.3", t.MinVersion)
	}
	if t.LegacyRSA && t.MinVersion == "1.3" {
		wrong("listen.tls.legacy_rsa", "TLS 1.3 has no RSA key exchange; remove it, or set min_version: \"1.2\"")
	}
}

func (u upstreamConfig) check(name string, wrong func(key, format string, args ...any)) {
	if u.Pace != nil && *u.Pace == (paceConfig{}) {
		wrong("upstreams."+name+".pace", "is empty; write it as pace: {per_second: 50, burst: 10}, or remove it")
	}
	given(wrong, "upstreams."+name+".timeout", u.Timeout, duration(time.Millisecond), duration(24*time.Hour))
	given(wrong, "upstreams."+name+".max_conns", u.MaxConns, 1, 1<<20)
	given(wrong, "upstreams."+name+".max_reply", u.MaxReply, 64<<10, 64<<20)
	u.TLS.check("upstreams."+name, u.URL, "https", wrong)
}

// check tells what is wrong with the tls of whoever is called at a URL, which
// must have the scheme for it.
func (t *upstreamTLS) check(key, url, scheme string, wrong func(key, format string, args ...any)) {
	key += ".tls"
	switch {
	case t == nil:
	case !strings.HasPrefix(url, scheme+"://"):
		plain, _, _ := strings.Cut(url, "://")
		wrong(key, "is of no use with %s; write the url as %s, or remove tls", plain, scheme)
	case (t.Cert == "") != (t.Key == ""):
		wrong(key, "cert and key belong together; name both or none")
	case *t == (upstreamTLS{}):
		wrong(key, "is empty; name ca, or cert and key, or remove it")
	}
}

// files are all paths of the configuration.
func (c *config) files() []*string {
	files := []*string{&c.Listen.WSDL, &c.Policy.Dir, &c.Policy.Matrix.File, &c.Policy.Matrix.Snapshot, &c.Limits.Redis.PasswordFile}
	if t := c.Listen.TLS; t != nil {
		files = append(files, &t.Cert, &t.Key, &t.ClientCA)
	}
	for _, u := range c.Upstreams {
		if u.TLS != nil {
			files = append(files, &u.TLS.CA, &u.TLS.Cert, &u.TLS.Key)
		}
	}
	if t := c.Limits.Redis.TLS; t != nil {
		files = append(files, &t.CA, &t.Cert, &t.Key)
	}
	return files
}

// credentials reads all certificates that the configuration names, by the keys
// that name them.
func (c *config) credentials(log *zap.Logger) (map[string]*credentials, error) {
	all := map[string]*credentials{}
	var errs []error
	read := func(key string, build func() (*tls.Config, error), files ...string) {
		all[key] = newCredentials(key, build, log, files...)
		errs = append(errs, all[key].load())
	}
	if t := c.Listen.TLS; t != nil {
		read("listen.tls", t.build, t.Cert, t.Key, t.ClientCA)
	}
	for name, u := range c.Upstreams {
		if t := u.TLS; t != nil {
			read("upstreams."+name+".tls", t.build, t.CA, t.Cert, t.Key)
		}
	}
	if t := c.Limits.Redis.TLS; t != nil && c.Limits.Store == "redis" {
		read("limits.redis.tls", t.build, t.CA, t.Cert, t.Key)
	}
	return all, errors.Join(errs...)
}

// legacyRSA are the cipher suites of TLS 1.2 without forward secrecy that old
// clients still need. RC4, 3DES and SHA-256 with CBC stay out.
var legacyRSA = []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA}

// build reads the files of the listener.
func (t *listenTLS) build() (*tls.Config, error) {
	cert, err := readPair(t.Cert, t.Key)
	if err != nil {
		return nil, err
	}
	pool, err := readPool(t.ClientCA)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if t.MinVersion == "1.3" {
		cfg.MinVersion = tls.VersionTLS13
	}
	if t.LegacyRSA {
		for _, suite := range tls.CipherSuites() {
			cfg.CipherSuites = append(cfg.CipherSuites, suite.ID)
		}
		cfg.CipherSuites = append(cfg.CipherSuites, legacyRSA...)
	}
	return cfg, nil
}

// build reads the files of an upstream.
func (t *upstreamTLS) build() (*tls.Config, error) {
	cfg := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)} // of the one target
	if t.Cert != "" {
		cert, err := readPair(t.Cert, t.Key)
		if err != nil {
			return nil, err
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	if t.CA != "" {
		pool, err := readPool(t.CA)
		if err != nil {
			return nil, err
		}
		cfg.RootCAs = pool
	}
	return cfg, nil
}

func readPair(cert, key string) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return pair, fmt.Errorf("read %s with %s: %w", cert, key, err)
	}
	return pair, nil
}

func readPool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read certificates of CAs: %w", err)
	}
	pool := x509.NewCertPool()
	text = bytes.TrimPrefix(text, byteOrderMark) // or the first certificate would be none, and the others would do
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read certificates of CAs: %s has none in PEM", file)
	}
	return pool, nil
}

// credentials are certificates and keys in files. Whoever makes a handshake
// asks for them.
type credentials struct{ reread[*tls.Config] }

func newCredentials(key string, build func() (*tls.Config, error), log *zap.Logger, files ...string) *credentials {
	return &credentials{reread[*tls.Config]{key: key, what: "certificates", build: build, log: log, files: files}}
}

// end is when the own certificate ends; false without one.
func (c *credentials) end() (time.Time, bool) {
	cfg := *c.current.Load()
	if len(cfg.Certificates) == 0 {
		return time.Time{}, false
	}
	return cfg.Certificates[0].Leaf.NotAfter, true
}

// server is the configuration of a listener that asks for the credentials at
// each handshake. Sessions are resumed across changes, and so are checked
// against the CAs that hold then.
func (c *credentials) server() *tls.Config {
	cfg := c.value().Clone()
	cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.value(), nil }
	return cfg
}
