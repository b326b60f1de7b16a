package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// story is gateways that share a ledger, in virtual time, and the calls of one caller.
type story struct {
	t        *testing.T
	clock    *limitstest.Clock
	began    int64 // milliseconds, when the gateways were ready
	masters  []*storyRedis
	replica  storyLedger // stopped following the master; nil: it is up to date
	gateways []*storyGateway
	lifetime time.Duration
	mode     limits.Mode
	admitted []int64     // when calls were admitted
	running  []storyCall // oldest first
	requests bool        // are printed
	out      strings.Builder
}

// storyGateway is a gateway in all its starts.
type storyGateway struct {
	name   string
	starts int
	store  *Store // nil while it is down
	redis  *storyRedis
	rule   limits.Rule
	policy string
	state  limits.State
	loses  bool // its next answer
}

type storyCall struct {
	gateway *storyGateway
	slot    limits.Slot
	ends    int64 // at the latest
}

var storyKey = limits.Key{7}

func newStory(t *testing.T, l storyLedger) *story {
	s := &story{t: t, clock: &limitstest.Clock{}}
	s.masters = []*storyRedis{{name: "redis", ledger: l, fence: "1"}}
	return s
}

func (s *story) end() {
	for _, g := range s.gateways {
		s.crash(g)
	}
	for _, r := range s.masters {
		r.ledger.flush()
	}
	if s.replica != nil {
		s.replica.flush()
	}
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func (s *story) now() int64 { return s.clock.Millis() }

func (s *story) print(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

// note prints a request or an answer, if they are to be seen.
func (s *story) note(format string, args ...any) {
	if s.requests {
		s.print(s.stamp()+format, args...)
	}
}

// stamp is the time since the gateways were ready.
func (s *story) stamp() string {
	return fmt.Sprintf("%v: ", millis(s.now()-s.began))
}

// start starts a gateway, under a name that none had before.
func (s *story) start(g *storyGateway) {
	config := testConfig(s.t, "redis://127.0.0.1:1")
	config.TrustEmpty, config.Policy = false, g.policy
	r, err := prepare(config)
	if err != nil {
		s.t.Fatal(err)
	}
	g.starts++
	r.name = fmt.Sprint(g.name, g.starts)
	r.clock = handClock{s.clock, s.clock.Now()}
	r.client.AddHook(wire{s, g})
	g.store, g.state = r, limits.Learning
}

// crash ends a gateway without a word. The calls that it has let in go on.
func (s *story) crash(g *storyGateway) {
	if g.store != nil {
		_ = g.store.client.Close()
		g.store = nil
	}
}

// tick lets every gateway that runs do what it does four times a second.
func (s *story) tick() {
	for _, g := range s.gateways {
		if g.store == nil {
			continue
		}
		sh := &g.store.shards[storyKey[0]]
		g.store.tend(sh)
		g.store.background.Wait()
		sh.mu.Lock()
		state := sh.state()
		sh.mu.Unlock()
		if state != g.state && s.began > 0 {
			s.print("%s%s is %v", s.stamp(), g.name, state)
		}
		g.state = state
	}
}

func (s *story) advance(d time.Duration) {
	for end := s.now() + d.Milliseconds(); s.now() < end; s.tick() {
		s.clock.Move(min(tick, time.Duration(end-s.now())*time.Millisecond))
		s.running = slices.DeleteFunc(s.running, func(c storyCall) bool { return c.ends <= s.now() })
	}
}

// settle lets time pass until all gateways may be granted permits.
func (s *story) settle() error {
	for range 100 {
		waits := func(g *storyGateway) bool { return g.state != limits.Normal }
		if !slices.ContainsFunc(s.gateways, waits) && s.now()%1000 == 0 {
			s.began = s.now()
			return nil
		}
		s.advance(tick)
	}
	return errors.New("the gateways do not settle")
}

// admit makes calls at a gateway, and prints the last of each row of equal decisions.
func (s *story) admit(g *storyGateway, times int, ends bool) {
	last, n := "", 0
	facts := ""
	flush := func() {
		switch {
		case n == 1:
			s.print("%s: %s%s", g.name, last, facts)
		case n > 1:
			s.print("%s: %s x%d%s", g.name, last, n, facts)
		}
	}
	for range times {
		call := limits.Call{
			Key: storyKey, Rule: g.rule, Lifetime: s.lifetime, Policy: g.policy, WhenDown: s.mode,
		}
		d, err := g.store.Admit(context.Background(), call)
		g.store.background.Wait()
		verdict, more := worded(d, err)
		if verdict != last {
			flush()
			n = 0
		}
		last, facts, n = verdict, more, n+1
		if err != nil || d.Verdict != limits.Admitted {
			continue
		}
		s.admitted = append(s.admitted, s.now())
		s.running = append(s.running, storyCall{g, d.Slot, s.now() + s.lifetime.Milliseconds()})
		if ends {
			s.release(g, len(s.running)-1)
		}
	}
	flush()
}

// release ends one of the calls that run.
func (s *story) release(g *storyGateway, at int) {
	slot := s.running[at].slot
	s.running = slices.Delete(s.running, at, at+1)
	_ = g.store.Release(context.Background(), slot)
	g.store.background.Wait()
}

// worded is a decision in words: its verdict, and the rest of it.
func worded(d limits.Decision, err error) (verdict, facts string) {
	if err != nil {
		return "no decision", ", " + err.Error()
	}
	verdict = d.Verdict.String()
	if d.Degraded != limits.Closed {
		verdict += " (" + d.Degraded.String() + ")"
	}
	switch d.Verdict {
	case limits.Admitted:
		return verdict, fmt.Sprintf(", %d of %d remaining", d.Remaining, d.Quota)
	case limits.OverQuota:
		return verdict, fmt.Sprintf(" of %d, retry after %v", d.Quota, d.RetryAfter)
	}
	return verdict, fmt.Sprintf(", %d of %d running, retry after %v",
		d.Running, d.Concurrent, d.RetryAfter)
}

// status prints what gateways hold, what Redis has counted, and what is true.
func (s *story) status() {
	for _, g := range s.gateways {
		if g.store == nil {
			s.print("%s: does not run", g.name)
		} else {
			s.print("%s: %v, %s", g.name, g.state, s.holding(g.store))
		}
	}
	for _, r := range s.masters {
		s.print("%s: %s", r.name, s.counted(r))
	}
	hour := 0
	for _, at := range s.admitted {
		if at > s.now()-windowMillis {
			hour++
		}
	}
	s.print("calls: %d within the hour, %d running", hour, len(s.running))
}

// holding is what a gateway has of the caller.
func (s *story) holding(r *Store) string {
	sh := &r.shards[storyKey[0]]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.callers[storyKey]
	switch dormant, unreplayed := sh.dormant[storyKey], sh.unreplayed[storyKey]; {
	case dormant != nil:
		return "dormant, remembers " + count(s.remembered(dormant.journal), "call")
	case unreplayed != nil:
		return "dormant, has to replay " + count(s.remembered(unreplayed.journal), "call")
	case c == nil:
		return "knows nothing of the caller"
	}
	now := r.clock.now()
	c.expire(now)
	words := []string{"idle"}
	if permits := c.usable(now); permits > 0 {
		left := millis(c.leases[0].deadline - now)
		words[0] = fmt.Sprintf("leasing %s for %v", count(permits, "permit"), left)
	}
	if c.ownSlots > 0 || c.count() > 0 {
		words = append(words, fmt.Sprintf("%s of which %d busy", count(c.ownSlots, "slot"), c.count()))
	}
	if c.standing != synced {
		words = append(words, "has to replay")
	}
	return strings.Join(words, ", ")
}

// remembered is how many calls of a journal are counted still.
func (s *story) remembered(journal []limits.Bucket) (calls int64) {
	for _, b := range journal {
		if b.Leaves > s.now() {
			calls += b.Calls[0] + b.Calls[1]
		}
	}
	return calls
}

// counted is what a Redis has counted of the caller.
func (s *story) counted(r *storyRedis) string {
	if r.down || r.frozen {
		return map[bool]string{true: "down", false: "frozen"}[r.down]
	}
	y, now, err := r.look(s.now())
	if err != nil {
		return "learning"
	}
	y.Sweep(now)
	text := fmt.Sprintf("%d counted, %d of them in open leases; %s",
		y.Counts[0]+y.Counts[1], y.Leased, count(int64(y.Slots), "slot"))
	if extra := y.Extra.At(now); extra > 0 {
		text += fmt.Sprintf("; %d extra for %v", extra, millis(y.Extra.Ends-now))
	}
	if r.ahead != 0 {
		text += fmt.Sprintf("; its clock %v, ledger time %v from the true time",
			millis(r.ahead), millis(now-s.now()))
	}
	return text
}

// arguments are the words of a command that have not been read; err is what is wrong with those
// that were.
type arguments struct {
	words []string
	err   error
}

func (a *arguments) fail(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, args...)
	}
}

// next is the next word; empty when there is none.
func (a *arguments) next() (word string) {
	if len(a.words) > 0 {
		word, a.words = a.words[0], a.words[1:]
	}
	return word
}

// literal reads a word that must be the next one.
func (a *arguments) literal(want string) {
	if got := a.next(); got != want {
		a.fail("%q stands where %q should", got, want)
	}
}

func (a *arguments) number() int64 {
	word := a.next()
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		a.fail("%q is no number", word)
	}
	return n
}

func (a *arguments) duration() time.Duration {
	word := a.next()
	d, err := time.ParseDuration(word)
	if err != nil {
		a.fail("%q is no duration", word)
	}
	return d
}

func (a *arguments) quota() int64 {
	word := a.next()
	n, err := strconv.ParseInt(strings.TrimSuffix(word, "/h"), 10, 64)
	if err != nil || !strings.HasSuffix(word, "/h") {
		a.fail("%q is no quota, such as 10/h", word)
	}
	return n
}

// times is x5, or once when nothing is left.
func (a *arguments) times() int {
	if len(a.words) == 0 {
		return 1
	}
	word := a.next()
	n, err := strconv.Atoi(strings.TrimPrefix(word, "x"))
	if err != nil || !strings.HasPrefix(word, "x") {
		a.fail("%q is no number of times, such as x5", word)
	}
	return n
}
