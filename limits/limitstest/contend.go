package limitstest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brana/limits"
)

// Contend makes calls of one caller from many goroutines: exactly the quota is admitted, and
// never do more calls run at once than allowed.
func Contend(t *testing.T, s Store) {
	const quota, concurrent = 200, 3
	call := limits.Call{Key: limits.KeyOf("a"), Rule: Rule(quota, quota, concurrent), Lifetime: time.Minute}
	var admitted, running atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for {
				d, err := s.Admit(t.Context(), call)
				if err != nil || d.Verdict == limits.OverQuota {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if d.Verdict == limits.OverConcurrency {
					continue
				}
				admitted.Add(1)
				if now := running.Add(1); now > concurrent {
					t.Errorf("%d calls run at once, want at most %d", now, concurrent)
				}
				running.Add(-1)
				if err := s.Release(t.Context(), d.Slot); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if admitted.Load() != quota {
		t.Errorf("admitted %d calls, want %d", admitted.Load(), quota)
	}
}
