package load

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stub answers after a time, in the clock of a bubble; some calls stall.
type stub struct {
	takes  time.Duration
	stalls func(n int) time.Duration
	wrong  func(n int) string
	calls  atomic.Int64
}

func (s *stub) Call(_ *Scenario, n int) Reply {
	s.calls.Add(1)
	takes := s.takes
	if s.stalls != nil {
		takes += s.stalls(n)
	}
	time.Sleep(takes)
	reply := Reply{Sent: 10, Received: 20}
	if s.wrong != nil {
		reply.Wrong = s.wrong(n)
	}
	return reply
}

func only(name string) *Mix {
	return &Mix{scenarios: []*Scenario{{Name: name}}, upTo: []float64{1}, text: name}
}

// above counts the calls that took longer.
func above(o *Outcome, d time.Duration) (n int64) {
	for _, bar := range o.Latency.Distribution() {
		if bar.From >= int64(d) {
			n += bar.Count
		}
	}
	return n
}

// A second in which nothing is answered is seen by one caller in closed loop,
// and in open loop by all who would have called meanwhile.
func TestAStallShowsInOpenLoop(t *testing.T) {
	stall := func(n int) time.Duration {
		if n == 200 {
			return time.Second
		}
		return 0
	}
	synctest.Test(t, func(t *testing.T) {
		o, err := Run(t.Context(), Plan{Pace: Pace{{100, 10 * time.Second}}, Workers: 1, Mix: only("relay"), Patience: time.Second,
			Target: &stub{takes: time.Millisecond, stalls: stall}})
		if err != nil {
			t.Fatal(err)
		}
		if o.Right != 1000 || o.Errors() != 0 {
			t.Errorf("%d right, %d errors, want 1000 and 0", o.Right, o.Errors())
		}
		// Of the calls that were to start in the stalled second, half would
		// have waited for more than half of it.
		if n := above(o, 500*time.Millisecond); n < 50 || n > 60 {
			t.Errorf("%d calls waited for more than half of the second, want some 55", n)
		}
		if max := time.Duration(o.Latency.Max()); max < time.Second || max > 1010*time.Millisecond {
			t.Errorf("the longest took %s", max)
		}
		if p99 := time.Duration(o.Latency.ValueAtQuantile(99)); p99 < 900*time.Millisecond {
			t.Errorf("p99 is %s: the stall is hidden", p99)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		o, err := Run(t.Context(), Plan{For: 10 * time.Second, Workers: 1, Mix: only("relay"),
			Target: &stub{takes: 10 * time.Millisecond, stalls: stall}})
		if err != nil {
			t.Fatal(err)
		}
		if n := above(o, 500*time.Millisecond); n != 1 {
			t.Errorf("%d calls of closed loop saw the stall, want 1", n)
		}
	})
}

func TestOpenLoopKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &stub{takes: 30 * time.Millisecond}
		o, err := Run(t.Context(), Plan{Pace: Pace{{100, 2 * time.Second}, {300, time.Second}}, Workers: 20, Mix: only("relay"), Target: target})
		if err != nil {
			t.Fatal(err)
		}
		if got := target.calls.Load(); got != 500 || o.Right != 500 {
			t.Errorf("%d calls, %d right, want 500", got, o.Right)
		}
		if n := above(o, 31*time.Millisecond); n != 0 {
			t.Errorf("%d calls waited although connections were free", n)
		}
		if o.Took < 3*time.Second || o.Took > 3100*time.Millisecond {
			t.Errorf("it took %s", o.Took)
		}
		if len(o.Seconds) != 3 {
			t.Fatalf("%d seconds, want 3", len(o.Seconds))
		}
		for i, want := range []int64{97, 100, 294} { // what was sent in the last 30 ms of a second is answered in the next
			if got := o.Seconds[i].Right; got < want-1 || got > want+2 {
				t.Errorf("second %d has %d answers, want some %d", i+1, got, want)
			}
		}
		if o.In != 5000 || o.Out != 10000 {
			t.Errorf("%d bytes sent, %d received", o.In, o.Out)
		}
	})
}

// What a target does not take in time is not sent for ever.
func TestATargetThatIsTooSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, err := Run(t.Context(), Plan{Pace: Pace{{100, 10 * time.Second}}, Workers: 1, Mix: only("relay"), Patience: 5 * time.Second,
			Target: &stub{takes: 100 * time.Millisecond}})
		if err != nil {
			t.Fatal(err)
		}
		if o.Right+o.Unsent != 1000 || o.Right < 149 || o.Right > 152 {
			t.Errorf("%d right, %d unsent of 1000; ten a second for 15 seconds could be sent", o.Right, o.Unsent)
		}
		if o.Errors() != o.Unsent {
			t.Errorf("%d errors, want the %d that were not sent", o.Errors(), o.Unsent)
		}
	})
}

// Refusing quickly is no speed: a wrong answer has no latency.
func TestWrongAnswersAreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, err := Run(t.Context(), Plan{Pace: Pace{{100, time.Second}}, Workers: 10, Mix: only("relay"), Target: &stub{
			takes: 20 * time.Millisecond,
			wrong: func(n int) string { return map[bool]string{true: "HTTP 503 instead of 200"}[n%4 == 0] },
		}})
		if err != nil {
			t.Fatal(err)
		}
		if o.Right != 75 || o.Wrong["HTTP 503 instead of 200"] != 25 || o.Errors() != 25 || o.Latency.TotalCount() != 75 {
			t.Errorf("%d right, %v wrong, %d latencies", o.Right, o.Wrong, o.Latency.TotalCount())
		}
		if k := o.Kinds["relay"]; k.Right != 75 || k.Wrong != 25 || k.Latency.TotalCount() != 75 {
			t.Errorf("of the scenario: %+v", k)
		}
		if got := o.Rate(); got > 76 {
			t.Errorf("rate %f counts wrong answers", got)
		}
	})
}

// However many ways a target finds to be wrong, they are counted in bounded memory.
func TestWrongAnswersOfManyKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, err := Run(t.Context(), Plan{Pace: Pace{{100, time.Second}}, Workers: 1, Mix: only("relay"), Target: &stub{
			wrong: func(n int) string { return string(rune('a' + n)) },
		}})
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Wrong) != maxWrong+1 || o.Wrong["other"] != 100-maxWrong || o.Errors() != 100 {
			t.Errorf("%d kinds, %d others, %d errors", len(o.Wrong), o.Wrong["other"], o.Errors())
		}
	})
}
