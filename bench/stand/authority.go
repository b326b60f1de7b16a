package stand

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// An Authority has issued a certificate to a gateway at 127.0.0.1 and one to its
// caller. All its files are PEM.
type Authority struct {
	CA                    string // certificate
	GateCert, GateKey     string
	CallerCert, CallerKey string
	CallerSerial          string // decimal
	Issuer                string // as identities of a policy name it
}

// NewAuthority makes an authority with files in dir. Its certificates are valid for
// a day. Keys are RSA of 2048 bits, like those of information systems.
func NewAuthority(dir string) (*Authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	a := &Authority{
		CA:           file("ca.pem"),
		GateCert:     file("gate.pem"),
		GateKey:      file("gate.key"),
		CallerCert:   file("caller.pem"),
		CallerKey:    file("caller.key"),
		CallerSerial: "3",
		Issuer:       "CN=brana bench,C=CZ",
	}
	from, to := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject: pkix.Name{
			CommonName: "brana bench",
			Country:    []string{"CZ"},
		},
		NotBefore:             from,
		NotAfter:              to,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	leaf := func(serial int64, name string, use x509.ExtKeyUsage) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial),
			Subject:      pkix.Name{CommonName: name},
			NotBefore:    from,
			NotAfter:     to,
			IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
			KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
			ExtKeyUsage:  []x509.ExtKeyUsage{use},
		}
	}
	err = errors.Join(
		issue(ca, ca, key, key, a.CA, ""),
		issue(leaf(2, "gate", x509.ExtKeyUsageServerAuth), ca, nil, key, a.GateCert, a.GateKey),
		issue(
			leaf(3, "caller", x509.ExtKeyUsageClientAuth), ca, nil, key, a.CallerCert, a.CallerKey,
		),
	)
	if err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	return a, nil
}

// issue signs a certificate for a key, or for a new one, and writes both.
func issue(c, ca *x509.Certificate, own, signer *rsa.PrivateKey,
	certFile, keyFile string) (err error) {
	if own == nil {
		if own, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return err
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, ca, &own.PublicKey, signer)
	if err != nil {
		return err
	}
	if err := os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{
		Type:  "CERTIFICATE",
		Bytes: der,
	}), 0o600); err != nil || keyFile == "" {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		return err
	}
	return os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{
		Type:  "PRIVATE KEY",
		Bytes: private,
	}), 0o600)
}
