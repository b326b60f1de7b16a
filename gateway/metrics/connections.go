package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// connections counts connections of callers, their handshakes and what their
// certificates are.
type connections struct {
	refused    *prometheus.CounterVec
	handshakes *prometheus.CounterVec
	failed     *prometheus.CounterVec
}

func newConnections(t table, s Sources) connections {
	m := connections{
		refused: t.counters("brana_connections_refused_total",
			"Connections closed at once because there were too many, of one peer or in total.",
			"limit"),
		handshakes: t.counters("brana_tls_handshakes_total",
			"Handshakes with callers that succeeded, by whether they resumed a session.",
			"resumed"),
		failed: t.counters("brana_tls_handshake_errors_total",
			"Handshakes with callers that failed, by reason.", "reason"),
	}
	open := t.scrapedGauge("brana_connections_open", "Connections of callers at this moment.")
	t.scrapedValue(open, s.Connections)
	own := t.scrapedGauge("brana_certificate_expiry_timestamp_seconds",
		"When a certificate of the gateway's own ends, by the key of the configuration that "+
			"names it.",
		"which")
	t.when(s.Certificates != nil).scraped(func(e emit) {
		s.Certificates(func(end time.Time, key string) { e(own, float64(end.Unix()), key) })
	}, own)
	callers := t.scrapedGauge("brana_caller_certificate_expiry_timestamp_seconds",
		"When a caller's certificate ends, of those that are bound and have been seen since the "+
			"start; ais is bus for one of the bus.",
		"ais", "issuer", "serial")
	t.when(s.CallerCertificates != nil).scraped(func(e emit) {
		s.CallerCertificates(func(end time.Time, ais, issuer, serial string) {
			e(callers, float64(end.Unix()), ais, issuer, serial)
		})
	}, callers)
	return m
}

// ConnectionRefused counts a connection for which there was no room.
func (m *connections) ConnectionRefused(limit string) {
	m.refused.WithLabelValues(limit).Inc()
}

// HandshakeEnded counts a handshake that succeeded.
func (m *connections) HandshakeEnded(resumed bool) {
	value := "no"
	if resumed {
		value = "yes"
	}
	m.handshakes.WithLabelValues(value).Inc()
}

// HandshakeFailed counts a handshake that failed.
func (m *connections) HandshakeFailed(reason string) {
	m.failed.WithLabelValues(reason).Inc()
}
