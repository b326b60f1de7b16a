package limits

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// always deals whatever is held, to so many pockets.
func always(pockets int) *dealing { return &dealing{pockets: pockets, permits: 1, slots: 1} }

// playPockets plays the model of a large caller from pockets.
func playPockets(r *Redis, clock *hands, key string, tamper *tamper, chance chance) (paid int, err error) {
	m := newModel(r, r.calendar, clock, chance)
	m.late, m.many, m.moody = leased, 30, true
	m.draw()
	m.call.Key = KeyOf(key)
	if tamper != nil {
		if tamper.store != nil {
			m.store = tamper.store(r)
		}
		m.before = func() { tamper.with(r, &m.call) }
	}
	err = m.play()
	return m.paid, err
}

func TestPocketsKeepTheRollingHour(t *testing.T) {
	clock := &hands{}
	r := newRedis(t, startServer(t), clock)
	r.dealing = *always(3)
	n, paid := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		from, err := playPockets(r, clock, fmt.Sprint(n), nil, rapidly(rt))
		paid += from
		if err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d calls in %d plays", paid, n)
	if paid < 10*n {
		t.Errorf("%d calls were admitted from pockets in %d plays", paid, n)
	}
}

func TestGatewaysKeepTheLimitsFromPockets(t *testing.T) {
	s := startServer(t)
	n, paid := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		from, err := playFleet(t, s, fleetPlay{source: ledgerSource, dealing: always(3)}, rapidly(rt))
		paid += from
		if err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d calls in %d plays", paid, n)
	if paid < 5*n {
		t.Errorf("%d calls were admitted from pockets in %d plays", paid, n)
	}
}

// tamper makes a mistake that pockets could make, at each deal.
type tamper struct {
	name   string
	deal   func(p *purse, c *caller, call *Call) // what it does to pockets before each call; nil: nothing
	store  func(*Redis) store
	shared bool // is found with gateways that share, too
}

func (x *tamper) with(r *Redis, call *Call) {
	l := &r.lanes[call.Key[0]%lanes]
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.callers[call.Key]; c != nil && c.purse != nil && x.deal != nil {
		for i := range c.purse.pockets {
			k := &c.purse.pockets[i]
			k.mu.Lock()
			defer k.mu.Unlock()
		}
		x.deal(c.purse, c, call)
	}
}

// misplacing gives a slot back to the next pocket.
type misplacing struct{ *Redis }

func (m misplacing) Release(ctx context.Context, s Slot) error {
	if p := m.lanes[s.key[0]%lanes].purse(s.key); p != nil && s.place>>pocketBits > 0 {
		for i := range p.pockets {
			at := (int(s.place>>pocketBits) + i) % len(p.pockets)
			for place, other := range p.pockets[at].running.slots {
				if other.number != 0 && other.number != s.number {
					s.place, s.number = uint64(at+1)<<pocketBits|uint64(place), other.number
					return m.Redis.Release(ctx, s)
				}
			}
		}
	}
	return m.Redis.Release(ctx, s)
}

var tampers = []tamper{
	{name: "permits stay in their lease, too", shared: true, deal: func(p *purse, c *caller, _ *Call) {
		for i := range c.leases {
			if c.leases[i].seq == p.seq && p.until > 0 {
				for k := range p.pockets {
					c.leases[i].left += p.pockets[k].left
				}
			}
		}
	}},
	{name: "permits are lost", deal: func(p *purse, _ *caller, _ *Call) {
		for k := range p.pockets {
			p.pockets[k].left = 0
		}
	}},
	{name: "used when the lease is over", deal: func(p *purse, _ *caller, _ *Call) {
		if p.until > 0 {
			p.until = 1 << 60
		}
	}},
	{name: "slots are dealt twice", shared: true, deal: func(p *purse, c *caller, _ *Call) {
		for k := range p.pockets {
			if p.until > 0 {
				p.pockets[k].slots = c.own
			}
		}
	}},
	{name: "a changed rule is not seen", deal: func(p *purse, _ *caller, call *Call) { p.rule = call.Rule }},
	{name: "slots are given back to another pocket", store: func(r *Redis) store { return misplacing{r} }},
}

// The test of the test: by the model of one caller, and by gateways that share.
func TestTamperedPocketsAreCaught(t *testing.T) {
	s := startServer(t)
	for _, x := range tampers {
		t.Run(x.name, func(t *testing.T) {
			clock := &hands{}
			r := newRedis(t, s, clock)
			r.dealing = *always(3)
			var err error
			for seed := uint64(0); seed < 300 && err == nil; seed++ {
				_, err = playPockets(r, clock, fmt.Sprint(x.name, seed), &x, rand.New(rand.NewPCG(seed, 6)).IntN)
			}
			caught(t, err)
		})
		if x.shared {
			t.Run(x.name+", gateways", func(t *testing.T) {
				with := fleetPlay{source: sourceOf(t, variant{}, "clock"), dealing: always(3),
					before: func(r *Redis, call *Call) { x.with(r, call) }}
				var err error
				for seed := uint64(0); seed < 300 && err == nil; seed++ {
					_, err = playFleet(t, s, with, rand.New(rand.NewPCG(seed, 6)).IntN)
				}
				caught(t, err)
			})
		}
	}
}
