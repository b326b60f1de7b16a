//go:build !race

package policy

import (
	"strings"
	"testing"
	"time"

	"brana/egon"
)

// A granted request allocates nothing, however long its words are.
func TestDecideDoesNotAllocate(t *testing.T) {
	long := strings.Repeat("Udaj", 15)
	grants := strings.Replace(testGrants, "EcdFoto,", "EcdFoto, "+long+",", 1)
	grants = strings.Replace(grants,
		"limits: {working_hours: 5000/h, off_hours: 20000/h, concurrent: 20}",
		"limits: [{for: [E05-E160], working_hours: 1/h, off_hours: 1/h, concurrent: 1}, "+
			"{for: rest, working_hours: 5/h, off_hours: 5/h, concurrent: 5}]", 1)
	s := mustLoad(t, grants, testMatrix)
	h := media(first, "EopFoto Jmeno Prijmeni ROBCti RUIANCti ZvlastniUdaj "+long,
		egon.Dotaz2JmPrijDatNar)
	h.Media.Photos.Used = true
	if d := s.Decide(h, noon); d.Verdict != Granted || d.Limits.Group != Rest {
		t.Fatalf("Decide = %s by the limits of %q, want granted", summary(d), d.Limits.Group)
	}
	if n := testing.AllocsPerRun(1000, func() { s.Decide(h, noon) }); n != 0 {
		t.Errorf("Decide allocates %v times, want 0", n)
	}
	for rule, h := range map[ItemRule]*egon.Head{
		Strict: h,
		AsIszr: head("E05", first, "Jmeno Prijmeni"),
		Pass:   head("E05", first, ""),
	} {
		n := testing.AllocsPerRun(1000, func() {
			d := s.Decide(h, noon)
			s.Apply(rule, h, &d, noon)
			d.Asks(h, "Jmeno")
		})
		if n != 0 {
			t.Errorf("Apply of %s allocates %v times, want 0", rule, n)
		}
	}
	if n := testing.AllocsPerRun(1000,
		func() { s.Row(h.Info.Agenda, h.Info.AgendovaRole, h.Info.Ovm, noon) }); n != 0 {
		t.Errorf("Row allocates %v times, want 0", n)
	}
}

// A decision that rests on a fetched row, fresh or stale, allocates nothing, and neither
// does one that has to wait for a row.
func TestDecideByAFetchedRowDoesNotAllocate(t *testing.T) {
	for _, fresh := range []time.Duration{time.Hour, time.Nanosecond} {
		s := newFixture(t, newFakeBus(map[string]string{own: "Jmeno"}),
			func(c *RowsConfig) { c.Ages.Fresh = fresh }, own)
		h := head("E198", own+"/1", "Jmeno Vlastni")
		if n := testing.AllocsPerRun(1000, func() { s.store.Current().Decide(h, noon) }); n != 0 {
			t.Errorf("Decide without a row allocates %v times, want 0", n)
		}
		if _, err := s.await(own, time.Minute); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if got := s.store.Current().Decide(h, now); got.Verdict != Granted ||
			got.Row == Stale != (fresh < time.Second) {
			t.Fatalf("Decide = %s, row %d", summary(got), got.Row)
		}
		if n := testing.AllocsPerRun(1000, func() { s.store.Current().Decide(h, now) }); n != 0 {
			t.Errorf("Decide allocates %v times, want 0", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The memory of a fetched row, in the rows and in the matrix together, has a budget.
func TestFetchedRowsAreSmall(t *testing.T) {
	const rows, budget = 200_000, 200 // bytes each
	before := heapBytes()
	s := fetchedRows(t, rows, time.Now())
	got := (heapBytes() - before) / rows
	if n := s.store.Current().Counts().Rows; n != rows {
		t.Fatalf("%d rows, want %d", n, rows)
	}
	if t.Logf("a row takes %d bytes", got); got > budget {
		t.Errorf("a row takes %d bytes, budget %d", got, budget)
	}
}

// Item sets are kept while rows have them, and no longer.
func TestSetsOfItemsAreShared(t *testing.T) {
	s := newFixture(t, newFakeBus(nil), nil)
	one := s.add(Triple{"A1", "CR1", "00000001"})
	other := s.add(Triple{"A1", "CR1", "00000002"})
	s.set(one, noon, []Item{{"Jmeno", ""}, {"Prijmeni", "101-1-1"}})
	s.set(other, noon, []Item{{"Prijmeni", "101-1-1"}, {"Jmeno", ""}, {"Jmeno", ""}})
	if one.set != other.set || len(s.sets) != 1 {
		t.Errorf("%d sets for rows with the same items", len(s.sets))
	}
	alone := contentSum{}.add(sumOf(other.triple.triple(), other.set))
	sum := func() contentSum {
		s.publish()
		return s.matrix.sum
	}
	s.set(one, noon, []Item{{"Jmeno", "101-1-1"}})
	if len(s.sets) != 2 {
		t.Errorf("%d sets for two rows with items of their own", len(s.sets))
	}
	s.remove(one)
	if len(s.sets) != 1 || sum() != alone {
		t.Errorf("after one row was removed: %d sets, sum %v, want that of the other, %v",
			len(s.sets), sum(), alone)
	}
	s.remove(other)
	if len(s.sets) != 0 || sum() != (contentSum{}) {
		t.Errorf("after all rows were removed: %d sets, sum %v", len(s.sets), sum())
	}
}
