package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"brana/egon"
	"brana/policy"
)

// identify sees to it that whoever calls is who the certificate says. Without
// TLS there is nothing to tell it by: then loopback, or a gate in front,
// answers for the caller.
func (g *Gateway) identify(x *exchange) error {
	x.policy = g.parts.Policy.Current()
	if g.cfg.TLS == nil {
		return nil
	}
	c, ok := x.rc.Conn().(*secured)
	if !ok {
		return refuse(Internal).because(errors.New("a call without TLS came to a listener with TLS"))
	}
	caller := Caller{Bound: c.identity(x.policy), NotAfter: c.cert.NotAfter, Address: addressOf(c)}
	if refusal := caller.vouch(&x.head.Info, x.start); refusal != nil {
		x.decision.Version = x.policy.Version()
		return refusal.because(errors.New(policy.Describe(c.cert)))
	}
	return nil
}

// A Caller is who calls, as far as the connection tells.
type Caller struct {
	Bound    *policy.Identity // what the policy binds to the certificate; nil: nothing
	NotAfter time.Time        // when the certificate ends, which a connection may outlive; zero: not known
	Address  netip.Addr
}

// vouch refuses a header that does not fit the caller, and adds the Ais that it
// leaves out.
func (c *Caller) vouch(info *egon.ZadostInfo, now time.Time) *Refusal {
	m := c.Bound.Check(policy.Claim{Ais: info.Ais, Agenda: info.Agenda, Address: c.Address, NotAfter: c.NotAfter, Now: now})
	if m != policy.NoMismatch {
		return callerMismatch(info, c.Bound, m)
	}
	if len(info.Ais) == 0 {
		info.Ais = []byte(c.Bound.Ais)
	}
	return nil
}

// identity returns what a snapshot binds to the caller's certificate, or nil.
func (c *secured) identity(s *policy.Snapshot) *policy.Identity {
	if c.policy != s {
		c.policy, c.bound = s, s.Identify(c.cert)
		c.g.seen.note(c.bound, c.cert)
	}
	return c.bound
}

func addressOf(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return netip.Addr{}
}

// callerMismatch is the refusal of a claim that does not fit its certificate;
// bound is nil when nothing is bound to it.
func callerMismatch(info *egon.ZadostInfo, bound *policy.Identity, m policy.Mismatch) *Refusal {
	switch m {
	case policy.NotRegistered:
		return refuse(CallerMismatch, "Certifikát volajícího není registrován.")
	case policy.BlockedCaller:
		return refuse(CallerMismatch, "Certifikát volajícího je zablokován.")
	case policy.OtherAddress:
		return refuse(CallerMismatch, "Volání přišlo z adresy, která k certifikátu není registrována.")
	case policy.OtherAis:
		return refuse(CallerMismatch, fmt.Sprintf("Ais %s neodpovídá certifikátu; ten patří Ais %s.", info.Ais, bound.Ais))
	case policy.AgendaNotBound:
		return refuse(CallerMismatch, fmt.Sprintf("Agenda %s není registrována k certifikátu Ais %s.", info.Agenda, bound.Ais))
	default:
		return refuse(CallerMismatch, "Platnost certifikátu volajícího skončila.")
	}
}
