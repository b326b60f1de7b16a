package limits

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

// fleet is several gateways, whole but for the ticker, that share a real Redis in virtual time.
type fleet struct {
	chance   chance
	clock    *hands
	make     func() *Redis
	gateways []*Redis
	call     Call
	log      []made
	slots    []taken
}

type taken struct {
	gateway *Redis // nil: it crashed, and what it began still runs
	slot    Slot
	expires int64
}

// tick lets every gateway tend its lanes, one after the other.
func (f *fleet) tick() {
	for _, r := range f.gateways {
		r.tend(&r.lanes[f.call.Key[0]%lanes])
		r.flights.Wait()
	}
}

func (f *fleet) settle() error {
	for range 20 {
		ready := true
		for _, r := range f.gateways {
			l := &r.lanes[f.call.Key[0]%lanes]
			l.mu.Lock()
			ready = ready && l.anchor.settled && l.down == nil
			l.mu.Unlock()
		}
		if ready {
			return nil
		}
		f.clock.move(500 * time.Millisecond)
		f.tick()
	}
	return errors.New("the gateways do not settle")
}

func (f *fleet) play() error {
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
			for range 1 + f.chance(8) {
				if err = f.admit(f.gateways[g]); err != nil {
					return err
				}
			}
		case 5, 6:
			err = f.release()
		case 7:
			f.tick()
		case 8:
			if f.chance(4) == 0 {
				err = f.crash(g)
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

func (f *fleet) admit(r *Redis) error {
	now := f.clock.millis.Load()
	in := r.calendar.Regime(f.clock.now())
	f.slots = slices.DeleteFunc(f.slots, func(h taken) bool { return h.expires <= now })
	d, err := r.Admit(context.Background(), f.call)
	r.flights.Wait()
	if err != nil || d.Verdict != Admitted {
		return err
	}
	f.log = append(f.log, made{now, in})
	f.slots = append(f.slots, taken{r, d.Slot, now + f.call.Lifetime.Milliseconds()})
	var hour counts
	most := f.call.Rule.quota(in)
	for _, call := range f.log {
		if call.at > now-windowMillis {
			hour[call.in]++
			most = max(most, f.call.Rule.quota(call.in))
		}
	}
	if hour[in] > f.call.Rule.quota(in) || hour[0]+hour[1] > most {
		return fmt.Errorf("%v: %v calls within an hour, rule %+v", f.clock.now(), hour, f.call.Rule)
	}
	if len(f.slots) > f.call.Rule.Concurrent {
		return fmt.Errorf("%v: %d calls run at once, rule %+v", f.clock.now(), len(f.slots), f.call.Rule)
	}
	return nil
}

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
		h.gateway.flights.Wait()
	}
	return nil
}

// crash ends a gateway without a word and starts another; its calls go on until their lifetime ends.
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

func (f *fleet) jump() {
	now := f.clock.millis.Load()
	to := now + int64(f.chance(12_000))
	switch f.chance(5) {
	case 0:
		to = f.gateways[0].calendar.NextChange(f.clock.now()).UnixMilli()
		if to > now+windowMillis {
			to = now
		}
	case 1:
		to = now + f.call.Lifetime.Milliseconds()
	case 2, 3:
		if len(f.log) > 0 {
			to = f.log[f.chance(len(f.log))].at + windowMillis + leaseMillis*int64(f.chance(2)) + int64(f.chance(3)*10_000)
		}
	}
	f.clock.set(max(now, to-1+int64(f.chance(3))))
	f.tick()
}

func playFleet(t *testing.T, s *server, source string, chance chance) error {
	var made []*Redis
	prefix := fmt.Sprintf("fleet%d:", time.Now().UnixNano())
	clock := handsAt(t, wednesday+"06:30:00")
	f := &fleet{chance: chance, clock: clock, call: Call{Key: KeyOf("a"), Policy: "p",
		Rule: Rule{int64(1 + chance(60)), int64(1 + chance(60)), 1 + chance(20)}, Lifetime: time.Duration(1+chance(60)) * time.Second}}
	f.make = func() *Redis {
		r, err := prepare(RedisConfig{URL: s.url(), Calendar: czech(t), Timeout: 5 * time.Second, Prefix: prefix, TrustEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		r.script, r.clock, r.virtual, r.start = redis.NewScript(source), clock.now, true, clock.now().Add(-time.Duration(len(made))*time.Hour)
		made = append(made, r)
		clock.stores = made
		return r
	}
	err := f.play()
	for _, r := range made {
		_ = r.client.Close()
	}
	return err
}

// Whole gateways hold the hour and the slots through regimes, crashes and late use, with leases of any size.
func TestGatewaysKeepTheLimits(t *testing.T) {
	s := startServer(t)
	rapid.Check(t, func(rt *rapid.T) {
		if err := playFleet(t, s, ledgerSource, rapidly(rt)); err != nil {
			rt.Fatal(err)
		}
	})
}

// The test of the test: it finds a ledger that is wrong.
func TestGatewaysBreakTheLimitsOfMutants(t *testing.T) {
	s := startServer(t)
	for _, mutant := range []variant{
		{name: "hour short", from: "* grain + WINDOW + MARGIN", to: "* grain + WINDOW - 2 * LEASE"},
		{name: "slots live for a lease", from: "LEASE + entry.life + MARGIN", to: "LEASE + MARGIN"},
		{name: "others' slots are not counted", from: "others = others + other.slots", to: "others = 0"},
		{name: "regimes add up", from: "return math.min(rule[r] - calls[r], most - calls[1] - calls[2])", to: "return rule[r] - calls[r]"},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			var err error
			for seed := uint64(0); seed < 300 && err == nil; seed++ {
				err = playFleet(t, s, sourceOf(t, mutant, "clock"), rand.New(rand.NewPCG(seed, 4)).IntN)
			}
			caught(t, err)
		})
	}
}
