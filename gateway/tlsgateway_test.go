package gateway

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"brana/policy"
)

// An authority issues certificates.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject: pkix.Name{
			CommonName: name,
			Country:    []string{"CZ"},
		},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	a.cert, a.key = a.sign(template, template, nil)
	return a
}

// sign makes a certificate; key nil means that it signs itself.
func (a *authority) sign(
	template, parent *x509.Certificate, key *ecdsa.PrivateKey,
) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if key == nil {
		key = own
	}
	der, err2 := x509.CreateCertificate(rand.Reader, template, parent, &own.PublicKey, key)
	cert, err3 := x509.ParseCertificate(der)
	if err := errors.Join(err, err2, err3); err != nil {
		a.t.Fatal(err)
	}
	return cert, own
}

// issue makes a certificate that is good for both sides of 127.0.0.1.
func (a *authority) issue(serial int64, change ...func(*x509.Certificate)) *tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "ais"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	for _, f := range change {
		f(template)
	}
	cert, key := a.sign(template, a.cert, a.key)
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// A tlsGateway is a gateway that serves over TLS and binds certificates.
type tlsGateway struct {
	*testGateway
	ca     *authority
	policy *policy.Store
	bound  atomic.Pointer[string] // identities of the policy; Reload takes them over
}

const boundOnce = `identities:
  - {serial: "0x64", issuer: "CN=Test CA,C=CZ", ais: 999001, administrator: "12345678", agendas: [X999], addresses: [127.0.0.1]}
`

func startTLSGateway(t testing.TB, identities string, change ...func(*settings)) *tlsGateway {
	t.Helper()
	return startTLSGatewayBy(t, policy.Config{}, identities, change...)
}

// startTLSGatewayBy loads the policy at the place that a configuration has.
func startTLSGatewayBy(
	t testing.TB, at policy.Config, identities string, change ...func(*settings),
) *tlsGateway {
	t.Helper()
	at.Dir, at.MatrixFile, at.Environment = "p", "m.csv", policy.Test
	s := &tlsGateway{ca: newAuthority(t, "Test CA")}
	s.bound.Store(&identities)
	var err error
	s.policy, err = policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"p/a.yaml": {Data: []byte(grants)},
			"p/b.yaml": {Data: []byte(*s.bound.Load())},
			"m.csv":    {Data: []byte(matrix)},
		}, at)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.testGateway = startGateway(t, append([]func(*settings){func(c *settings) {
		c.parts.Policy = s.policy
		c.cfg.TLS = &tls.Config{
			Certificates: []tls.Certificate{*s.ca.issue(2)},
			ClientCAs:    s.ca.pool(),
			ClientAuth:   tls.RequireAndVerifyClientCert,
		}
	}}, change...)...)
	return s
}

// client calls with a certificate, nil for none, each time on a new connection.
func (s *tlsGateway) client(
	t testing.TB, cert *tls.Certificate, change ...func(*tls.Config),
) *http.Client {
	cfg := &tls.Config{
		RootCAs: s.ca.pool(),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if cert == nil {
				return &tls.Certificate{}, nil
			}
			return cert, nil // also one of a CA that the server does not name
		},
	}
	for _, f := range change {
		f(cfg)
	}
	c := &http.Client{
		Transport: &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true},
		Timeout:   20 * time.Second,
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// ask sends a message and returns what the answer says.
func (s *tlsGateway) ask(c *http.Client, message []byte) (string, error) {
	return s.askFor(c, "E05", message)
}

// askFor sends a message to a service.
func (s *tlsGateway) askFor(c *http.Client, path string, message []byte) (string, error) {
	r, err := c.Post("https://"+s.addr+"/publikace/"+path, contentType, bytes.NewReader(message))
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

func (s *tlsGateway) failures(t testing.TB, reason string) int {
	t.Helper()
	families, err := s.parts.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "brana_tls_handshake_errors_total" &&
				m.GetLabel()[0].GetValue() == reason {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	t.Fatalf("no counter for %s", reason)
	return 0
}
