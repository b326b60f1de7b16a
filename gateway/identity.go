package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"brana/egon"
	"brana/gateway/conn"
	"brana/policy"
)

// identify compares the caller that the header names with the certificate of the
// connection. Without TLS there is no certificate: then only callers on loopback
// come, or a proxy in front has checked them.
func (in *inbound) identify() error {
	in.policy = in.parts.Policy.Current()
	if in.cfg.TLS == nil {
		return nil
	}
	c := conn.CallerOf(in.rc.Conn())
	if c == nil {
		return refuse(Internal).because(errNoTLS)
	}
	in.identity = in.identityOf(c, in.policy)
	caller := Caller{
		Bound:    in.identity,
		NotAfter: c.Certificate.NotAfter,
		Address:  addressOf(in.rc.Conn()).Addr(),
	}
	if refusal := caller.vouch(&in.head.Info, in.start); refusal != nil {
		in.decision = policy.Decision{Version: in.policy.Version()}
		return refusal.because(errors.New(policy.Describe(c.Certificate)))
	}
	return nil
}

var errNoTLS = errors.New("a call without TLS came to a listener with TLS")

// A Caller is what a connection says of its caller.
type Caller struct {
	Bound *policy.Identity // the identity that the policy binds to the certificate; nil: none
	// NotAfter is when the certificate ends, which a connection may outlive. Zero: not
	// known.
	NotAfter time.Time
	Address  netip.Addr
}

// vouch refuses a ZadostInfo that does not fit the caller, and adds the Ais that it
// leaves out. Where the bus calls, nobody but the header names the Ais.
func (c *Caller) vouch(info *egon.ZadostInfo, now time.Time) *Refusal {
	m := c.Bound.Check(policy.Claim{
		Ais:      info.Ais,
		Agenda:   info.Agenda,
		Address:  c.Address,
		NotAfter: c.NotAfter,
		Now:      now,
	})
	if m != policy.NoMismatch {
		return callerMismatch(info, c.Bound, m)
	}
	if len(info.Ais) == 0 && !c.Bound.Bus {
		info.Ais = []byte(c.Bound.Ais)
	}
	return nil
}

// A binding is what a connection keeps of its caller, so that the certificate is
// looked up once for a connection and snapshot.
type binding struct {
	policy   *policy.Snapshot
	identity *policy.Identity // nil: nothing is bound to the certificate
	serial   string           // of the certificate, in hex; empty until it is recorded
}

// identityOf returns the identity that a snapshot binds to the caller's
// certificate, or nil.
func (c *core) identityOf(caller *conn.Caller, s *policy.Snapshot) *policy.Identity {
	b, ok := caller.Note.(*binding)
	if !ok || b.policy != s {
		b = &binding{policy: s, identity: s.Identify(caller.Certificate)}
		caller.Note = b
		c.callerCerts.note(b.identity, caller.Certificate)
	}
	return b.identity
}

// addressOf is the address of the other end of a connection.
func addressOf(c net.Conn) netip.AddrPort {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		a := tcp.AddrPort()
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	return netip.AddrPort{}
}

// callerMismatch refuses a claim that does not fit its certificate; bound is nil
// when nothing is bound to it.
func callerMismatch(info *egon.ZadostInfo, bound *policy.Identity, m policy.Mismatch) *Refusal {
	switch m {
	case policy.NotRegistered:
		return refuse(CallerMismatch, "Certifikát volajícího není registrován.")
	case policy.BlockedCaller:
		return refuse(CallerMismatch, "Certifikát volajícího je zablokován.")
	case policy.OtherAddress:
		return refuse(CallerMismatch,
			"Volání přišlo z adresy, která k certifikátu není registrována.")
	case policy.OtherAis:
		return refuse(CallerMismatch, fmt.Sprintf(
			"Ais %s neodpovídá certifikátu; ten patří Ais %s.", info.Ais, bound.Ais))
	case policy.AgendaNotBound:
		return refuse(CallerMismatch, fmt.Sprintf(
			"Agenda %s není registrována k certifikátu Ais %s.", info.Agenda, bound.Ais))
	default:
		return refuse(CallerMismatch, "Platnost certifikátu volajícího skončila.")
	}
}
