package queue

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Entries end at their time though nobody asks: an answer, a job that is lost, and
// then its answer.
func TestExpiryByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reported := map[string]Change{}
		c := bounds
		c.Changed = func(ais string, c Change) { reported[ais] = c }
		m, err := NewMemory(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		open := func(ais string, n int) {
			t.Helper()
			if err := m.Open(t.Context(), job(ais, n)); err != nil {
				t.Fatal(err)
			}
		}
		want := func(ais string, c Change) {
			t.Helper()
			synctest.Wait()
			m.mu.Lock()
			defer m.mu.Unlock()
			if reported[ais] != c {
				t.Errorf("reported of %s %+v, want %+v", ais, reported[ais], c)
			}
		}
		open(own, 1)
		if err := m.Done(t.Context(), own, id(1), []byte("a")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		open(other, 2)
		want(other, Change{Entries: 1})

		time.Sleep(time.Minute)
		want(other, Change{Entries: 1, Lost: 1})
		want(own, Change{Entries: 1})
		time.Sleep(29 * time.Minute)
		want(own, Change{Expired: 1})
		want(other, Change{Entries: 1, Lost: 1})
		time.Sleep(time.Hour)
		want(other, Change{Expired: 1})
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.queues) != 0 || m.due != 0 {
			t.Errorf("%d queues are left, the timer fires at %d", len(m.queues), m.due)
		}
	})
}

// A store is used from many goroutines at once.
func TestMemoryIsSafeForConcurrentUse(t *testing.T) {
	large := Config{Keep: time.Hour, Entries: 1000, Bytes: 1000 * AnswerBytes, Page: 10}
	m, err := NewMemory(large, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			for k := range 20 {
				ais, id := fmt.Sprint(n%3), id(20*n+k)
				if err := m.Open(t.Context(), job(ais, 20*n+k)); err != nil {
					t.Error(err)
				}
				if err := m.Done(t.Context(), ais, id, []byte("a")); err != nil {
					t.Error(err)
				}
				if a, err := m.Answer(t.Context(), ais, id); err != nil || a.State != Ready {
					t.Error(a, err)
				}
				if _, err := m.List(t.Context(), ais, Filter{}); err != nil {
					t.Error(err)
				}
				if err := m.Delete(t.Context(), ais, id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if len(m.queues) != 0 {
		t.Errorf("%d queues are left", len(m.queues))
	}
}

func TestBoundsAreChecked(t *testing.T) {
	err := Config{}.Validate()
	for _, word := range []string{"keep", "entries", "bytes", "page"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name %s", err, word)
		}
	}
	err = RecentConfig{}.Validate()
	for _, word := range []string{"window", "most"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name %s", err, word)
		}
	}
	if err := bounds.Validate(); err != nil {
		t.Error(err)
	}
}
