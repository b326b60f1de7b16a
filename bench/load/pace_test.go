package load

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPace(t *testing.T) {
	p := Pace{{10, time.Second}, {0, 2 * time.Second}, {100, 500 * time.Millisecond}}
	if p.Calls() != 60 || p.For() != 3500*time.Millisecond {
		t.Errorf("%d calls in %s", p.Calls(), p.For())
	}
	for _, c := range []struct {
		call int
		want time.Duration
	}{{0, 0}, {1, 100 * time.Millisecond}, {9, 900 * time.Millisecond}, {10, 3 * time.Second}, {11, 3010 * time.Millisecond},
		{59, 3490 * time.Millisecond}} {
		if got, ok := p.Start(c.call); !ok || (got-c.want).Abs() > time.Microsecond {
			t.Errorf("call %d starts at %s, %v; want %s", c.call, got, ok, c.want)
		}
	}
	if _, ok := p.Start(60); ok {
		t.Error("there is a call after the last one")
	}
}

// A rate that makes less than a call in a stretch makes one all the same, in
// some later stretch.
func TestASlowPaceLosesNothing(t *testing.T) {
	var p Pace
	for range 100 {
		p = append(p, Stretch{0.25, time.Second})
	}
	if p.Calls() != 25 {
		t.Errorf("%d calls, want 25", p.Calls())
	}
	if at, ok := p.Start(24); !ok || at != 96*time.Second {
		t.Errorf("the last one starts at %s, %v", at, ok)
	}
}

func TestPaceOfAnyStretches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Pace
		for range rapid.IntRange(1, 5).Draw(t, "stretches") {
			p = append(p, Stretch{rapid.Float64Range(0, 300).Draw(t, "rate"),
				time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond})
		}
		calls, before := 0, time.Duration(0)
		for ; ; calls++ {
			at, ok := p.Start(calls)
			if !ok {
				break
			}
			if at < before || at > p.For() {
				t.Fatalf("call %d starts at %s, after %s", calls, at, before)
			}
			before = at
		}
		if math.Abs(float64(calls-p.Calls())) > 0 {
			t.Fatalf("%d calls, Calls says %d", calls, p.Calls())
		}
	})
}
