package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"

	"pgregory.net/rapid"
)

// stripeAlways deals out whatever a caller holds, to n stripes.
func stripeAlways(n int) *striping { return &striping{stripes: n, permits: 1, slots: 1} }

// nextInTurn makes the next call try the next stripe, instead of the one that its processor used
// last.
func (r *Store) nextInTurn() {
	for r.hints.Get() != nil {
	}
}

// runStripes has an oracle judge a large caller with stripes. It returns how many calls were
// admitted from stripes.
func runStripes(
	r *Store, clock *limitstest.Clock, key string, mistake *stripeMistake, chance limitstest.Chance,
) (fromStripes int, err error) {
	o := limitstest.NewOracle(r, r.calendar, clock, chance)
	o.Late, o.Scale, o.RuleVaries = leased, 30, true
	o.DrawRule()
	o.Call.Key = limits.KeyOf(key)
	o.Before = r.nextInTurn
	if mistake != nil {
		if mistake.store != nil {
			o.Store = mistake.store(r)
		}
		o.Before = func() {
			r.nextInTurn()
			mistake.apply(r, &o.Call)
		}
	}
	o.RunningLags = func(d limits.Decision) bool {
		if striped(d) {
			fromStripes++
		}
		return striped(d)
	}
	err = o.Run()
	return fromStripes, err
}

func TestStripesKeepTheRollingHour(t *testing.T) {
	t.Parallel()
	clock := &limitstest.Clock{}
	r := newRedis(t, startServer(t), clock)
	r.striping = *stripeAlways(3)
	n, fromStripes := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		from, err := runStripes(r, clock, fmt.Sprint(n), nil, limitstest.FromRapid(rt))
		fromStripes += from
		if err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d calls from stripes in %d runs", fromStripes, n)
	if fromStripes < 10*n {
		t.Errorf("%d calls were admitted from stripes in %d runs", fromStripes, n)
	}
}

func TestGatewaysKeepTheLimitsFromStripes(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	n, fromStripes := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		with := fleetConfig{source: ledgerSource, striping: stripeAlways(3)}
		from, err := runFleet(t, s, with, limitstest.FromRapid(rt))
		fromStripes += from
		if err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d calls from stripes in %d runs", fromStripes, n)
	if fromStripes < 5*n {
		t.Errorf("%d calls were admitted from stripes in %d runs", fromStripes, n)
	}
}

// A stripeMistake is one that stripes could make each time that they are dealt to.
type stripeMistake struct {
	name    string
	make    func(s *stripes, c *caller, call *limits.Call) // before each call; nil: store makes it
	store   func(*Store) limitstest.Store
	inFleet bool // a fleet finds it, too
}

// apply makes the mistake, if the caller has stripes.
func (x *stripeMistake) apply(r *Store, call *limits.Call) {
	sh := &r.shards[call.Key[0]%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c := sh.callers[call.Key]; c != nil && c.stripes != nil && x.make != nil {
		for i := range c.stripes.all {
			k := &c.stripes.all[i]
			k.mu.Lock()
			defer k.mu.Unlock()
		}
		x.make(c.stripes, c, call)
	}
}

// misplacing gives a slot back to another stripe than its own.
type misplacing struct {
	*Store
	running []limits.Slot
}

func (m *misplacing) Admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	d, err := m.Store.Admit(ctx, c)
	if striped(d) {
		m.running = append(m.running, d.Slot)
	}
	return d, err
}

func (m *misplacing) Release(ctx context.Context, s limits.Slot) error {
	for i, other := range m.running {
		if other.Key == s.Key && other != s && s.Place>>stripeBits > 0 {
			m.running = slices.Delete(m.running, i, i+1)
			return m.Store.Release(ctx, other)
		}
	}
	return m.Store.Release(ctx, s)
}

var stripeMistakes = []stripeMistake{
	{name: "permits also stay in their lease", inFleet: true, make: func(p *stripes, c *caller, _ *limits.Call) {
		for i := range c.leases {
			if c.leases[i].seq == p.seq && p.until > 0 {
				for k := range p.all {
					c.leases[i].left += p.all[k].permits
				}
			}
		}
	}},
	{name: "permits are lost", make: func(p *stripes, _ *caller, _ *limits.Call) {
		for k := range p.all {
			p.all[k].permits = 0
		}
	}},
	{name: "used when the lease is over", make: func(p *stripes, _ *caller, _ *limits.Call) {
		if p.until > 0 {
			p.until = 1 << 60
		}
	}},
	{name: "slots are dealt twice", inFleet: true, make: func(p *stripes, c *caller, _ *limits.Call) {
		for k := range p.all {
			if p.until > 0 {
				p.all[k].slots = c.ownSlots
			}
		}
	}},
	{name: "a changed rule is not noticed", make: func(p *stripes, _ *caller, call *limits.Call) {
		p.rule = call.Rule
	}},
	{name: "slots are given back to another stripe", store: func(r *Store) limitstest.Store {
		return &misplacing{Store: r}
	}},
}

// The test of the test: the oracle finds each mistake, and a fleet some of them.
func TestMistakesOfStripesAreCaught(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, x := range stripeMistakes {
		t.Run(x.name, func(t *testing.T) {
			clock := &limitstest.Clock{}
			r := newRedis(t, s, clock)
			r.striping = *stripeAlways(3)
			var err error
			for seed := uint64(0); seed < 300 && err == nil; seed++ {
				chance := rand.New(rand.NewPCG(seed, 6)).IntN
				_, err = runStripes(r, clock, fmt.Sprint(x.name, seed), &x, chance)
			}
			caught(t, err)
		})
		if x.inFleet {
			t.Run(x.name+", gateways", func(t *testing.T) {
				with := fleetConfig{
					source: sourceOf(t, variant{}, "clock"), striping: stripeAlways(3), before: x.apply,
				}
				var err error
				for seed := uint64(0); seed < 300 && err == nil; seed++ {
					_, err = runFleet(t, s, with, rand.New(rand.NewPCG(seed, 6)).IntN)
				}
				caught(t, err)
			})
		}
	}
}

// Two stores get the same calls at the same moments, one with stripes, one with all calls at the
// shard. Their verdicts are the same.
func TestStripedAndPlainDecideAlike(t *testing.T) {
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	with, without := newRedis(t, startServer(t), clock), newRedis(t, startServer(t), clock)
	with.striping, without.striping = *stripeAlways(3), striping{}
	plays, fromStripes := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		chance := limitstest.FromRapid(rt)
		plays++
		call := limits.Call{Lifetime: time.Minute, Rule: rule(int64(20+chance(200)), 100, 5+chance(30))}
		var running [2][]limits.Slot
		for range 30 {
			var verdicts [2]limits.Verdict
			for i, r := range []*Store{with, without} {
				call.Key = limits.KeyOf(fmt.Sprint(plays, i))
				r.nextInTurn()
				d, err := r.Admit(t.Context(), call)
				if err != nil {
					rt.Fatal(err)
				}
				if verdicts[i] = d.Verdict; d.Verdict == limits.Admitted {
					running[i] = append(running[i], d.Slot)
				}
				if striped(d) {
					fromStripes++
				}
			}
			if verdicts[0] != verdicts[1] {
				rt.Fatalf("%v with stripes, %v without", verdicts[0], verdicts[1])
			}
			for range chance(3) {
				for i, r := range []*Store{with, without} {
					if len(running[i]) > 0 {
						_ = r.Release(t.Context(), running[i][0])
						running[i] = running[i][1:]
					}
				}
			}
			clock.Move(time.Duration(chance(3)*chance(4000)) * time.Millisecond)
		}
	})
	if fromStripes < plays {
		t.Errorf("%d calls were admitted from stripes in %d plays", fromStripes, plays)
	}
}

// NoStripes keeps all calls at their shard.
func TestNoStripes(t *testing.T) {
	r, err := prepare(Config{URL: startServer(t).url(), Calendar: limitstest.Czech(t), NoStripes: true, TrustEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	r.open()
	defer r.Close()
	limitstest.Eventually(t, "the gateway is ready", func() bool { return r.Ready(t.Context()) == nil })
	large := limitstest.LargeCall("large")
	for range 100_000 {
		d, err := r.Admit(t.Context(), large)
		if err != nil || striped(d) {
			t.Fatalf("decision = %+v, %v, want one of the shard", d, err)
		}
		_ = r.Release(t.Context(), d.Slot)
	}
}
