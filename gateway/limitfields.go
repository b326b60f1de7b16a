package gateway

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"brana/limits"
)

// setLimitFields sets RateLimit-Policy and RateLimit: the policy "hour" with its
// quota and window, and what remains and when more comes
// (draft-ietf-httpapi-ratelimit-headers). Limits of a group of services are the policy
// "hour:GROUP".
func setLimitFields(h *fasthttp.ResponseHeader, d *limits.Decision, group string) {
	b := appendHour(make([]byte, 0, 64), group)
	b = strconv.AppendInt(append(b, ";q="...), d.Quota, 10)
	b = strconv.AppendInt(append(b, ";w="...), seconds(limits.Window), 10)
	if d.Degraded != limits.Closed { // decided without the counts
		b = append(append(b, ";degraded="...), d.Degraded.String()...)
	}
	h.SetCanonical([]byte("RateLimit-Policy"), b) // Set would write Ratelimit
	h.SetCanonical([]byte("RateLimit"), appendRateLimit(b[:0], d, group))
}

// appendHour appends the name of the policy, a string of RFC 9651: the name of a group has
// none of the characters that would need a backslash.
func appendHour(b []byte, group string) []byte {
	b = append(b, `"hour`...)
	if group != "" {
		b = append(append(b, ':'), group...)
	}
	return append(b, '"')
}

// appendRateLimit appends what remains of the quota, and the seconds until more
// comes: at least 1, and at most the window. A call is counted for some seconds
// longer than the window; only Retry-After of a refusal includes these.
func appendRateLimit(b []byte, d *limits.Decision, group string) []byte {
	more := d.Reset
	if d.Verdict == limits.OverQuota { // one permit that is free again may not be enough
		more = d.RetryAfter
	}
	b = strconv.AppendInt(append(appendHour(b, group), ";r="...), d.Remaining, 10)
	more = min(max(more, time.Second), limits.Window)
	return strconv.AppendInt(append(b, ";t="...), seconds(more), 10)
}

// seconds rounds up to whole seconds.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
