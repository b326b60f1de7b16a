package gateway

import (
	"crypto/x509"
	"sync"
	"time"

	"brana/policy"
)

// callerCerts are the certificates that callers have come with since the start,
// as far as the policy binds them to an AIS, or to the bus.
type callerCerts struct {
	mu   sync.Mutex
	ends map[certName]time.Time
}

// A certName names a certificate as the policy writes it, and its holder.
type certName struct{ ais, issuer, serial string }

func newCallerCerts() *callerCerts { return &callerCerts{ends: map[certName]time.Time{}} }

func certNameOf(i *policy.Identity) certName { return certName{i.Holder(), i.Issuer, i.Serial} }

// note keeps when a certificate ends; bound is nil when nothing is bound to it.
func (c *callerCerts) note(bound *policy.Identity, cert *x509.Certificate) {
	if bound == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends[certNameOf(bound)] = cert.NotAfter
}

// report reports the end of each certificate that a snapshot binds, and forgets
// the others.
func (c *callerCerts) report(
	s *policy.Snapshot, report func(end time.Time, ais, issuer, serial string),
) {
	c.mu.Lock()
	defer c.mu.Unlock()
	bound := map[certName]time.Time{}
	for _, i := range s.Identities() {
		name := certNameOf(i)
		if end, ok := c.ends[name]; ok {
			bound[name] = end
			report(end, name.ais, name.issuer, name.serial)
		}
	}
	c.ends = bound
}
