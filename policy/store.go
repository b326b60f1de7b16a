package policy

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Store holds the current snapshot and swaps it atomically for a newer one. Readers
// never wait.
type Store struct {
	current atomic.Pointer[Snapshot]
	load    func() (*Snapshot, error)
	mu      sync.Mutex // serializes Reload, guards reloads
	reloads Reloads

	swap      sync.Mutex     // serializes the changes of current, guards the following
	loaded    *Snapshot      // by load
	fetched   *fetchedMatrix // in place of the loaded matrix; nil: none
	followers []func(*Snapshot)
}

// Reloads counts the loads, with the first one by [NewStore].
type Reloads struct {
	Done, Failed int64
	LastDone     time.Time // when the current snapshot was loaded
	LastError    error     // of the latest load; nil when it succeeded
}

// NewStore loads the first snapshot. Without one there is no store.
func NewStore(load func() (*Snapshot, error)) (*Store, error) {
	s := &Store{load: load}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Current returns the snapshot of this moment. A caller that needs it twice for one
// request keeps it, since the next call may return a newer one.
func (s *Store) Current() *Snapshot { return s.current.Load() }

// Reload loads a new snapshot and swaps it in. On an error the last good snapshot
// stays.
func (s *Store) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, err := s.load()
	s.reloads.LastError = err
	if err != nil {
		s.reloads.Failed++
		return err
	}
	s.reloads.Done++
	s.reloads.LastDone = time.Now()
	s.swap.Lock()
	defer s.swap.Unlock()
	s.loaded = next
	s.change()
	for _, follow := range s.followers {
		follow(next)
	}
	return nil
}

// put puts fetched rows in place of the loaded matrix.
func (s *Store) put(f *fetchedMatrix) {
	s.swap.Lock()
	defer s.swap.Unlock()
	s.fetched = f
	s.change()
}

// change swaps the current snapshot for one of the loaded policy and fetched rows.
func (s *Store) change() {
	next := s.loaded
	if s.fetched != nil {
		next = next.with(s.fetched)
	}
	s.current.Store(next)
}

// Follow calls f with the loaded snapshot, without fetched rows, at once and after each
// reload. It must not call the store.
func (s *Store) Follow(f func(*Snapshot)) {
	s.swap.Lock()
	defer s.swap.Unlock()
	s.followers = append(s.followers, f)
	f(s.loaded)
}

// Reloads returns the counts so far. It waits while a reload is running.
func (s *Store) Reloads() Reloads {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reloads
}
