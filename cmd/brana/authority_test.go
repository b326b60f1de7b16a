package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	mathbig "math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"brana/cmd/brana/config"
)

// An authority issues certificates, into files of a folder of its own.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
}

// newAuthority makes a CA; its certificate is in ca.pem. All keys of the tests
// are one, of RSA as the certificates of information systems are.
func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{SerialNumber: mathbig.NewInt(1), Subject: pkix.Name{CommonName: name, Country: []string{"CZ"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	a.cert = template
	a.cert = a.sign("ca", template)
	return a
}

func (a *authority) sign(name string, template *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &testKey().PublicKey, testKey())
	cert, err2 := x509.ParseCertificate(der)
	key, err3 := x509.MarshalPKCS8PrivateKey(testKey())
	if err := errors.Join(err, err2, err3); err != nil {
		a.t.Fatal(err)
	}
	write(a.t, a.file(name+".pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(a.t, a.file(name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return cert
}

// issue makes a certificate for both sides of 127.0.0.1, in name.pem and
// name.key.
func (a *authority) issue(name string, serial int64, change ...func(*x509.Certificate)) {
	a.t.Helper()
	template := &x509.Certificate{SerialNumber: mathbig.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().Add(time.Duration(serial) * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	for _, f := range change {
		f(template)
	}
	a.sign(name, template)
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// client is the configuration of a caller with a certificate.
func (a *authority) client(name string, change ...func(*tls.Config)) *tls.Config {
	a.t.Helper()
	t := config.ClientTLS{CA: a.file("ca.pem"), Cert: a.file(name + ".pem"), Key: a.file(name + ".key")}
	cfg, err := clientTLS(t)
	if err != nil {
		a.t.Fatal(err)
	}
	cfg.ServerName = "127.0.0.1"
	for _, f := range change {
		f(cfg)
	}
	return cfg
}

func (a *authority) listenTLS() *config.ServerTLS {
	return &config.ServerTLS{Cert: a.file("gate.pem"), Key: a.file("gate.key"), ClientCA: a.file("ca.pem")}
}

// handshake makes a handshake and sends a byte, so that both sides know how it
// ended. It returns the state of the client.
func handshake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	l := listen(t)
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		nc, err := l.Accept()
		if err == nil {
			defer nc.Close()
			_, err = tls.Server(nc, server).Write([]byte("x"))
		}
		ended <- err
	}()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := tls.Client(nc, client)
	_, err = c.Read(make([]byte, 1))
	if serverErr := <-ended; serverErr != nil && err == nil {
		t.Errorf("the server failed: %v", serverErr)
	}
	return c.ConnectionState(), err
}

func onlyVersion(v uint16) func(*tls.Config) {
	return func(c *tls.Config) { c.MinVersion, c.MaxVersion = v, v }
}
