package limitstest

import (
	"context"
	"testing"
	"time"

	"brana/limits"
)

// Rule is a rule in one line.
func Rule(working, off int64, concurrent int) limits.Rule {
	return limits.Rule{Working: working, Off: off, Concurrent: concurrent}
}

// LargeCall is a call of a caller that no limit bounds.
func LargeCall(name string) limits.Call {
	return limits.Call{Key: limits.KeyOf(name), Rule: Rule(1<<40, 1<<40, 1<<20), Lifetime: time.Minute}
}

// Exchange is one Admit and one Release.
func Exchange(b testing.TB, s Store, call limits.Call) {
	d, err := s.Admit(context.Background(), call)
	if err != nil || d.Verdict != limits.Admitted {
		b.Fatal(d, err)
	}
	if err := s.Release(context.Background(), d.Slot); err != nil {
		b.Fatal(err)
	}
}
