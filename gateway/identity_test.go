package gateway

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"brana/egon"
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
	s := &tlsGateway{ca: newAuthority(t, "Test CA")}
	s.bound.Store(&identities)
	var err error
	s.policy, err = policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"p/a.yaml": {Data: []byte(grants)},
			"p/b.yaml": {Data: []byte(*s.bound.Load())},
			"m.csv":    {Data: []byte(matrix)},
		},
			policy.Config{Dir: "p", MatrixFile: "m.csv", Environment: policy.Test})
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

// Who calls is who the certificate says, or the call is refused.
func TestWhoCallsIsWhoTheCertificateSays(t *testing.T) {
	today := time.Now().Format(time.DateOnly)
	s := startTLSGateway(t, `identities:
  - {serial: "0x64", issuer: "CN=Test CA,C=CZ", ais: 999001, administrator: "12345678", agendas: [X999]}
  - {serial: "101", issuer: "CN=Test CA,C=CZ", ais: 999001, administrator: "12345678", agendas: [X999], addresses: [127.0.0.0/8]}
  - {serial: "102", issuer: "CN=Test CA,C=CZ", ais: 999001, administrator: "12345678", agendas: [X999], blocked_from: `+today+`}
  - {serial: "103", issuer: "CN=Test CA,C=CZ", ais: 999001, administrator: "12345678", agendas: [X998]}
  - {serial: "104", issuer: "CN=Test CA,C=CZ", ais: 999001, administrator: "12345678", agendas: [X999], addresses: [10.0.0.0/8]}
  - {serial: "105", issuer: "CN=Another CA,C=CZ", ais: 999001, administrator: "12345678", agendas: [X999]}
  - {serial: "106", issuer: "CN=Test CA,C=CZ", ais: 999002, administrator: "12345678", agendas: [X999]}
`)
	good := call{}.message()
	for _, tt := range []struct {
		name    string
		serial  int64
		message []byte
		says    string // empty: granted
	}{
		{"bound", 100, good, ""},
		{"bound, overlapping certificate from a fixed address", 101, good, ""},
		{"blocked", 102, good, "BR_102: Certifikát volajícího je zablokován."},
		{
			"other agenda", 103, good,
			"BR_102: Agenda X999 není registrována k certifikátu Ais 999001.",
		},
		{
			"other address", 104, good,
			"BR_102: Volání přišlo z adresy, která k certifikátu není registrována.",
		},
		{"serial of another issuer", 105, good, "BR_102: Certifikát volajícího není registrován."},
		{"not bound", 99, good, "BR_102: Certifikát volajícího není registrován."},
		{
			"other AIS", 106, good,
			"BR_102: Ais 999001 neodpovídá certifikátu; ten patří Ais 999002.",
		},
		{
			"the AIS of the certificate has no grant any more", 106,
			call{ais: "999002"}.message(), "BR_101: Platnost oprávnění volajícího skončila.",
		},
		{"no AIS", 100, withoutAis(good), ""},
		{
			"no AIS, that of the certificate has no grant any more", 106,
			withoutAis(good), "BR_101: Platnost oprávnění volajícího skončila.",
		},
		{"empty AIS", 100, bytes.Replace(good, []byte(">999001<"), []byte("><"), 1), "BR_301"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(s.logs.all("exchange"))
			said, err := s.ask(s.client(t, s.ca.issue(tt.serial)), tt.message)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(said, tt.says) ||
				tt.says == "" && !strings.Contains(said, ">OK<") {
				t.Errorf("said %s, want %q", said, tt.says)
			}
			line := s.lines(t, before+1)[before]
			if strings.Contains(tt.says, "BR_102") &&
				(line["outcome"] != "caller-mismatch" || line["policy"] == "" ||
					!strings.Contains(line["cause"].(string), "of CN=Test CA,C=CZ")) {
				t.Errorf("logged as %v", line)
			}
		})
	}
}

func withoutAis(message []byte) []byte {
	start := bytes.Index(message, []byte("<reg:Ais>"))
	end := bytes.Index(message, []byte("</reg:Ais>"))
	return append(append([]byte(nil), message[:start]...), message[end+len("</reg:Ais>"):]...)
}

// An AIS that the header does not say is the certificate's in the log, and the
// bytes that go on are those that came.
func TestAisOfTheCertificate(t *testing.T) {
	var sent []byte
	s := startTLSGateway(
		t, boundOnce,
		relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
			sent, _ = io.ReadAll(m.Body)
			return answerOf(replyOf("E05", egon.OK)), nil
		}),
	)
	message := withoutAis(call{}.message())
	if _, err := s.ask(s.client(t, s.ca.issue(100)), message); err != nil {
		t.Fatal(err)
	}
	if caller := s.lines(t, 1)[0]["caller"].(map[string]any); caller["ais"] != "999001" {
		t.Errorf("caller %v", caller)
	}
	if !bytes.Equal(sent, message) {
		t.Errorf("forwarded %s, want %s", sent, message)
	}
}

// The log has no text of a certificate that no known CA has signed. Of one that a
// known CA has signed it has the issuer, though the certificate has expired.
func TestARefusedCertificateIsDescribed(t *testing.T) {
	s := startTLSGateway(t, boundOnce)
	for _, tt := range []struct {
		cert      *tls.Certificate
		want, err string
	}{
		{
			newAuthority(t, "Kanarkova").issue(0xabc), "certificate 0xabc of nobody in client_ca",
			"its certificate is signed by no CA of client_ca",
		},
		{
			s.ca.issue(
				0xdef, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
			),
			"certificate 0xdef of CN=Test CA,C=CZ",
			"its certificate has expired, or is not valid yet",
		},
	} {
		before := len(s.logs.all("handshake refused"))
		if _, err := s.ask(s.client(t, tt.cert), call{}.message()); err == nil {
			t.Fatal("it was let in")
		}
		eventually(
			t, "it is logged",
			func() bool { return len(s.logs.all("handshake refused")) > before },
		)
		fields := s.logs.all("handshake refused")[before].fields
		if fields["certificate"] != tt.want || fields["error"] != tt.err ||
			strings.Contains(fmt.Sprint(fields), "Kanarkova") {
			t.Errorf("%v, want %s and %s", fields, tt.want, tt.err)
		}
	}
}

// A handshake that fails is an alert, counted by its reason, and no exchange.
func TestHandshakesThatFail(t *testing.T) {
	s := startTLSGateway(t, boundOnce)
	other := newAuthority(t, "Test CA") // of the same name
	expired := s.ca.issue(
		100, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
	)
	server := s.ca.issue(100, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		limit := func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version }
		for _, tt := range []struct {
			name, reason string
			client       *http.Client
			alert        string
		}{
			{"none", "no-certificate", s.client(t, nil, limit), "remote error: tls: "},
			{"expired", "expired", s.client(t, expired, limit), "expired certificate"},
			{"of another CA", "untrusted", s.client(t, other.issue(100), limit), "certificate"},
			{"not for clients", "untrusted", s.client(t, server, limit), "certificate"},
			{
				"gateway not trusted", "caller-refused",
				s.client(
					t, s.ca.issue(100), limit, func(c *tls.Config) { c.RootCAs = other.pool() },
				),
				"x509: ",
			},
		} {
			t.Run(tls.VersionName(version)+" "+tt.name, func(t *testing.T) {
				before := s.failures(t, tt.reason)
				_, err := s.ask(tt.client, call{}.message())
				if err == nil || !strings.Contains(err.Error(), tt.alert) {
					t.Errorf("error %v, want %s", err, tt.alert)
				}
				eventually(
					t, "counted as "+tt.reason,
					func() bool { return s.failures(t, tt.reason) == before+1 },
				)
			})
		}
	}
	t.Run("not TLS", func(t *testing.T) {
		w := s.dial(t)
		w.write("\x00\x01\x02 neither TLS nor HTTP")
		w.closed() // nobody would understand an answer
		eventually(t, "counted", func() bool { return s.failures(t, "not-tls") == 1 })
	})
	t.Run("old version", func(t *testing.T) {
		old := s.client(t, s.ca.issue(100), func(c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		})
		if _, err := s.ask(old, call{}.message()); err == nil {
			t.Error("TLS 1.1 was spoken")
		}
		eventually(t, "counted", func() bool { return s.failures(t, "nothing-in-common") == 1 })
	})
	t.Run("left", func(t *testing.T) {
		s.dial(t).Close()
		eventually(t, "counted", func() bool { return s.failures(t, "caller-left") == 1 })
		w := s.dial(t)
		w.write("\x16\x03\x01") // of a record
		w.Close()
		eventually(t, "counted", func() bool { return s.failures(t, "caller-left") == 2 })
	})
	if lines := s.logs.all("exchange"); len(lines) != 0 {
		t.Errorf("%d exchanges, want none", len(lines))
	}
	for _, line := range s.logs.all("handshake refused") {
		if line.fields["reason"] == "expired" &&
			line.fields["certificate"] != "certificate 0x64 of CN=Test CA,C=CZ" {
			t.Errorf("logged as %v", line.fields)
		}
	}
}

// The answer to plain HTTP says that this is the port of TLS, for a request of any
// length, and the log has one line of it.
func TestPlainHTTPOnThePortOfTLS(t *testing.T) {
	for name, request := range map[string]string{
		"POST":    withLength("/publikace/E05", call{}.message()),
		"5 MiB":   withLength("/publikace/E05", largeMessage(5<<20)),
		"GET":     "GET /publikace/E05?wsdl HTTP/1.1\r\nHost: x\r\n\r\n",
		"PUT":     "PUT /publikace/E05 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"OPTIONS": "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"DELETE":  "DELETE /publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n",
		"PATCH":   "PATCH /publikace/E05 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"TRACE":   "TRACE /publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n",
		"tunnel":  "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
		"proxied": "GET http://x/publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n",
		"two":     strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 2),
		"HTTP/2":  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := startTLSGateway(t, boundOnce)
			w := s.dial(t)
			w.write(request)
			r, body := w.answer()
			parse(t, body)
			if r.StatusCode != 400 || r.ProtoMinor != 1 || !r.Close ||
				!strings.Contains(body, "Tento port přijímá jen TLS") {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			w.closed()
			if n := s.failures(t, "not-tls"); n != 1 {
				t.Errorf("counted %d times", n)
			}
			if lines := s.logs.all(""); len(lines) != 1 || lines[0].fields["reason"] != "not-tls" {
				t.Errorf("logged %v", lines)
			}
		})
	}
}

// A caller that connects and says nothing is let go when its time is over.
func TestHandshakeInTime(t *testing.T) {
	s := startTLSGateway(t, boundOnce, func(c *settings) { c.cfg.ReadIdle = 20 * time.Millisecond })
	s.dial(t).closed()
	eventually(t, "counted", func() bool { return s.failures(t, "timeout") == 1 })
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

// Each call is checked, on a connection that is kept and on a session that is
// resumed too: what a reload takes away is gone at once.
func TestReloadOfIdentities(t *testing.T) {
	s := startTLSGateway(t, boundOnce)
	var resumed []bool
	cert, cache := s.ca.issue(100), tls.NewLRUClientSessionCache(1)
	track := func(c *tls.Config) {
		c.ClientSessionCache = cache
		c.VerifyConnection = func(state tls.ConnectionState) error {
			resumed = append(resumed, state.DidResume)
			return nil
		}
	}
	kept := s.client(t, cert)
	kept.Transport.(*http.Transport).DisableKeepAlives = false
	for _, step := range []struct{ identities, says string }{
		{boundOnce, ">OK<"},
		{"identities: []\n", "BR_102: Certifikát volajícího není registrován."},
		{strings.Replace(boundOnce, "999001", "999002", 1), "BR_102: Ais 999001"},
		{boundOnce, ">OK<"},
		{
			strings.Replace(boundOnce, "}", ", blocked_from: 2026-01-01}", 1),
			"BR_102: Certifikát volajícího je zablokován.",
		},
		{strings.Replace(boundOnce, "X999", "X998", 1), "BR_102: Agenda X999"},
		{
			strings.Replace(boundOnce, "127.0.0.1", "10.0.0.0/8", 1),
			"BR_102: Volání přišlo z adresy",
		},
	} {
		s.bound.Store(&step.identities)
		if err := s.policy.Reload(); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*http.Client{kept, s.client(t, cert, track)} {
			said, err := s.ask(c, call{}.message())
			if err != nil || !strings.Contains(said, step.says) {
				t.Errorf("said %s, %v, want %s", said, err, step.says)
			}
		}
	}
	if len(resumed) != 7 || resumed[0] || slices.Contains(resumed[1:], false) {
		t.Errorf("resumed: %v, want all but the first", resumed)
	}
	if full := s.count(t, "brana_tls_handshakes_total", "no"); full != 2 {
		t.Errorf(
			"%v full handshakes, want one of each caller: a refusal must not cost the connection",
			full,
		)
	}
}

// A connection that outlives the certificate it was opened with is of no use.
func TestCertificateExpiresOnAConnection(t *testing.T) {
	t.Parallel() // it waits
	s := startTLSGateway(t, boundOnce)
	cert := s.ca.issue(
		100, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(2 * time.Second) },
	)
	c := s.client(t, cert)
	c.Transport.(*http.Transport).DisableKeepAlives = false
	eventually(t, "refused after the end", func() bool {
		said, err := s.ask(c, call{}.message())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(said, "BR_102: Platnost certifikátu volajícího skončila.")
	})
}

// A TLS configuration that would let callers in without a certificate is none.
func TestCertificatesAreDemanded(t *testing.T) {
	_, err := New(Config{TLS: &tls.Config{ClientAuth: tls.RequireAnyClientCert}}, Parts{})
	if err == nil ||
		!strings.Contains(err.Error(), "listen.tls: must require a certificate of callers") {
		t.Errorf("New = %v", err)
	}
}
