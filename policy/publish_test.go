package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Rows come, change and go, and are published at any time: the store has exactly the
// current rows, and their version does not depend on the history.
func TestStoreHasTheCurrentRows(t *testing.T) {
	code := rapid.SampledFrom([]string{"A1", "A2", "A123456", "A1234567", "A12345678", "A12345679",
		"B12345678", "Žabička9"})
	triples := rapid.Custom(func(t *rapid.T) Triple {
		return Triple{code.Draw(t, "agenda"), code.Draw(t, "role"), code.Draw(t, "ovm")}
	})
	rapid.Check(t, func(rt *rapid.T) {
		s, model := newFixture(t, newFakeBus(nil), nil), map[Triple]string{}
		if rapid.Bool().Draw(rt, "names built anew") {
			s.names.most = 1
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			one := triples.Draw(rt, "triple")
			model[one] = rapid.SampledFrom([]string{"", "Jmeno", "Prijmeni",
				"Jmeno Prijmeni"}).Draw(rt, "items")
			if s.put(one, model[one]); rapid.Bool().Draw(rt, "published") {
				s.publishNow()
			}
		}
		s.publishNow()
		again := newFixture(t, newFakeBus(nil), nil)
		rows, pairs := 0, 0
		for one, words := range model {
			if got := s.words(one); got != words {
				rt.Errorf("%s has %q, want %q", one, got, words)
			}
			if again.put(one, words); words != "" {
				rows, pairs = rows+1, pairs+len(strings.Fields(words))
			}
		}
		again.publishNow()
		if c := s.store.Current().Counts(); c.Rows != rows || c.Pairs != pairs {
			rt.Errorf("%+v, want %d rows, %d pairs", c, rows, pairs)
		}
		if got, want := s.store.Current().Version(), again.store.Current().Version(); got != want {
			rt.Errorf("version %s, want %s, as of the same rows put at once", got, want)
		}
	})
}

// The change of a row builds one shard again. Snapshots that readers hold stay.
func TestChangeOfARowLeavesTheOthersAlone(t *testing.T) {
	s := newFixture(t, newFakeBus(nil), nil)
	one := Triple{"A1", "CR1", "00000001"}
	for i := range 2000 {
		s.put(Triple{"A1", "CR1", fmt.Sprintf("%08d", i)}, "Jmeno")
	}
	s.publishNow()
	before := s.store.Current()
	s.put(one, "Prijmeni")
	s.publishNow()
	changed := 0
	for n, p := range s.store.Current().fetched.shards {
		if p != before.fetched.shards[n] {
			changed++
		}
	}
	if got := s.words(one); changed != 1 || got != "Prijmeni" {
		t.Errorf("%d shards of %d were built again, and the row is %q", changed, shardCount, got)
	}
	if items, _ := before.Row([]byte("A1"), []byte("CR1"), []byte("00000001"),
		time.Now()); len(items) != 1 || items[0].Kod != "Jmeno" {
		t.Errorf("a snapshot has changed: %v", items)
	}
}

// Rows lie evenly in the shards, whether OVMs are short or long.
func TestShardsAreEven(t *testing.T) {
	const each = 100
	for _, format := range []string{"%08d", "%06d", "OVM:%011d", "%05d-úřad"} {
		var count [shardCount]int
		for i := range each * shardCount {
			count[shardOf(fmt.Appendf(nil, format, i*37))]++
		}
		if most := slices.Max(count[:]); most > 3*each {
			t.Errorf("%s: %d OVMs in one shard, %d on average", format, most, each)
		}
	}
}

// Names of removed triples are forgotten: a caller who asks for ever new roles does not
// fill the memory.
func TestNamesOfRemovedRowsAreForgotten(t *testing.T) {
	s := newFixture(t, newFakeBus(nil), nil)
	stays := Triple{"A1", "CR1", "00000001"}
	s.put(stays, "Jmeno")
	for i := range 5 * fewNames {
		one := Triple{"A1", fmt.Sprintf("AnyRole%d", i), "00000002"}
		s.put(one, "Ico")
		s.publishNow()
		if got := s.words(one) + s.words(stays); got != "IcoJmeno" {
			t.Fatalf("after %d roles the rows are %s", i, got)
		}
		s.put(one, "")
	}
	if n := s.names.size(); n > 2*fewNames {
		t.Errorf("%d names are kept for one row", n)
	}
}
