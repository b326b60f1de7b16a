package queue

import (
	"context"
	"sync"
	"time"
)

// RecentMemory remembers ids in the process. It is safe for concurrent use. The
// ids of an AIS that sends no more requests are dropped when others send some.
type RecentMemory struct {
	config RecentConfig
	now    func() time.Time

	mu    sync.Mutex
	byAis map[string]*aisIDs // by AIS
	drop  time.Time          // when to sweep all of them next
}

// aisIDs are the ids of one AIS.
type aisIDs struct {
	held, used map[string]time.Time // until when
	order      []string             // of used, oldest first
}

// NewRecentMemory returns an empty store. A now of nil means time.Now.
func NewRecentMemory(c RecentConfig, now func() time.Time) (*RecentMemory, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &RecentMemory{config: c, now: now, byAis: map[string]*aisIDs{}}, nil
}

// Claim holds an id, a UUID in lower case; fresh is false when it is held or used.
func (m *RecentMemory) Claim(_ context.Context, ais, id string) (c Claim, fresh bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	d := m.of(ais, now)
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
	d := m.of(c.ais, now)
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

// Forget frees the id of a claim; one that was confirmed stays used.
func (m *RecentMemory) Forget(_ context.Context, c Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := m.of(c.ais, m.now()); d.held[c.id].Equal(c.until) {
		delete(d.held, c.id)
	}
	return nil
}

// of returns the ids of an AIS, swept to this moment. From time to time it sweeps
// those of all.
func (m *RecentMemory) of(ais string, now time.Time) *aisIDs {
	if !now.Before(m.drop) {
		m.drop = now.Add(hold)
		for other, d := range m.byAis {
			if d.sweep(now); len(d.used)+len(d.held) == 0 {
				delete(m.byAis, other)
			}
		}
	}
	d := m.byAis[ais]
	if d == nil {
		d = &aisIDs{held: map[string]time.Time{}, used: map[string]time.Time{}}
		m.byAis[ais] = d
	}
	d.sweepUsed(now)
	return d
}

func (d *aisIDs) sweep(now time.Time) {
	d.sweepUsed(now)
	for id, until := range d.held {
		if !until.After(now) {
			delete(d.held, id)
		}
	}
}

func (d *aisIDs) sweepUsed(now time.Time) {
	for len(d.order) > 0 && !d.used[d.order[0]].After(now) {
		d.forgetOldest()
	}
}

func (d *aisIDs) forgetOldest() {
	delete(d.used, d.order[0])
	d.order = d.order[1:]
}
