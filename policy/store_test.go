package policy

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

func TestStoreKeepsTheLastGoodSnapshot(t *testing.T) {
	bad := errors.New("mend this")
	good := mustLoad(t, testGrants, testMatrix)
	next, err := good, error(nil)
	s, err2 := NewStore(func() (*Snapshot, error) { return next, err })
	if err2 != nil || s.Current() != good {
		t.Fatalf("NewStore = %v, %v", s, err2)
	}

	next, err = nil, bad
	if got := s.Reload(); got != bad {
		t.Errorf("Reload = %v, want %v", got, bad)
	}
	if s.Current() != good {
		t.Error("a failed reload replaced the snapshot")
	}
	if r := s.Reloads(); r.Done != 1 || r.Failed != 1 || r.LastError != bad || r.LastDone.IsZero() {
		t.Errorf("after a failed reload: %+v", r)
	}

	next, err = mustLoad(t, testGrants, ""), nil
	if got := s.Reload(); got != nil || s.Current() != next {
		t.Errorf("Reload = %v, snapshot %s, want %s", got, s.Current().Version(), next.Version())
	}
	if r := s.Reloads(); r.Done != 2 || r.Failed != 1 || r.LastError != nil {
		t.Errorf("after a good reload: %+v", r)
	}

	next, err = nil, bad
	if s, got := NewStore(func() (*Snapshot, error) { return next, err }); s != nil || got != bad {
		t.Errorf("NewStore = %v, %v, want the error alone", s, got)
	}
}

// While snapshots are swapped, readers see one or the other and never a mixture.
func TestSwapUnderLoad(t *testing.T) {
	const matrix = "X999,XR1,00345678,"
	with := mustLoad(t, testGrants, matrix+"Jmeno,\n")
	without := mustLoad(t, strings.ReplaceAll(testGrants, "E05", "E20"), matrix+"Doklad,\n")
	want := map[string]string{with.Version(): "granted", without.Version(): "not granted: service"}
	next := with
	s, err := NewStore(func() (*Snapshot, error) {
		if next == with {
			next = without
		} else {
			next = with
		}
		return next, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			h := head("E05", first, "Jmeno")
			for {
				select {
				case <-stop:
					return
				default:
				}
				if d := s.Current().Decide(h, noon); summary(d) != want[d.Version] {
					t.Errorf("version %s: %s, want %s", d.Version, summary(d), want[d.Version])
					return
				}
			}
		})
	}
	for range 1000 {
		if err := s.Reload(); err != nil {
			t.Error(err)
		}
		s.Reloads()
	}
	close(stop)
	readers.Wait()
}
