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

	"brana/limits"
	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
)

// authority is a CA of a test, which all its certificates share a key with.
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
	a.cert = &x509.Certificate{Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
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
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
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
	if err := os.WriteFile(a.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name+".pem") }

// server has Redis speak TLS too, on another port, with a certificate of this template.
func (a *authority) server(template *x509.Certificate, options ...string) (s *server, port string) {
	a.t.Helper()
	a.sign("redis", template)
	port = freePort(a.t)
	return startServer(a.t, append([]string{"--tls-port", port, "--tls-cert-file", a.file("redis"), "--tls-key-file", a.file("key"),
		"--tls-ca-cert-file", a.file("ca")}, options...)...), port
}

// client trusts this CA, and shows a certificate of it.
func (a *authority) client() *tls.Config {
	a.sign("brana", &x509.Certificate{Subject: pkix.Name{CommonName: "brana"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
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

// A gateway knows its Redis by a certificate of the CA it was told, for the address that it calls, and Redis the gateway.
func TestRedisTLS(t *testing.T) {
	loopback := &x509.Certificate{Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	named := &x509.Certificate{Subject: pkix.Name{CommonName: "redis"}, DNSNames: []string{"redis.example"}}
	for _, test := range []struct {
		name     string
		template *x509.Certificate
		secure   func(*authority) *tls.Config
		says     string
	}{
		{"both known", loopback, (*authority).client, ""},
		{"gateway without a certificate", loopback, func(a *authority) *tls.Config { return &tls.Config{RootCAs: a.pool()} }, "certificate"},
		{"Redis of another CA", loopback, func(*authority) *tls.Config { return newAuthority(t).client() }, "signed by no CA that is trusted"},
		{"Redis of another name", named, (*authority).client, "is not of 127.0.0.1"},
		{"CAs of the system", loopback, nil, "signed by no CA that is trusted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAuthority(t)
			_, port := a.server(test.template)
			config := Config{URL: "rediss://127.0.0.1:" + port, Calendar: limitstest.Czech(t), Timeout: 2 * time.Second, TrustEmpty: true}
			if test.secure != nil {
				secure := test.secure(a)
				config.TLS = func() *tls.Config { return secure }
			}
			r, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if test.says == "" {
				ask(t, r, limits.Call{Key: limits.KeyOf("a"), Rule: rule(2, 2, 2), Lifetime: time.Minute})
				return
			}
			limitstest.Eventually(t, "the store says why", func() bool {
				err := r.Ready(t.Context())
				return err != nil && strings.Contains(err.Error(), test.says)
			})
		})
	}
}

// Nodes of a Cluster are known by their own addresses, not by that of the URL.
func TestRedisClusterTLS(t *testing.T) {
	a := newAuthority(t)
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	s, port := a.server(template, "--tls-cluster", "yes", "--cluster-enabled", "yes", "--cluster-port", freePort(t),
		"--cluster-announce-ip", "127.0.0.1", "--dir", t.TempDir())
	if got := s.command("CLUSTER ADDSLOTSRANGE 0 16383"); got != "+OK" {
		t.Fatalf("CLUSTER ADDSLOTSRANGE: %s", got)
	}
	secure := a.client()
	r, err := New(Config{URL: "rediss://localhost:" + port + "?addr=127.0.0.1:" + port, Calendar: limitstest.Czech(t), Timeout: 2 * time.Second,
		TrustEmpty: true, TLS: func() *tls.Config { return secure }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ask(t, r, limits.Call{Key: limits.KeyOf("a"), Rule: rule(2, 2, 2), Lifetime: time.Minute})
}

// Sentinels, and the master that they name, are known by their own addresses too.
func TestRedisSentinelTLS(t *testing.T) {
	a := newAuthority(t)
	_, master := a.server(&x509.Certificate{Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	port, config := freePort(t), filepath.Join(t.TempDir(), "sentinel.conf")
	text := "sentinel monitor brana 127.0.0.1 " + master + " 1\ntls-port " + port + "\ntls-replication yes\ntls-cert-file " + a.file("redis") +
		"\ntls-key-file " + a.file("key") + "\ntls-ca-cert-file " + a.file("ca") + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startServer(t, config)
	secure := a.client()
	r, err := New(Config{URL: "rediss://127.0.0.1:" + port + "?master_name=brana", Calendar: limitstest.Czech(t), Timeout: 2 * time.Second,
		TrustEmpty: true, TLS: func() *tls.Config { return secure }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ask(t, r, limits.Call{Key: limits.KeyOf("a"), Rule: rule(2, 2, 2), Lifetime: time.Minute})
}

// Whatever Redis the URL names, each connection to it asks for the password, and has the user of the URL.
func TestPasswordIsAskedForByEachConnection(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis://brana@127.0.0.1:1", "redis://watch:word@127.0.0.1:1?master_name=m&username=brana", "redis://brana@127.0.0.1:1?addr=127.0.0.1:2"} {
		n := 0
		c, err := newClient(&Config{URL: url, Password: func() string { n++; return fmt.Sprint("word", n) }}, time.Second)
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
