package policy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// issued makes a certificate with a serial number by an issuer.
func issued(t testing.TB, serial int64, issuer pkix.Name) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader,
		&x509.Certificate{SerialNumber: big.NewInt(serial)},
		&x509.Certificate{Subject: issuer}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// testIssuer has the awkward parts of names: a comma, letters with accents, and a type
// that RFC 2253 does not name.
var testIssuer = pkix.Name{Country: []string{"CZ"}, Organization: []string{"Správa, a.s."},
	CommonName: "Test CA",
	ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 97},
		Value: "NTRCZ-1"}}}

// A certificate is found by its serial number and issuer together, in every writing.
func TestIdentify(t *testing.T) {
	cert := issued(t, 0x4d2a, testIssuer)
	described, ok := strings.CutPrefix(Describe(cert), "certificate 0x4d2a of ")
	if !ok {
		t.Fatalf("Describe = %s", Describe(cert))
	}
	for _, tt := range []struct {
		name, serial, issuer string
		found                bool
	}{
		{"as it is described", "0x4d2a", described, true},
		{"as openssl prints it, utf8", "0x4D2A",
			`organizationIdentifier=NTRCZ-1,CN=Test CA,O=Správa\, a.s.,C=CZ`, true},
		{"as openssl prints it by default", "0x04d2a",
			`2.5.4.97=#13074E5452435A2D31,CN=Test CA,O=Spr\C3\A1va\, a.s.,C=CZ`, true},
		{"decimal, with blanks, semicolons and small letters", "19754",
			`2.5.4.97=NTRCZ-1; cn = Test CA ;o=Správa\2c a.s.; c=CZ`, true},
		{"another serial number", "0x4d2b", described, false},
		{"another order", "0x4d2a", `C=CZ,O=Správa\, a.s.,CN=Test CA,2.5.4.97=NTRCZ-1`, false},
		{"less of the issuer", "0x4d2a", "CN=Test CA", false},
		{"other letters of the issuer", "0x4d2a",
			`2.5.4.97=NTRCZ-1,CN=test ca,O=Správa\, a.s.,C=CZ`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := mustLoad(t, "grants: []\nidentities:\n  - {serial: '"+tt.serial+"', issuer: '"+tt.issuer+
				"', ais: 999001, administrator: '12345678', agendas: [X999]}\n", "")
			if got := s.Identify(cert); (got != nil) != tt.found {
				t.Errorf("Identify = %v, want one: %v", got, tt.found)
			}
			if got, err := s.IdentifyNamed("0x4D2A", described); (got != nil) != tt.found ||
				err != nil {
				t.Errorf("IdentifyNamed = %v, %v, want one: %v", got, err, tt.found)
			}
		})
	}
}

// A certificate that is not named as in an identity is refused.
func TestIdentifyNamedWrongly(t *testing.T) {
	s := mustLoad(t, "grants: []\n", "")
	for _, tt := range []struct{ serial, issuer, want string }{
		{"4d2a", "CN=Test CA", `serial is "4d2a": write a positive number`},
		{"0x4d2a", "Test CA", "issuer: "},
	} {
		if got, err := s.IdentifyNamed(tt.serial, tt.issuer); got != nil || err == nil ||
			!strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("IdentifyNamed(%q, %q) = %v, %v, want %s", tt.serial, tt.issuer, got, err,
				tt.want)
		}
	}
}

// The order of several values does not change a name, and its text does not mix values
// with separators.
func TestNames(t *testing.T) {
	for _, tt := range []struct{ a, b string }{
		{"CN=a+OU=b,C=CZ", "OU=b+CN=a,C=CZ"},
		{`CN=a\+b`, `CN=a\2Bb`},
		{`CN=\ a\ `, `CN=\20a\20`},
		{"CN=,C=CZ", "CN= ,C=CZ"},
	} {
		a, err := parseName(tt.a)
		b, other := parseName(tt.b)
		if a != b || err != nil || other != nil {
			t.Errorf("%s is %s, %s is %s (%v, %v)", tt.a, a, tt.b, b, err, other)
		}
	}
	for _, bad := range []string{"", "CN", "=a", "CN=a,", `CN="a"`, `CN=a\`, `CN=a\z`, "CN=#zz",
		"CN=#", "OID.2.5.4.3=a"} {
		if name, err := parseName(bad); err == nil {
			t.Errorf("%s is the name %s", bad, name)
		}
	}
}

// A name in a certificate and its text are the same name, whatever it holds.
func TestNamesRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringN(1, 20, 60).Draw(rt, "text")
		name := pkix.Name{CommonName: text,
			Organization: []string{rapid.StringMatching(`[ -~]{1,20}`).Draw(rt, "org")}}
		der, err := asn1.Marshal(name.ToRDNSequence())
		if err != nil {
			rt.Skip("not a name")
		}
		want, err := nameOf(der)
		if err != nil {
			rt.Fatal(err)
		}
		var parsed pkix.RDNSequence
		if _, err := asn1.Unmarshal(der, &parsed); err != nil {
			rt.Fatal(err)
		}
		if got, err := parseName(parsed.String()); got != want || err != nil {
			rt.Errorf("%q: got %s, %v, want %s", parsed, got, err, want)
		}
	})
}

// A claim fits when each part does. The first part that does not is named.
func TestIdentityCheck(t *testing.T) {
	s := mustLoad(t, `grants: []
identities:
  - {serial: "0x4d2a", issuer: "CN=Test CA", ais: 999001, administrator: "12345678", agendas: [X999, A1],
     addresses: [10.1.2.3, 192.168.0.0/16, "2001:db8::/32"], blocked_from: 2026-03-01}
`, "")
	bound := s.Identities()[0]
	day := time.Date(2026, 2, 28, 22, 59, 59, 0, time.UTC)
	claim := func(ais, agenda, from string, now time.Time) Claim {
		return Claim{Ais: []byte(ais), Agenda: []byte(agenda), Address: netip.MustParseAddr(from),
			Now: now}
	}
	for _, tt := range []struct {
		name  string
		who   *Identity
		claim Claim
		want  Mismatch
	}{
		{"all fits", bound, claim("999001", "X999", "10.1.2.3", day), NoMismatch},
		{"no AIS said", bound, claim("", "A1", "192.168.7.7", day), NoMismatch},
		{"IPv6", bound, claim("999001", "X999", "2001:db8::7", day), NoMismatch},
		{"IPv4 in IPv6", bound, claim("999001", "X999", "::ffff:10.1.2.3", day), NoMismatch},
		{"not bound", nil, claim("999001", "X999", "10.1.2.3", day), NotRegistered},
		{"blocked from the midnight in Prague", bound,
			claim("999001", "X999", "10.1.2.3", day.Add(time.Second)), BlockedCaller},
		{"next address", bound, claim("999001", "X999", "10.1.2.4", day), OtherAddress},
		{"no address", bound, Claim{Agenda: []byte("X999"), Now: day}, OtherAddress},
		{"another AIS", bound, claim("999002", "X999", "10.1.2.3", day), OtherAis},
		{"AIS with a zero before it", bound, claim("0999001", "X999", "10.1.2.3", day), OtherAis},
		{"another agenda", bound, claim("999001", "X998", "10.1.2.3", day), AgendaNotBound},
		{"until its end", bound, Claim{Agenda: []byte("X999"),
			Address: netip.MustParseAddr("10.1.2.3"), NotAfter: day, Now: day}, NoMismatch},
		{"past its end", bound, Claim{Agenda: []byte("X999"),
			Address: netip.MustParseAddr("10.1.2.3"), NotAfter: day.Add(-time.Second), Now: day}, CertificateEnded},
		{"agenda in small letters", bound, claim("999001", "x999", "10.1.2.3", day),
			AgendaNotBound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.who.Check(tt.claim); got != tt.want {
				t.Errorf("Check = %d, want %d", got, tt.want)
			}
		})
	}
}

// The bus names callers of any AIS and agenda. Its own address, its block and the end of
// its certificate hold, and it has no AIS that could stand for one that is left out.
func TestIdentityOfTheBus(t *testing.T) {
	s, err := LoadFS(mapFS("p/grants.yaml", `grants: []
identities:
  - {serial: "0x4d2a", issuer: "CN=Test CA", bus: true, administrator: "00007064",
     addresses: [10.1.2.3], blocked_from: 2026-03-01}
`), Config{Dir: "p", Environment: Test, Publisher: true})
	if err != nil {
		t.Fatal(err)
	}
	bus := s.Identities()[0]
	if !bus.Bus || bus.Ais != "" || bus.Holder() != "bus" {
		t.Errorf("read as %+v", bus)
	}
	day := time.Date(2026, 2, 28, 22, 59, 59, 0, time.UTC)
	good := Claim{Ais: []byte("999001"), Agenda: []byte("X999"),
		Address: netip.MustParseAddr("10.1.2.3"), NotAfter: day, Now: day}
	for _, tt := range []struct {
		name   string
		change func(*Claim)
		want   Mismatch
	}{
		{"one caller", func(*Claim) {}, NoMismatch},
		{"another AIS and agenda", func(c *Claim) {
			c.Ais, c.Agenda = []byte("7"), []byte("A1")
		}, NoMismatch},
		{"no AIS", func(c *Claim) { c.Ais = nil }, NoMismatch}, // no grant has it
		{"another address", func(c *Claim) {
			c.Address = netip.MustParseAddr("10.1.2.4")
		}, OtherAddress},
		{"blocked", func(c *Claim) { c.Now = day.Add(time.Second) }, BlockedCaller},
		{"past its end", func(c *Claim) { c.NotAfter = day.Add(-time.Second) }, CertificateEnded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			claim := good
			tt.change(&claim)
			if got := bus.Check(claim); got != tt.want {
				t.Errorf("Check = %d, want %d", got, tt.want)
			}
		})
	}
}

// A reload finds an identity of the bus where none may be, and what was loaded stays.
func TestReloadWithABusElsewhere(t *testing.T) {
	bound := oneIdentity
	store, err := NewStore(func() (*Snapshot, error) {
		return LoadFS(mapFS("p/a.yaml", "grants: []", "p/b.yaml", bound),
			Config{Dir: "p", Environment: Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	before := store.Current()
	bound = strings.Replace(oneIdentity, "ais: 999001", "bus: true", 1)
	bound = strings.Replace(bound, ", agendas: [X999]", "", 1)
	err = store.Reload()
	if err == nil || !strings.HasPrefix(err.Error(), "p/b.yaml:2:5: bus: true lets the "+
		"certificate call in any name: it is for place: publisher in brana.yaml alone") {
		t.Errorf("Reload = %v", err)
	}
	if store.Current() != before {
		t.Error("the policy was replaced")
	}
}
