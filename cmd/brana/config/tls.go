package config

import (
	"slices"
	"strings"
)

// ServerTLS is listen.tls. With it, certificates say who callers are. The names
// are of PEM files.
type ServerTLS struct {
	Cert       string `yaml:"cert"`
	Key        string `yaml:"key"`
	ClientCA   string `yaml:"client_ca"`   // that signed the certificates of callers
	MinVersion string `yaml:"min_version"` // 1.2 | 1.3; empty is 1.2
	LegacyRSA  bool   `yaml:"legacy_rsa"`  // RSA key exchange too, which has no forward secrecy
}

// ClientTLS is upstreams.NAME.tls and limits.redis.tls, PEM files. Without CA,
// the CAs of the system are trusted; without Cert, the gateway presents none.
type ClientTLS struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

func (t *ServerTLS) check(m *mistakes) {
	for _, file := range []struct{ key, name string }{
		{"cert", t.Cert},
		{"key", t.Key},
		{"client_ca", t.ClientCA},
	} {
		if file.name == "" {
			m.wrong("listen.tls."+file.key, "is needed; name a PEM file")
		}
	}
	if !slices.Contains([]string{"", "1.2", "1.3"}, t.MinVersion) {
		m.wrong("listen.tls.min_version", "%q is not one of 1.2, 1.3", t.MinVersion)
	}
	if t.LegacyRSA && t.MinVersion == "1.3" {
		m.wrong("listen.tls.legacy_rsa",
			"TLS 1.3 has no RSA key exchange; remove it, or set min_version: \"1.2\"")
	}
}

// check checks the tls of a server that is called at a URL, whose scheme must be
// the one for TLS.
func (t *ClientTLS) check(m *mistakes, key, url, scheme string) {
	key += ".tls"
	switch {
	case t == nil:
	case !strings.HasPrefix(url, scheme+"://"):
		plain, _, _ := strings.Cut(url, "://")
		m.wrong(key, "is of no use with %s; write the url as %s, or remove tls", plain, scheme)
	case (t.Cert == "") != (t.Key == ""):
		m.wrong(key, "cert and key belong together; name both or none")
	case *t == (ClientTLS{}):
		m.wrong(key, "is empty; name ca, or cert and key, or remove it")
	}
}

// files are the paths; none without tls.
func (t *ClientTLS) files() []*string {
	if t == nil {
		return nil
	}
	return []*string{&t.CA, &t.Cert, &t.Key}
}
