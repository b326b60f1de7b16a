package journal

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	const longest = 2 * time.Millisecond
	now := time.Now()
	p := pace{}
	batch := func(calls, wantBefore int) {
		t.Helper()
		now = now.Add(longest)
		if got := p.calls(now, longest); got != wantBefore {
			t.Errorf("a batch waits for %d calls, want %d", got, wantBefore)
		}
		p.learn(calls, now)
	}
	batch(1, 1) // alone
	batch(1, 1)
	batch(5, 1) // came while the disk was at work
	batch(5, 5)
	batch(9, 5)
	for range tryMore {
		batch(9, 9)
	}
	batch(8, 10) // the time ran out
	batch(6, 7)
	batch(2, 5)
	batch(1, 1)
	batch(1, 1)
	batch(30, 1)
	now = now.Add(time.Second)
	batch(1, 1) // after a silence a call is alone again
}

// Calls that are alone never wait, however many there are.
func TestACallThatIsAloneIsNotGathered(t *testing.T) {
	p := pace{}
	now := time.Now()
	for range 10 * tryMore {
		now = now.Add(time.Millisecond)
		if got := p.calls(now, 2*time.Millisecond); got > 1 {
			t.Fatalf("it waits for %d calls", got)
		}
		p.learn(1, now)
	}
}
