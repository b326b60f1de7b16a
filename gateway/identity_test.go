package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/policy"
)

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

// Before a publisher the bus calls in the name of any caller. A caller's own certificate
// calls in its own name alone, and nobody fills in an Ais that the bus leaves out.
func TestTheBusCallsForOthers(t *testing.T) {
	s := startTLSGatewayBy(t, policy.Config{Publisher: true}, `identities:
  - {serial: "200", issuer: "CN=Test CA,C=CZ", bus: true, administrator: "00007064", addresses: [127.0.0.1]}
  - {serial: "201", issuer: "CN=Test CA,C=CZ", bus: true, administrator: "00007064", addresses: [10.0.0.0/8]}
  - {serial: "202", issuer: "CN=Test CA,C=CZ", bus: true, administrator: "00007064", blocked_from: 2026-01-01}
  - {serial: "106", issuer: "CN=Test CA,C=CZ", ais: 999002, administrator: "12345678", agendas: [X999]}
`)
	good := call{}.message()
	for _, tt := range []struct {
		name    string
		serial  int64
		message []byte
		says    string
	}{
		{"the bus, for a caller with a grant", 200, good, ">OK<"},
		{
			"the bus, for a caller without", 200, call{ais: "999009"}.message(),
			"BR_101: Ais 999009 nemá pro X999/XR1/12345678 oprávnění.",
		},
		{
			"the bus, for nobody", 200, withoutAis(good),
			"BR_101: V ZadostInfo chybí Ais; bez něj nelze oprávnění určit.",
		},
		{
			"the bus from elsewhere", 201, good,
			"BR_102: Volání přišlo z adresy, která k certifikátu není registrována.",
		},
		{"the bus, blocked", 202, good, "BR_102: Certifikát volajícího je zablokován."},
		{
			"a caller for another", 106, good,
			"BR_102: Ais 999001 neodpovídá certifikátu; ten patří Ais 999002.",
		},
		{"somebody for a caller", 99, good, "BR_102: Certifikát volajícího není registrován."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said, err := s.ask(s.client(t, s.ca.issue(tt.serial)), tt.message)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("said %s, want %s", said, tt.says)
			}
		})
	}
	var holders []string
	s.CallerCertificates(func(_ time.Time, ais, _, serial string) {
		holders = append(holders, ais+" "+serial)
	})
	slices.Sort(holders)
	if got := strings.Join(holders, ", "); got != "999002 6a, bus c8, bus c9, bus ca" {
		t.Errorf("certificates %s", got)
	}
}
