package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"

	"pgregory.net/rapid"
)

// A fleet is several gateways that share a real Redis in virtual time. Tests call what their
// tickers would call.
type fleet struct {
	chance   limitstest.Chance
	clock    *limitstest.Clock
	make     func() *Store
	gateways []*Store
	call     limits.Call
	log      []made
	slots    []heldSlot
	silent   bool // mistake: calls are renewed and the ledger is not asked

	before        func(*Store, *limits.Call) // is called before each admission; nil: nothing
	lifetimesVary bool
	fromStripes   int // calls admitted from stripes

	extras    []limits.Extra // oldest first
	forgotten int64          // calls until then do not count
}

// made is a call that was made, or a permit that was used.
type made struct {
	at int64
	in limits.Regime
}

type heldSlot struct {
	gateway *Store // nil: it crashed, and its call still runs
	slot    limits.Slot
	expires int64
}

// tick lets every gateway tend its shards, one after the other.
func (f *fleet) tick() {
	for _, r := range f.gateways {
		r.tend(&r.shards[f.call.Key[0]%shardCount])
		r.background.Wait()
	}
}

// settle lets time pass until all gateways may be granted permits.
func (f *fleet) settle() error {
	for range 20 {
		ready := true
		for _, r := range f.gateways {
			sh := &r.shards[f.call.Key[0]%shardCount]
			sh.mu.Lock()
			ready = ready && sh.health == up
			sh.mu.Unlock()
		}
		if ready {
			return nil
		}
		f.clock.Move(500 * time.Millisecond)
		f.tick()
	}
	return errors.New("the gateways do not settle")
}

// run does 80 random things. It returns a broken limit as an error.
func (f *fleet) run() error {
	for range 3 {
		f.gateways = append(f.gateways, f.make())
	}
	if err := f.settle(); err != nil {
		return err
	}
	for range 80 {
		g := f.chance(len(f.gateways))
		var err error
		switch f.chance(12) {
		case 0, 1, 2, 3, 4:
			for range 1 + f.chance(8)*(1+9*f.chance(2)) {
				if _, err = f.admit(f.gateways[g]); err != nil {
					return err
				}
			}
		case 5, 6:
			err = f.release()
		case 7:
			f.tick()
			if f.lifetimesVary {
				f.call.Lifetime = time.Duration(1+f.chance(120)) * time.Second
			}
		case 8:
			switch f.chance(4) {
			case 0:
				err = f.crash(g)
			case 1:
				f.renew(f.gateways[g])
			default:
				err = f.operate(f.gateways[g])
			}
		default:
			f.jump()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// admit makes a call at a gateway. It returns an error if a limit is broken.
func (f *fleet) admit(r *Store) (admitted bool, err error) {
	now := f.clock.Millis()
	in := r.calendar.Regime(f.clock.Now())
	f.slots = slices.DeleteFunc(f.slots, func(h heldSlot) bool { return h.expires <= now })
	if f.before != nil {
		f.before(r, &f.call)
	}
	r.nextInTurn()
	d, err := r.Admit(context.Background(), f.call)
	r.background.Wait()
	if err != nil || d.Verdict != limits.Admitted {
		return false, err
	}
	if d.Slot.Place>>stripeBits > 0 {
		f.fromStripes++
	}
	f.log = append(f.log, made{at: now, in: in})
	f.slots = append(f.slots, heldSlot{r, d.Slot, now + f.call.Lifetime.Milliseconds()})
	var hour limits.Counts
	rule := raised(f.call.Rule, f.extras, now)
	most := rule.Quota(in)
	for _, call := range f.log {
		if call.at > now-windowMillis && call.at > f.forgotten {
			hour[call.in]++
			most = max(most, rule.Quota(call.in))
		}
	}
	if hour[in] > rule.Quota(in) || hour[0]+hour[1] > most {
		return true, fmt.Errorf("%v: %v calls within an hour, rule %+v, raised %+v",
			f.clock.Now(), hour, f.call.Rule, rule)
	}
	if len(f.slots) > f.call.Rule.Concurrent {
		return true, fmt.Errorf("%v: %d calls run at once, rule %+v",
			f.clock.Now(), len(f.slots), f.call.Rule)
	}
	return true, nil
}

// release ends up to three calls.
func (f *fleet) release() error {
	for range 1 + f.chance(3) {
		if len(f.slots) == 0 {
			return nil
		}
		at := f.chance(len(f.slots))
		h := f.slots[at]
		if h.gateway == nil {
			continue
		}
		f.slots = slices.Delete(f.slots, at, at+1)
		_ = h.gateway.Release(context.Background(), h.slot)
		h.gateway.background.Wait()
	}
	return nil
}

// renew lets the calls of a gateway go on, just before they would end.
func (f *fleet) renew(r *Store) {
	for range 1 + f.chance(3) {
		f.clock.Move(f.call.Lifetime - time.Millisecond)
		f.tick()
		now := f.clock.Millis()
		for i := range f.slots {
			h := &f.slots[i]
			switch {
			case h.gateway != r || h.expires <= now:
				continue
			case f.silent:
				c := r.shards[f.call.Key[0]%shardCount].callers[f.call.Key]
				in, at := c.where(h.slot.Place)
				in.Renew(at, h.slot.Number, now+f.call.Lifetime.Milliseconds())
				// The gateway believes that the ledger counts the call for longer.
				c.slotsLife = max(c.slotsLife, c.lastExpiry()-c.slotsUntil)
			default:
				_ = r.Renew(context.Background(), h.slot, f.call.Lifetime)
				r.background.Wait()
			}
			h.expires = now + f.call.Lifetime.Milliseconds()
		}
	}
}

// operate grants extra calls, takes them back, or forgets what was used. Then gateways use up what
// there is.
func (f *fleet) operate(r *Store) (err error) {
	f.clock.Move(time.Millisecond) // calls until now are before it
	now := f.clock.Millis()
	if f.chance(2) == 0 {
		f.forgotten = now - 1
		err = r.Forget(context.Background(), f.call)
	} else {
		most := int(max(f.call.Rule.Working, f.call.Rule.Off))
		e := limits.Extra{Made: now, Calls: int64(f.chance(3) * f.chance(1+most) / 2)}
		e.Ends = now + leaseMillis + 1 + int64(f.chance(100_000))
		f.extras = append(f.extras, e)
		err = r.Raise(context.Background(), f.call, e.Calls, time.UnixMilli(e.Ends))
		f.clock.Set(max(now, e.Ends-leaseMillis+1-int64(f.chance(3))*1000))
		f.tick()
	}
	for range f.chance(3) {
		if err == nil {
			err = f.exhaust()
		}
		f.clock.Set(f.clock.Millis() + int64(f.chance(int(leaseMillis))))
	}
	return err
}

// exhaust makes calls at each gateway until it refuses, or stops on the way with permits leased.
func (f *fleet) exhaust() error {
	for _, r := range f.gateways {
		for admitted := true; admitted; {
			var err error
			if admitted, err = f.admit(r); err != nil {
				return err
			}
			if last := len(f.slots) - 1; admitted {
				_ = r.Release(context.Background(), f.slots[last].slot)
				f.slots = f.slots[:last]
				r.background.Wait()
			}
			if f.chance(40) == 0 {
				break
			}
		}
	}
	return nil
}

// crash ends a gateway without a word and starts another. Its calls go on until their lifetime
// ends.
func (f *fleet) crash(g int) error {
	for i := range f.slots {
		if f.slots[i].gateway == f.gateways[g] {
			f.slots[i].gateway = nil
		}
	}
	_ = f.gateways[g].client.Close()
	f.gateways[g] = f.make()
	return f.settle()
}

// jump moves time to where mistakes would show: changes of the regime, ends of calls, of hours
// and of extra calls.
func (f *fleet) jump() {
	now := f.clock.Millis()
	to := now + int64(f.chance(12_000))
	switch f.chance(6) {
	case 5:
		if n := len(f.extras); n > 0 {
			to = f.extras[n-1].Ends + int64(f.chance(16_000)) - leaseMillis
		}
	case 0:
		to = f.gateways[0].calendar.NextChange(f.clock.Now()).UnixMilli()
		if to > now+windowMillis {
			to = now
		}
	case 1:
		to = now + f.call.Lifetime.Milliseconds()
	case 2, 3:
		if len(f.log) > 0 {
			to = f.log[f.chance(len(f.log))].at + windowMillis
			to += leaseMillis*int64(f.chance(2)) + int64(f.chance(3)*10_000)
		}
	}
	f.clock.Set(max(now, to-1+int64(f.chance(3))))
	f.tick()
}

// fleetConfig configures a fleet.
type fleetConfig struct {
	source   string // of the ledger
	silent   bool
	striping *striping // of a large caller; nil: the caller is small
	before   func(*Store, *limits.Call)
}

// runFleet runs a fleet on a server. It returns how many calls were admitted from stripes.
func runFleet(
	t *testing.T, s *server, with fleetConfig, chance limitstest.Chance,
) (fromStripes int, err error) {
	var made []*Store
	prefix := fmt.Sprintf("fleet%d:", time.Now().UnixNano())
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"06:30:00")
	f := &fleet{chance: chance, clock: clock, silent: with.silent, before: with.before}
	working, off, concurrent := 1+chance(60)*(1+4*chance(2)), 1+chance(60), 1+chance(20)
	f.call = limits.Call{
		Key: limits.KeyOf("a"), Rule: rule(int64(working), int64(off), concurrent),
		Lifetime: time.Duration(1+chance(60)) * time.Second,
	}
	if with.striping != nil {
		f.lifetimesVary = true
		f.call.Rule = rule(int64(100+chance(600)), int64(100+chance(600)), 12+chance(60))
	}
	f.make = func() *Store {
		config := testConfig(t, s.url())
		config.Timeout, config.Prefix = 5*time.Second, prefix
		r, err := prepare(config)
		if err != nil {
			t.Fatal(err)
		}
		r.goBy(clock, time.Duration(len(made))*time.Hour, with.source)
		if with.striping != nil {
			r.striping = *with.striping
		}
		made = append(made, r)
		return r
	}
	err = f.run()
	for _, r := range made {
		_ = r.client.Close()
	}
	return f.fromStripes, err
}

// Whole gateways keep the quota and the slots through changes of the regime, crashes, late use,
// renewed calls and acts of operators, with leases of any size.
func TestGatewaysKeepTheLimits(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := runFleet(t, s, fleetConfig{source: ledgerSource}, limitstest.FromRapid(rt)); err != nil {
			rt.Fatal(err)
		}
	})
}

// The test of the test: each mutant breaks a limit.
func TestGatewaysBreakTheLimitsOfMutants(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, mutant := range []variant{
		{name: "hour short", from: "* grain + WINDOW + MARGIN", to: "* grain + WINDOW - 2 * LEASE"},
		{name: "slots live for a lease", from: "LEASE + entry.life + MARGIN", to: "LEASE + MARGIN"},
		{name: "others' slots are not counted", from: "others = others + other.slots", to: "others = 0"},
		{
			name: "regimes add up",
			from: "return math.min(rule[r] - calls[r], most - calls[1] - calls[2])",
			to:   "return rule[r] - calls[r]",
		},
		{name: "extra calls to their end", from: "moment + LEASE > extra.ends", to: "moment > extra.ends"},
		{
			name: "forgets leases",
			from: "if not lease.void and lease.leaves > now + WINDOW then", to: "if false then",
		},
		{name: silently},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			var err error
			with := fleetConfig{source: sourceOf(t, mutant, "clock"), silent: mutant.name == silently}
			for seed := uint64(0); seed < 300 && err == nil; seed++ {
				_, err = runFleet(t, s, with, rand.New(rand.NewPCG(seed, 4)).IntN)
			}
			caught(t, err)
		})
	}
}
