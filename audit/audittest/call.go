package audittest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"brana/audit"
	"brana/egon"
)

// A call is one call and what comes of it.
type call struct {
	call    audit.Call
	head    *egon.Head
	result  audit.Result
	refused bool // before its intent
	intent  uint64
	err     error
}

// newCall draws a call that comes at a time.
func newCall(r *rand.Rand, at time.Time, o *office) call {
	service := o.services[r.IntN(len(o.services))]
	if r.IntN(20) == 0 {
		service = local
	}
	c := call{head: &egon.Head{Info: o.info}}
	c.head.Info.Uzivatel = []byte(o.users[r.IntN(len(o.users))])
	var asked []string
	if list := items[service]; len(list) > 0 {
		asked = some(r, list)
	}
	for _, item := range asked {
		c.head.Items = append(c.head.Items, egon.Word{Text: []byte(item)})
	}
	c.call = audit.Call{
		Time:           at,
		Service:        service,
		Route:          route(service),
		Async:          (service == "E08" || service == local) && r.IntN(3) == 0,
		AgendaZadostId: uuid(r),
		Peer:           netip.AddrPortFrom(o.peer, uint16(20000+r.IntN(40000))),
		Certificate:    o.serial,
		Persons:        persons(r, service),
		Decision:       audit.Decision{Verdict: "granted", Policy: "3f8a11c09b2e", Rule: o.rule},
		Quota: audit.Quota{
			Verdict:    "admitted",
			Quota:      o.quota,
			Remaining:  1 + r.Int64N(o.quota),
			Concurrent: 50,
			Running:    1 + r.IntN(8),
		},
	}
	c.call.Head = c.head
	c.end(r, o, asked)
	return c
}

func route(service string) string {
	switch service {
	case "E198":
		return "workflow"
	case local:
		return "local"
	}
	return "relay iszr"
}

// end draws what comes of a call.
func (c *call) end(r *rand.Rand, o *office, asked []string) {
	took := time.Duration(1+r.ExpFloat64()*60) * time.Millisecond
	c.result = audit.Result{
		Time: c.call.Time.Add(took), Took: took, Outcome: "ok", Kod: "OK", Status: 200,
		IszrZadostId: string(uuid(r)),
		RequestBytes: 1500 + r.Int64N(1500),
	}
	switch p := r.Float64(); {
	case p < o.wrong && len(asked) > 0:
		c.refuse("item-not-permitted", 403)
		c.call.Decision.Refused = []audit.Refused{{Word: asked[len(asked)-1], Why: "grant"}}
	case p < o.wrong+0.001:
		c.refuse("hourly-quota", 429)
		c.call.Decision.Verdict = "granted"
		c.call.Quota.Verdict, c.call.Quota.Remaining = "hourly-quota", 0
	case p < o.wrong+0.0015:
		c.refuse("malformed", 400)
		c.call.Head, c.call.Decision, c.call.Quota = nil, audit.Decision{}, audit.Quota{}
	case p < o.wrong+0.003:
		c.result.Outcome, c.result.Kod, c.result.Status = "registry-failed", "CHYBA", 502
	case p < o.wrong+0.004:
		c.result.Outcome, c.result.Broken = "caller-left", "caller"
	case p < o.wrong+0.04:
		c.result.Outcome, c.result.Kod = "varovani", "VAROVANI"
		c.result.SubKody = []string{"NENALEZENO"}
	default:
		c.edit(r, asked)
		c.answer(r, asked)
	}
}

// edit has the gateway change some of the calls and their answers.
func (c *call) edit(r *rand.Rand, asked []string) {
	d := &c.call.Decision
	switch n := r.IntN(40); {
	case len(asked) == 0:
	case n == 0:
		d.Removed = []audit.Refused{{Word: asked[0], Why: "row"}}
	case n == 1:
		d.WouldRemove = []audit.Refused{{Word: asked[0], Why: "grant"}}
	case n == 2:
		d.Filled = asked
		c.head.Items = nil
	case n == 3 && !c.call.Async:
		c.result.Filtered = []string{"Doklad", "?Nove"}
	}
}

// refuse makes the call one that has no intent.
func (c *call) refuse(kind string, status int) {
	c.refused, c.call.Async = true, false
	c.call.Decision.Verdict, c.call.Quota = kind, audit.Quota{}
	c.result.Outcome, c.result.Kod = kind, "CHYBA"
	c.result.Status, c.result.Took = status, 400*time.Microsecond
	c.result.Time = c.call.Time.Add(c.result.Took)
}

// answer gives the call data, unless its job will.
func (c *call) answer(r *rand.Rand, asked []string) {
	c.result.ResponseBytes = 2000 + r.Int64N(60000)
	if c.call.Service == local || c.call.Async {
		return
	}
	c.result.Returned = asked
	c.result.Persons = persons(r, c.call.Service)
	if r.IntN(3) == 0 {
		c.result.Returned = some(r, asked)
	}
	name, message := "iszr", ""
	if c.call.Service == "E198" {
		name, message = "rob", "O08"
	}
	c.result.Registries = []audit.Registry{{
		Name: name, Message: message, Result: "ok", Took: c.result.Took * 3 / 4,
	}}
}

// hasJob reports whether the gateway answers the call later.
func (c *call) hasJob() bool {
	return c.call.Async && c.call.Service == local && c.result.Outcome != "registry-failed"
}

// job draws what comes of the job of the call.
func (c *call) job(rand *rand.Rand) audit.Result {
	took := c.result.Took + time.Duration(rand.IntN(5000))*time.Millisecond
	r := audit.Result{
		Time: c.call.Time.Add(took), Took: took, Outcome: "ok", Kod: "OK", Job: true,
		ResponseBytes: 2000 + rand.Int64N(60000),
	}
	return r
}

// persons draws the keyed hashes of one or more of a thousand people. Calls by E08 are about
// several.
func persons(r *rand.Rand, service string) []string {
	n := 1
	if service == "E08" {
		n += r.IntN(5)
	}
	hashes := make([]string, n)
	for i := range hashes {
		hashes[i] = fmt.Sprintf("%032x", r.IntN(1000))
	}
	return hashes
}

// some draws at least one of a list, in its order.
func some(r *rand.Rand, list []string) []string {
	drawn := make([]string, 0, len(list))
	for _, word := range list {
		if r.IntN(2) == 0 {
			drawn = append(drawn, word)
		}
	}
	if len(drawn) == 0 {
		return list[:1]
	}
	return drawn
}

// uuid draws an id in the form of RFC 9562.
func uuid(r *rand.Rand) []byte {
	id := fmt.Appendf(make([]byte, 0, 36), "%016x%016x", r.Uint64(), r.Uint64())
	for _, at := range [...]int{8, 13, 18, 23} {
		id = slices.Insert(id, at, '-')
	}
	return id
}
