package limitstest

import (
	"testing"
	"time"

	"brana/limits"
)

// A Caller makes calls at a store. A missing decision fails its test.
type Caller struct {
	T     testing.TB
	Store Store
	Call  limits.Call
	Traits
}

// NewCaller returns a caller with a key of its own, whose calls live for a minute.
func NewCaller(t testing.TB, s Store, name string, rule limits.Rule) Caller {
	call := limits.Call{Key: limits.KeyOf(name), Rule: rule, Lifetime: time.Minute}
	return Caller{T: t, Store: s, Call: call}
}

// Admit makes a call, which must have this verdict.
func (c Caller) Admit(want limits.Verdict) limits.Decision {
	c.T.Helper()
	d, err := c.Store.Admit(c.T.Context(), c.Call)
	if err != nil {
		c.T.Fatal(err)
	}
	if d.Verdict != want {
		c.T.Fatalf("verdict = %v, want %v: %+v", d.Verdict, want, d)
	}
	return d
}

// Release gives a slot back.
func (c Caller) Release(s limits.Slot) {
	c.T.Helper()
	if err := c.Store.Release(c.T.Context(), s); err != nil {
		c.T.Fatal(err)
	}
}

// Spend makes n calls one after the other, which must be admitted.
func (c Caller) Spend(n int) {
	c.T.Helper()
	for range n {
		c.Release(c.Admit(limits.Admitted).Slot)
	}
}

// Raise grants extra calls for a while, and waits until no refusal from before is repeated.
func (c Caller) Raise(calls int64, lasting time.Duration, clock *Clock) {
	c.T.Helper()
	if err := c.Store.Raise(c.T.Context(), c.Call, calls, clock.Now().Add(lasting)); err != nil {
		c.T.Fatal(err)
	}
	clock.Move(c.Repeats + time.Millisecond)
}

// Usage is what the store counts.
func (c Caller) Usage() limits.Usage {
	c.T.Helper()
	u, err := c.Store.Usage(c.T.Context(), c.Call)
	if err != nil {
		c.T.Fatal(err)
	}
	return u
}
