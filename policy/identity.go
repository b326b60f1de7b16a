package policy

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// An Identity binds a certificate to the information system that calls with it. A
// system may have several, so that an old and a new certificate work side by side.
// It is immutable.
type Identity struct {
	Serial string // of the certificate: hexadecimal, lower case, no leading zeros
	Issuer string // distinguished name of its issuer, as written
	// Bus means that the bus calls with the certificate, for any caller that a header
	// names. Only a gateway before a publisher is called so.
	Bus           bool
	Ais           string // the system, as a header carries it; empty: the bus
	Administrator string // OVM that administers the system
	Agendas       []string
	Addresses     []netip.Prefix // from which it may call; empty: any
	BlockedFrom   time.Time      // midnight in Prague from which it is refused; zero: never
	Place         Place          // where it is written
	Rule          string         // its Place as file:line, for records

	key certificate
}

// A certificate names one: serial numbers are unique within an issuer (RFC 5280,
// 4.1.2.2).
type certificate struct{ issuer, serial string }

// A Claim is what one call says about its caller, with its time and address.
type Claim struct {
	Ais      []byte // empty: the call names none
	Agenda   []byte
	Address  netip.Addr
	NotAfter time.Time // end of the certificate; zero: not known
	Now      time.Time
}

// A Mismatch is why a claim does not fit the certificate of its connection.
type Mismatch uint8

// The mismatches, in the order of the checks.
const (
	NoMismatch       Mismatch = iota
	NotRegistered             // nothing is bound to the certificate
	BlockedCaller             // the binding is blocked
	OtherAddress              // the call comes from an address that the system may not use
	OtherAis                  // the header names another system
	AgendaNotBound            // the system may not act in this agenda
	CertificateEnded          // the certificate is past its end
)

// Check compares a claim with the binding, which may be nil. A claim that names no
// AIS stands for the AIS of the binding. The bus may name any AIS and any agenda: it has
// compared them with the certificate of the caller.
func (i *Identity) Check(c Claim) Mismatch {
	switch {
	case i == nil:
		return NotRegistered
	case !i.BlockedFrom.IsZero() && !c.Now.Before(i.BlockedFrom):
		return BlockedCaller
	case !i.callsFrom(c.Address):
		return OtherAddress
	case !i.Bus && len(c.Ais) > 0 && string(c.Ais) != i.Ais:
		return OtherAis
	case !i.Bus && !has(i.Agendas, c.Agenda):
		return AgendaNotBound
	case !c.NotAfter.IsZero() && c.Now.After(c.NotAfter):
		return CertificateEnded
	}
	return NoMismatch
}

func (i *Identity) callsFrom(a netip.Addr) bool {
	if len(i.Addresses) == 0 {
		return true
	}
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Holder names who calls with the certificate: the number of the AIS, or bus.
func (i *Identity) Holder() string {
	if i.Bus {
		return "bus"
	}
	return i.Ais
}

// barBuses notes identities of the bus, where no gateway may take the word of a header
// for who calls.
func barBuses(identities []*Identity, p *problems) {
	for _, i := range identities {
		if i.Bus {
			p.add(i.Place, "bus: true lets the certificate call in any name: it is for "+
				"place: publisher in brana.yaml alone, bind the certificate to an ais")
		}
	}
}

// bind indexes the identities by certificate, and notes certificates bound twice.
func bind(identities []*Identity, p *problems) map[certificate]*Identity {
	bound := make(map[certificate]*Identity, len(identities))
	for _, i := range identities {
		if other := bound[i.key]; other != nil {
			p.add(i.Place, "the certificate is bound at %s already: keep one", other.Place)
			continue
		}
		bound[i.key] = i
	}
	return bound
}

// Describe names a certificate by its serial number and issuer, as an identity of it
// is written.
func Describe(cert *x509.Certificate) string {
	var issuer pkix.RDNSequence
	_, _ = asn1.Unmarshal(cert.RawIssuer, &issuer) // x509 has parsed it before
	return fmt.Sprintf("certificate 0x%s of %s", cert.SerialNumber.Text(16), issuer)
}

// longestSerial bounds a serial number, in octets (RFC 5280, 4.1.2.2).
const longestSerial = 20

// parseSerial reads a serial number. Digits alone are ambiguous, so hexadecimal ones
// begin with 0x.
func parseSerial(text string) (string, error) {
	digits, base := text, 10
	if rest, marked := strings.CutPrefix(strings.ToLower(text), "0x"); marked {
		digits, base = rest, 16
	}
	number, ok := new(big.Int).SetString(digits, base)
	plain := strings.Trim(digits, "0123456789abcdef") == ""
	if !ok || !plain || number.Sign() <= 0 || number.BitLen() > 8*longestSerial {
		return "", fmt.Errorf("serial is %q: write a positive number of at most %d octets, "+
			`in hexadecimal as "0x4d2a" or in decimal as "19754"`, text, longestSerial)
	}
	return number.Text(16), nil
}

func parseIssuer(text string) (string, error) {
	name, err := parseName(text)
	if err != nil {
		return "", fmt.Errorf(
			"issuer: %w: write what openssl x509 -noout -issuer -nameopt RFC2253 prints", err)
	}
	return name, nil
}
