package ledger

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
)

// authority is a CA of a test. All its certificates have the same key.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, dir: t.TempDir(), key: key}
	a.cert = &x509.Certificate{
		Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = a.sign("ca", a.cert)
	text, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write("key", "EC PRIVATE KEY", text)
	return a
}

// sign writes a certificate to a file of this name.
func (a *authority) sign(name string, template *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	now := time.Now()
	template.SerialNumber = big.NewInt(now.UnixNano())
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name, "CERTIFICATE", der)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

func (a *authority) write(name, kind string, der []byte) {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(a.file(name), text, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name+".pem") }

// server starts a Redis that also speaks TLS, on another port, with a certificate of this template.
func (a *authority) server(template *x509.Certificate, options ...string) (s *server, port string) {
	a.t.Helper()
	a.sign("redis", template)
	port = freePort(a.t)
	return startServer(a.t, append([]string{
		"--tls-port", port, "--tls-cert-file", a.file("redis"), "--tls-key-file", a.file("key"),
		"--tls-ca-cert-file", a.file("ca"),
	}, options...)...), port
}

// client trusts this CA, and presents a certificate of it.
func (a *authority) client() *tls.Config {
	a.sign("brana", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "brana"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	pair, err := tls.LoadX509KeyPair(a.file("brana"), a.file("key"))
	if err != nil {
		a.t.Fatal(err)
	}
	return &tls.Config{RootCAs: a.pool(), Certificates: []tls.Certificate{pair}}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// loopback is a template of certificates for 127.0.0.1.
func loopback() *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: "redis"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

// secureConfig is a configuration for a Redis with TLS.
func secureConfig(t *testing.T, url string, secure *tls.Config) Config {
	t.Helper()
	config := testConfig(t, url)
	if secure != nil {
		config.TLS = func() *tls.Config { return secure }
	}
	return config
}

// A gateway accepts a Redis whose certificate is of the configured CA and for the address that it
// dials. Redis accepts a gateway by its certificate.
func TestRedisTLS(t *testing.T) {
	t.Parallel()
	withoutCertificate := func(a *authority) *tls.Config { return &tls.Config{RootCAs: a.pool()} }
	ofAnotherCA := func(*authority) *tls.Config { return newAuthority(t).client() }
	ofTheSystem := func(*authority) *tls.Config { return nil }
	named := &x509.Certificate{
		Subject: pkix.Name{CommonName: "redis"}, DNSNames: []string{"redis.example"},
	}
	for _, test := range []struct {
		name     string
		template *x509.Certificate
		secure   func(*authority) *tls.Config
		want     string // in the error; empty: no error
	}{
		{"both known", loopback(), (*authority).client, ""},
		{"gateway without a certificate", loopback(), withoutCertificate, "certificate"},
		{"Redis of another CA", loopback(), ofAnotherCA, "signed by no CA that is trusted"},
		{"Redis of another name", named, (*authority).client, "is not of 127.0.0.1"},
		{"CAs of the system", loopback(), ofTheSystem, "signed by no CA that is trusted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAuthority(t)
			_, port := a.server(test.template)
			r, err := New(secureConfig(t, "rediss://127.0.0.1:"+port, test.secure(a)))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if test.want == "" {
				ask(t, r, newCaller(t, r, "a", rule(2, 2, 2)).Call)
				return
			}
			limitstest.Eventually(t, "the error has the reason", func() bool {
				err := r.Ready(t.Context())
				return err != nil && strings.Contains(err.Error(), test.want)
			})
		})
	}
}

// The certificate of each node of a Cluster must be for the address of the node, not that of the
// URL.
func TestRedisClusterTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s, port := a.server(loopback(), "--tls-cluster", "yes", "--cluster-enabled", "yes",
		"--cluster-port", freePort(t), "--cluster-announce-ip", "127.0.0.1", "--dir", t.TempDir())
	if got := s.command("CLUSTER ADDSLOTSRANGE 0 16383"); got != "+OK" {
		t.Fatalf("CLUSTER ADDSLOTSRANGE: %s", got)
	}
	r, err := New(secureConfig(t, "rediss://localhost:"+port+"?addr=127.0.0.1:"+port, a.client()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ask(t, r, newCaller(t, r, "a", rule(2, 2, 2)).Call)
}

// The same holds for Sentinels and for the master that they name.
func TestRedisSentinelTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	_, master := a.server(loopback())
	port, config := freePort(t), filepath.Join(t.TempDir(), "sentinel.conf")
	text := "sentinel monitor brana 127.0.0.1 " + master + " 1\n" +
		"tls-port " + port + "\ntls-replication yes\ntls-cert-file " + a.file("redis") + "\n" +
		"tls-key-file " + a.file("key") + "\ntls-ca-cert-file " + a.file("ca") + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startServer(t, config)
	r, err := New(secureConfig(t, "rediss://127.0.0.1:"+port+"?master_name=brana", a.client()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ask(t, r, newCaller(t, r, "a", rule(2, 2, 2)).Call)
}

// Each connection to Redis asks for the password anew, and has the user of the URL, whatever the
// URL names.
func TestPasswordIsAskedForByEachConnection(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"redis://brana@127.0.0.1:1",
		"redis://watch:word@127.0.0.1:1?master_name=m&username=brana",
		"redis://brana@127.0.0.1:1?addr=127.0.0.1:2",
	} {
		n := 0
		password := func() string { n++; return fmt.Sprint("word", n) }
		c, err := newClient(&Config{URL: url, Password: password}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var ask func() (string, string)
		switch c := c.(type) {
		case *redis.Client:
			ask = c.Options().CredentialsProvider
		case *redis.ClusterClient:
			ask = c.Options().CredentialsProvider
		}
		for _, want := range []string{"word1", "word2"} {
			if user, word := ask(); user != "brana" || word != want {
				t.Errorf("%s: connects as %s with %s, want brana with %s", url, user, word, want)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
