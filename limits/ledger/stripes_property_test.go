package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"brana/limits"
	"brana/limits/limitstest"

	"pgregory.net/rapid"
)

// always deals whatever is held, to so many stripes.
func always(stripes int) *striping { return &striping{stripes: stripes, permits: 1, slots: 1} }

// nextInTurn has the next call try the next stripe, and not that which this processor used last.
func (r *Store) nextInTurn() {
	for r.hints.Get() != nil {
	}
}

// playStripes plays the model of a large caller from stripes.
func playStripes(r *Store, clock *limitstest.Clock, key string, tamper *tamper, chance limitstest.Chance) (paid int, err error) {
	m := limitstest.NewOracle(r, r.calendar, clock, chance)
	m.Late, m.Scale, m.RuleVaries = leased, 30, true
	m.DrawRule()
	m.Call.Key = limits.KeyOf(key)
	m.Before = r.nextInTurn
	if tamper != nil {
		if tamper.store != nil {
			m.Store = tamper.store(r)
		}
		m.Before = func() {
			r.nextInTurn()
			tamper.with(r, &m.Call)
		}
	}
	m.RunningLags = func(d limits.Decision) bool {
		if striped(d) {
			paid++
		}
		return striped(d)
	}
	err = m.Run()
	return paid, err
}

func TestStripesKeepTheRollingHour(t *testing.T) {
	clock := &limitstest.Clock{}
	r := newRedis(t, startServer(t), clock)
	r.striping = *always(3)
	n, paid := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		from, err := playStripes(r, clock, fmt.Sprint(n), nil, limitstest.FromRapid(rt))
		paid += from
		if err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d calls in %d plays", paid, n)
	if paid < 10*n {
		t.Errorf("%d calls were admitted from stripes in %d plays", paid, n)
	}
}

func TestGatewaysKeepTheLimitsFromStripes(t *testing.T) {
	s := startServer(t)
	n, paid := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		from, err := playFleet(t, s, fleetPlay{source: ledgerSource, dealing: always(3)}, limitstest.FromRapid(rt))
		paid += from
		if err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d calls in %d plays", paid, n)
	if paid < 5*n {
		t.Errorf("%d calls were admitted from stripes in %d plays", paid, n)
	}
}

// tamper makes a mistake that stripes could make, at each deal.
type tamper struct {
	name   string
	deal   func(p *stripes, c *caller, call *limits.Call) // what it does to stripes before each call; nil: nothing
	store  func(*Store) limitstest.Store
	shared bool // is found with gateways that share, too
}

func (x *tamper) with(r *Store, call *limits.Call) {
	sh := &r.shards[call.Key[0]%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c := sh.callers[call.Key]; c != nil && c.stripes != nil && x.deal != nil {
		for i := range c.stripes.all {
			k := &c.stripes.all[i]
			k.mu.Lock()
			defer k.mu.Unlock()
		}
		x.deal(c.stripes, c, call)
	}
}

// misplacing gives a slot back to the next stripe.
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

var tampers = []tamper{
	{name: "permits stay in their lease, too", shared: true, deal: func(p *stripes, c *caller, _ *limits.Call) {
		for i := range c.leases {
			if c.leases[i].seq == p.seq && p.until > 0 {
				for k := range p.all {
					c.leases[i].left += p.all[k].permits
				}
			}
		}
	}},
	{name: "permits are lost", deal: func(p *stripes, _ *caller, _ *limits.Call) {
		for k := range p.all {
			p.all[k].permits = 0
		}
	}},
	{name: "used when the lease is over", deal: func(p *stripes, _ *caller, _ *limits.Call) {
		if p.until > 0 {
			p.until = 1 << 60
		}
	}},
	{name: "slots are dealt twice", shared: true, deal: func(p *stripes, c *caller, _ *limits.Call) {
		for k := range p.all {
			if p.until > 0 {
				p.all[k].slots = c.ownSlots
			}
		}
	}},
	{name: "a changed rule is not seen", deal: func(p *stripes, _ *caller, call *limits.Call) { p.rule = call.Rule }},
	{name: "slots are given back to another stripe", store: func(r *Store) limitstest.Store { return &misplacing{Store: r} }},
}

// The test of the test: by the model of one caller, and by gateways that share.
func TestTamperedStripesAreCaught(t *testing.T) {
	s := startServer(t)
	for _, x := range tampers {
		t.Run(x.name, func(t *testing.T) {
			clock := &limitstest.Clock{}
			r := newRedis(t, s, clock)
			r.striping = *always(3)
			var err error
			for seed := uint64(0); seed < 300 && err == nil; seed++ {
				_, err = playStripes(r, clock, fmt.Sprint(x.name, seed), &x, rand.New(rand.NewPCG(seed, 6)).IntN)
			}
			caught(t, err)
		})
		if x.shared {
			t.Run(x.name+", gateways", func(t *testing.T) {
				with := fleetPlay{source: sourceOf(t, variant{}, "clock"), dealing: always(3),
					before: func(r *Store, call *limits.Call) { x.with(r, call) }}
				var err error
				for seed := uint64(0); seed < 300 && err == nil; seed++ {
					_, err = playFleet(t, s, with, rand.New(rand.NewPCG(seed, 6)).IntN)
				}
				caught(t, err)
			})
		}
	}
}
