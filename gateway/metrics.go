package gateway

import (
	"brana/egon"
	"brana/gateway/conn"
	"brana/gateway/metrics"
	"brana/limits"
	"brana/policy"
)

// NewMetrics makes the metrics of one gateway. The sources are read when the
// metrics are scraped.
func NewMetrics(s metrics.Sources) *metrics.Metrics {
	l := metrics.Labels{
		ConnectionLimits:  conn.Limits(),
		HandshakeFailures: conn.Reasons(),
		Items:             egon.ReturnedWords(),
	}
	for _, b := range bounds {
		l.Bounds = append(l.Bounds, b.name)
	}
	for _, v := range []limits.Verdict{limits.Admitted, limits.OverQuota, limits.OverConcurrency} {
		l.Verdicts = append(l.Verdicts, v.String())
	}
	for _, mode := range []limits.Mode{limits.Share, limits.Open} {
		l.DegradedModes = append(l.DegradedModes, mode.String())
	}
	for _, r := range policy.RefreshResults() {
		l.RefreshResults = append(l.RefreshResults, string(r))
	}
	return metrics.New(s, l)
}

// countDecision counts a decision about limits, or that there is none.
func (c *core) countDecision(d *limits.Decision, err error) {
	if err != nil {
		c.parts.Metrics.Undecided()
		return
	}
	c.parts.Metrics.Decided(d.Verdict.String(), isNear(d))
	if d.Degraded != limits.Closed {
		c.parts.Metrics.Degraded(d.Degraded.String())
	}
}

// isNear reports whether a call was admitted into the last fifth of its quota.
// It shows a caller that declares too little before a call of it is refused.
func isNear(d *limits.Decision) bool {
	return d.Verdict == limits.Admitted && 5*d.Remaining <= d.Quota
}
