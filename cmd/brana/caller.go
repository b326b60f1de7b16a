package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"brana/cmd/brana/config"
	"brana/gateway"
	"brana/policy"
)

// callerFlags say who would call a gateway with TLS.
type callerFlags struct {
	Cert    string `type:"existingfile" placeholder:"FILE" xor:"certificate" help:"Certificate that the call would come with, PEM." group:"caller"`
	Serial  string `xor:"certificate" and:"named" help:"Its serial number instead, as an identity has it." group:"caller"`
	Issuer  string `and:"named" help:"The issuer that belongs to the serial number." group:"caller"`
	Address string `placeholder:"IP" help:"Address that the call would come from." group:"caller"`
}

// A caller is who would call, and what explain prints about that.
type caller struct {
	*gateway.Caller        // nil: the gateway would not check who calls
	about           string // a line about the identity; may be empty
	refused         error  // why the handshake would fail
}

// caller finds the caller that the flags name. t is the TLS of the listener, nil
// without TLS.
func (f *callerFlags) caller(t *config.ServerTLS, s *policy.Snapshot,
	now time.Time) (c caller, err error) {
	switch {
	case f.Cert == "" && f.Serial == "":
		return f.nobody(t, s)
	case t == nil:
		return c, errors.New("the gateway would not check a certificate: name with -c a " +
			"configuration that has listen.tls, or leave the certificate out")
	case f.Cert != "":
		c, err = presented(f.Cert, t, s, now)
	default:
		c, err = named(f.Serial, f.Issuer, s)
	}
	if err != nil {
		return c, err
	}
	c.Address, err = f.address(c.Bound)
	return c, err
}

// nobody is the caller when the flags name none. Where that matters, it says that
// the identity is not checked.
func (f *callerFlags) nobody(t *config.ServerTLS, s *policy.Snapshot) (c caller, err error) {
	switch {
	case f.Address != "":
		return c, errors.New(
			"--address is compared with what is bound to a certificate: name one with " +
				"--cert, or with --serial and --issuer",
		)
	case t != nil:
		c.about = "identity not checked: name the certificate of the call with --cert, or with " +
			"--serial and --issuer"
	case len(s.Identities()) > 0:
		c.about = "identity not checked: without listen.tls the gateway checks none"
	}
	return c, nil
}

// address reads the address that the call would come from. It is required where
// the identity is bound to addresses.
func (f *callerFlags) address(bound *policy.Identity) (netip.Addr, error) {
	if f.Address != "" {
		address, err := netip.ParseAddr(f.Address)
		if err != nil {
			return address, fmt.Errorf("--address %q is no address: write 10.1.2.3", f.Address)
		}
		return address, nil
	}
	if bound != nil && len(bound.Addresses) > 0 {
		return netip.Addr{}, fmt.Errorf(
			"the identity at %s is bound to addresses: say with --address "+
				"where the call would come from",
			bound.Place,
		)
	}
	return netip.Addr{}, nil
}

// presented is the caller with the first certificate of a file.
func presented(file string, t *config.ServerTLS, s *policy.Snapshot,
	now time.Time) (caller, error) {
	chain, err := readChain(file)
	if err != nil {
		return caller{}, err
	}
	refused, err := refuses(t, chain, now)
	if err != nil {
		return caller{}, err
	}
	bound := s.Identify(chain[0])
	return caller{
		Caller:  &gateway.Caller{Bound: bound, NotAfter: chain[0].NotAfter},
		about:   policy.Describe(chain[0]) + boundAs(bound),
		refused: refused,
	}, nil
}

// named is the caller of a certificate whose file is not at hand.
func named(serial, issuer string, s *policy.Snapshot) (caller, error) {
	bound, err := s.IdentifyNamed(serial, issuer)
	if err != nil {
		return caller{}, err
	}
	return caller{
		Caller: &gateway.Caller{Bound: bound},
		about: fmt.Sprintf(
			"certificate %s of %s%s; its CA and its end are not checked without --cert",
			serial, issuer, boundAs(bound),
		),
	}, nil
}

func boundAs(i *policy.Identity) string {
	if i == nil {
		return ", not bound"
	}
	if i.Bus {
		return fmt.Sprintf(", bound to the bus at %s", i.Place)
	}
	return fmt.Sprintf(", bound to AIS %s at %s", i.Ais, i.Place)
}

// readChain reads the certificates of a PEM file, at least one.
func readChain(file string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read certificate: %s: %w", file, err)
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("read certificate: %s has none in PEM", file)
	}
	return chain, nil
}

// refuses returns why a handshake with certificates would fail; nil: it would not.
// It verifies them as a server of crypto/tls does. err is why it could not.
func refuses(t *config.ServerTLS, chain []*x509.Certificate, now time.Time) (refused, err error) {
	pool, err := readPool(t.ClientCA)
	if err != nil {
		return nil, err
	}
	options := x509.VerifyOptions{
		Roots:         pool,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}, nil
	}
	return nil, nil
}
