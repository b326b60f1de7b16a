package audit

import (
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"brana/egon"
)

// appendTime appends a time as RFC 3339 has it, with microseconds and zone.
func appendTime(b []byte, t time.Time) []byte {
	const seconds = len("2006-01-02T15:04:05")
	from := len(b) + seconds
	b = t.AppendFormat(b, time.RFC3339) // which has a way of its own that is fast
	var room [len("+01:00")]byte
	zone := append(room[:0], b[from:]...)
	micros := t.Nanosecond() / 1000
	b = append(b[:from], '.', 0, 0, 0, 0, 0, 0)
	for i := len(b) - 1; i > from; i-- {
		b[i] = '0' + byte(micros%10)
		micros /= 10
	}
	return append(b, zone...)
}

// appendCall appends the fields of a call, each with a comma before it.
func appendCall(b []byte, c *Call) []byte {
	b = text(b, "service", c.Service)
	b = text(b, "route", c.Route)
	b = flag(b, "async", c.Async)
	b = text(b, "agenda_zadost_id", c.AgendaZadostId)
	b = text(b, "iszr_zadost_id", c.IszrZadostId)
	b = appendHead(b, c.Head)
	if c.Peer.IsValid() {
		b = append(b, `,"peer":"`...)
		b = append(c.Peer.AppendTo(b), '"')
	}
	b = text(b, "certificate", c.Certificate)
	b = words(b, "parameters", c.Parameters)
	b = text(b, "asked_job", c.AskedJob)
	b = words(b, "persons", c.Persons)
	b = appendDecision(b, &c.Decision, c.Head)
	return appendQuota(b, &c.Quota)
}

func appendHead(b []byte, h *egon.Head) []byte {
	if h == nil {
		return b
	}
	i := &h.Info
	b = text(b, "predchozi_zadost_id", i.PredchoziZadostId)
	b = text(b, "agenda", i.Agenda)
	b = text(b, "role", i.AgendovaRole)
	b = text(b, "ovm", i.Ovm)
	b = text(b, "ais", i.Ais)
	b = text(b, "subjekt", i.Subjekt)
	b = text(b, "uzivatel", i.Uzivatel)
	b = text(b, "duvod_ucel", i.DuvodUcel)
	if len(h.Items) == 0 {
		return b
	}
	b = append(b, `,"asked":[`...)
	for n, w := range h.Items {
		if n > 0 {
			b = append(b, ',')
		}
		b = quote(b, w.Text)
	}
	return append(b, ']')
}

func appendDecision(b []byte, d *Decision, h *egon.Head) []byte {
	if d.Verdict == "" {
		return b
	}
	b = append(b, `,"decision":{"verdict":`...)
	b = quote(b, d.Verdict)
	b = text(b, "reason", d.Reason)
	b = text(b, "policy", d.Policy)
	b = text(b, "rule", d.Rule)
	b = appendRow(b, &d.Row, h)
	b = refusals(b, "refused", d.Refused)
	b = refusals(b, "removed", d.Removed)
	b = refusals(b, "would_remove", d.WouldRemove)
	b = words(b, "filled", d.Filled)
	return append(b, '}')
}

func refusals(b []byte, name string, list []Refused) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(key(b, name), '[')
	for n, r := range list {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"word":`...)
		b = quote(b, r.Word)
		b = text(b, "why", r.Why)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendRow appends the triple of the caller and where its row comes from, as
// "X999/XR1/12345678 matrix.csv 1a2b3c4d5e6f" or "X999/XR1/12345678 E227 2026-11-29T04:12:00Z".
func appendRow(b []byte, r *Row, h *egon.Head) []byte {
	if r.Source == "" || h == nil {
		return b
	}
	b = append(key(b, "row"), '"')
	for _, code := range [][]byte{h.Info.Agenda, h.Info.AgendovaRole, h.Info.Ovm} {
		b = append(escape(b, code), '/')
	}
	b[len(b)-1] = ' '
	b = escape(b, r.Source)
	if !r.Fetched.IsZero() {
		b = r.Fetched.UTC().AppendFormat(append(b, ' '), time.RFC3339)
	}
	return append(b, '"')
}

func appendQuota(b []byte, q *Quota) []byte {
	if q.Verdict == "" {
		return b
	}
	b = append(b, `,"quota":{"verdict":`...)
	b = quote(b, q.Verdict)
	b = text(b, "degraded", q.Degraded)
	b = number(b, "quota", q.Quota)
	b = number(b, "remaining", q.Remaining)
	b = number(b, "concurrent", int64(q.Concurrent))
	b = number(b, "running", int64(q.Running))
	b = text(b, "group", q.Group)
	return append(b, '}')
}

// appendResult appends the fields of a result, each with a comma before it.
func appendResult(b []byte, r *Result) []byte {
	b = text(b, "outcome", r.Outcome)
	b = text(b, "kod", r.Kod)
	b = words(b, "sub_kody", r.SubKody)
	b = number(b, "status", int64(r.Status))
	b = text(b, "broken", r.Broken)
	b = flag(b, "job", r.Job)
	b = words(b, "returned", r.Returned)
	b = words(b, "unpermitted", r.Unpermitted)
	b = words(b, "filtered", r.Filtered)
	b = words(b, "returned_persons", r.Persons)
	b = words(b, "persons", r.MorePersons)
	if len(r.Registries) > 0 {
		b = append(b, `,"registries":[`...)
		for n := range r.Registries {
			if n > 0 {
				b = append(b, ',')
			}
			b = appendRegistry(b, &r.Registries[n])
		}
		b = append(b, ']')
	}
	b = number(b, "request_bytes", r.RequestBytes)
	b = number(b, "response_bytes", r.ResponseBytes)
	b = number(b, "took_us", r.Took.Microseconds())
	b = digest(b, "request_sha256", r.RequestDigest)
	return digest(b, "response_sha256", r.ResponseDigest)
}

func appendRegistry(b []byte, r *Registry) []byte {
	b = append(b, `{"name":`...)
	b = quote(b, r.Name)
	b = text(b, "message", r.Message)
	b = text(b, "result", r.Result)
	b = number(b, "took_us", r.Took.Microseconds())
	return append(b, '}')
}

func begin(b []byte, kind string, t time.Time) []byte {
	b = append(b, `"type":"`...)
	b = append(b, kind...)
	b = append(b, `","time":"`...)
	b = appendTime(b, t)
	return append(b, '"')
}

func key(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func text[T string | []byte](b []byte, name string, value T) []byte {
	if len(value) == 0 {
		return b
	}
	return quote(key(b, name), value)
}

func words(b []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(key(b, name), '[')
	for n, w := range list {
		if n > 0 {
			b = append(b, ',')
		}
		b = quote(b, w)
	}
	return append(b, ']')
}

func number(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(key(b, name), n, 10)
}

func flag(b []byte, name string, set bool) []byte {
	if !set {
		return b
	}
	return append(key(b, name), "true"...)
}

func digest(b []byte, name string, sum []byte) []byte {
	if len(sum) == 0 {
		return b
	}
	return append(hex.AppendEncode(append(key(b, name), '"'), sum), '"')
}

// quote appends a JSON string (RFC 8259 §7). Bytes that are no UTF-8 become U+FFFD.
func quote[T string | []byte](b []byte, s T) []byte {
	return append(escape(append(b, '"'), s), '"')
}

// escape appends the inside of a JSON string.
func escape[T string | []byte](b []byte, s T) []byte {
	const hexDigits = "0123456789abcdef"
	plain := 0
	for i := 0; i < len(s); {
		for len(s)-i >= 8 && plainBytes(eight(s, i)) {
			i += 8
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			next := string(s[i:min(len(s), i+utf8.UTFMax)])
			if r, n := utf8.DecodeRuneInString(next); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		b = append(b, s[plain:i]...)
		switch {
		case c >= utf8.RuneSelf:
			b = append(b, "\ufffd"...)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, '\\', c)
		}
		i++
		plain = i
	}
	return append(b, s[plain:]...)
}

// eight returns 8 bytes of a text from i on.
func eight[T string | []byte](s T, i int) uint64 {
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// plainBytes reports whether 8 bytes stand in a JSON string as they are: none is a control
// character, a quotation mark, a backslash or a part of a longer character.
func plainBytes(w uint64) bool {
	const (
		each = 0x0101010101010101
		high = 0x80 * each
	)
	quotes, slashes := w^'"'*each, w^'\\'*each
	return (w|(w-' '*each)|(quotes-each)|(slashes-each))&high == 0
}
