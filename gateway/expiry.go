package gateway

import (
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brana/gateway/conn"
	"brana/policy"
)

// tlsMetrics count handshakes and watch certificates.
type tlsMetrics struct {
	shaken, failed *prometheus.CounterVec
	own            expiries
	callers        *prometheus.Desc
}

func newTLSMetrics(help map[string]string, certificates func(tell func(end time.Time, which string))) tlsMetrics {
	counter := func(name, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help[name]}, []string{label})
	}
	gauge := func(name string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help[name], labels, nil)
	}
	m := tlsMetrics{
		shaken:  counter("brana_tls_handshakes_total", "resumed"),
		failed:  counter("brana_tls_handshake_errors_total", "reason"),
		own:     expiries{desc: gauge("brana_certificate_expiry_timestamp_seconds", "which")},
		callers: gauge("brana_caller_certificate_expiry_timestamp_seconds", "ais", "issuer", "serial"),
	}
	m.own.read = func(tell func(time.Time, ...string)) {
		if certificates != nil {
			certificates(func(end time.Time, which string) { tell(end, which) })
		}
	}
	for _, reason := range conn.Reasons() {
		m.failed.WithLabelValues(reason)
	}
	return m
}

// shook counts a handshake that came to its end.
func (m *Metrics) shook(resumed bool) {
	m.tls.shaken.WithLabelValues(map[bool]string{true: "yes", false: "no"}[resumed]).Inc()
}

// handshakeFailed counts one that did not.
func (m *Metrics) handshakeFailed(reason string) { m.tls.failed.WithLabelValues(reason).Inc() }

// watchCallers tells the ends of the certificates that callers came with.
func (m *Metrics) watchCallers(s *seen, store *policy.Store) error {
	e := expiries{desc: m.tls.callers, read: func(tell func(time.Time, ...string)) { s.tell(store.Current(), tell) }}
	if err := m.Registry.Register(e); err != nil {
		return fmt.Errorf("register metrics of callers: %w", err)
	}
	return nil
}

// expiries is a gauge of when certificates end, read when it is scraped.
type expiries struct {
	desc *prometheus.Desc
	read func(tell func(end time.Time, labels ...string))
}

// Describe tells the gauge.
func (e expiries) Describe(ch chan<- *prometheus.Desc) { ch <- e.desc }

// Collect reads it.
func (e expiries) Collect(ch chan<- prometheus.Metric) {
	e.read(func(end time.Time, labels ...string) {
		ch <- prometheus.MustNewConstMetric(e.desc, prometheus.GaugeValue, float64(end.Unix()), labels...)
	})
}

// seen are the certificates that callers have come with and that something is
// bound to.
type seen struct {
	mu   sync.Mutex
	ends map[seenCertificate]time.Time
}

// A seenCertificate names one as the policy writes it, so that it is told only
// while it is bound.
type seenCertificate struct{ ais, issuer, serial string }

func newSeen() *seen { return &seen{ends: map[seenCertificate]time.Time{}} }

func nameOf(i *policy.Identity) seenCertificate {
	return seenCertificate{i.Ais, i.Issuer, i.Serial}
}

// note keeps when a certificate ends; bound is nil when nothing is bound to it.
func (s *seen) note(bound *policy.Identity, cert *x509.Certificate) {
	if bound == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[nameOf(bound)] = cert.NotAfter
}

// tell tells the end of each certificate that is bound now, and forgets others.
func (s *seen) tell(snapshot *policy.Snapshot, tell func(end time.Time, labels ...string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bound := map[seenCertificate]time.Time{}
	for _, i := range snapshot.Identities() {
		key := nameOf(i)
		if end, ok := s.ends[key]; ok {
			bound[key] = end
			tell(end, key.ais, key.issuer, key.serial)
		}
	}
	s.ends = bound
}
