package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"brana/cmd/brana/config"
)

// legacyRSA are the cipher suites of TLS 1.2 without forward secrecy that old
// clients still need. RC4, 3DES and SHA-256 with CBC stay out.
var legacyRSA = []uint16{
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// serverTLS reads the files of listen.tls.
func serverTLS(t *config.ServerTLS) (*tls.Config, error) {
	cert, err := readPair(t.Cert, t.Key)
	if err != nil {
		return nil, err
	}
	pool, err := readPool(t.ClientCA)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{
		Certificates: []tls.Certificate{cert},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}
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

// clientTLS reads the files of a client of one server.
func clientTLS(t config.ClientTLS) (*tls.Config, error) {
	cfg := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
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
	text = bytes.TrimPrefix(text, byteOrderMark) // with it, the first certificate would be skipped
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read certificates of CAs: %s has none in PEM", file)
	}
	return pool, nil
}
