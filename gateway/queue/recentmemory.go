package queue

import (
	"context"
	"sync"
	"time"
)

// RecentMemory remembers ids in the process. It is safe for concurrent use, and
// drops what an AIS that comes no more has left when others come.
type RecentMemory struct {
	config RecentConfig
	now    func() time.Time

	mu    sync.Mutex
	desks map[string]*desk // by AIS
	drop  time.Time        // when to look for idle ones next
}

// A desk is what is remembered of one AIS.
type desk struct {
	held, used map[string]time.Time // until when
	order      []string             // of used, oldest first
}

// NewRecentMemory returns an empty store; now tells the time, nil means
// time.Now.
func NewRecentMemory(c RecentConfig, now func() time.Time) (*RecentMemory, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &RecentMemory{config: c, now: now, desks: map[string]*desk{}}, nil
}

// Claim holds an id, a UUID in lower case, or says that it is held or used.
func (m *RecentMemory) Claim(_ context.Context, ais, id string) (c Claim, fresh bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	d := m.desk(ais, now)
	if _, used := d.used[id]; used || d.held[id].After(now) {
		return Claim{}, false, nil
	}
	c = Claim{ais, id, now.Add(hold)}
	d.held[id] = c.until
	return c, true, nil
}

// Confirm uses the id of a claim.
func (m *RecentMemory) Confirm(_ context.Context, c Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	d := m.desk(c.ais, now)
	if until := d.held[c.id]; !until.Equal(c.until) || !until.After(now) {
		return ErrClaimOver
	}
	delete(d.held, c.id)
	if len(d.order) == m.config.Most {
		d.forgetOldest()
		m.config.evicted(1)
	}
	d.used[c.id], d.order = now.Add(m.config.Window), append(d.order, c.id)
	return nil
}

// Forget lets the id of a claim go; one that was confirmed stays used.
func (m *RecentMemory) Forget(_ context.Context, c Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := m.desk(c.ais, m.now()); d.held[c.id].Equal(c.until) {
		delete(d.held, c.id)
	}
	return nil
}

// desk returns that of an AIS, swept to this moment, and from time to time looks
// at all of them.
func (m *RecentMemory) desk(ais string, now time.Time) *desk {
	if !now.Before(m.drop) {
		m.drop = now.Add(hold)
		for other, d := range m.desks {
			if d.sweep(now); len(d.used)+len(d.held) == 0 {
				delete(m.desks, other)
			}
		}
	}
	d := m.desks[ais]
	if d == nil {
		d = &desk{held: map[string]time.Time{}, used: map[string]time.Time{}}
		m.desks[ais] = d
	}
	d.sweepUsed(now)
	return d
}

func (d *desk) sweep(now time.Time) {
	d.sweepUsed(now)
	for id, until := range d.held {
		if !until.After(now) {
			delete(d.held, id)
		}
	}
}

func (d *desk) sweepUsed(now time.Time) {
	for len(d.order) > 0 && !d.used[d.order[0]].After(now) {
		d.forgetOldest()
	}
}

func (d *desk) forgetOldest() {
	delete(d.used, d.order[0])
	d.order = d.order[1:]
}
