package policy

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Store holds the current snapshot and swaps it at once for a newer one.
// Readers never wait.
type Store struct {
	current atomic.Pointer[Snapshot]
	load    func() (*Snapshot, error)
	mu      sync.Mutex // serializes Reload, guards reloads
	reloads Reloads

	swap      sync.Mutex     // serializes the changes of current, guards the rest
	loaded    *Snapshot      // by load
	fetched   *fetchedMatrix // in place of the matrix that was loaded; nil: none
	followers []func(*Snapshot)
}

// Reloads says how the loading went; the first load by [NewStore] counts.
type Reloads struct {
	Done, Failed int64
	LastDone     time.Time // when the current snapshot was taken over
	LastError    error     // of the latest load; nil when it was done
}

// NewStore loads the first snapshot; without one there is no store.
func NewStore(load func() (*Snapshot, error)) (*Store, error) {
	s := &Store{load: load}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Current returns the snapshot of this moment. Whoever asks it twice about one
// request keeps it, since the next call may return a newer one.
func (s *Store) Current() *Snapshot { return s.current.Load() }

// Reload loads anew and takes the result over. On an error the last good
// snapshot stays.
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
	for _, tell := range s.followers {
		tell(next)
	}
	return nil
}

// put takes rows over in place of the matrix that is loaded.
func (s *Store) put(f *fetchedMatrix) {
	s.swap.Lock()
	defer s.swap.Unlock()
	s.fetched = f
	s.change()
}

// change swaps the current snapshot for one of what there is now.
func (s *Store) change() {
	next := s.loaded
	if s.fetched != nil {
		next = next.with(s.fetched)
	}
	s.current.Store(next)
}

// Follow calls tell with what is loaded, without fetched rows, and again after
// each reload. tell must not call the store.
func (s *Store) Follow(tell func(*Snapshot)) {
	s.swap.Lock()
	defer s.swap.Unlock()
	s.followers = append(s.followers, tell)
	tell(s.loaded)
}

// Reloads returns how the loading went so far, for metrics. It waits while a
// reload is running.
func (s *Store) Reloads() Reloads {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reloads
}
