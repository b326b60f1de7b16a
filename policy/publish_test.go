package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// give has a row say words, or forgets it when there are none.
func (s *site) give(t Triple, words string) {
	c := s.known(t)
	switch {
	case words == "" && c != nil:
		s.remove(c)
	case words != "":
		if c == nil {
			c = s.add(t)
		}
		var items []Item
		for _, word := range strings.Fields(words) {
			items = append(items, Item{Kod: word})
		}
		s.Rows.set(c, time.Now(), items)
	}
}

// publishNow publishes without a rest.
func (s *site) publishNow() {
	s.buildNotBefore = time.Time{}
	s.publish()
}

// says is what the store has of a triple.
func (s *site) says(t Triple) string {
	items, fresh := s.store.Current().Row([]byte(t.Agenda), []byte(t.Role), []byte(t.Ovm), time.Now())
	if fresh == Unknown {
		return ""
	}
	var words []string
	for _, item := range items {
		words = append(words, item.Kod)
	}
	return strings.Join(words, " ")
}

// Whatever rows come, change and go, and whenever they are published: the store
// has just those that there are, and their version tells no history.
func TestStoreHasTheRowsThatThereAre(t *testing.T) {
	code := rapid.SampledFrom([]string{"A1", "A2", "A123456", "A1234567", "A12345678", "A12345679", "B12345678", "Žabička9"})
	triples := rapid.Custom(func(t *rapid.T) Triple {
		return Triple{code.Draw(t, "agenda"), code.Draw(t, "role"), code.Draw(t, "ovm")}
	})
	rapid.Check(t, func(rt *rapid.T) {
		s, model := newSite(t, newBus(nil), nil), map[Triple]string{}
		if rapid.Bool().Draw(rt, "numbered anew") {
			s.names.most = 1
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			one := triples.Draw(rt, "triple")
			model[one] = rapid.SampledFrom([]string{"", "Jmeno", "Prijmeni", "Jmeno Prijmeni"}).Draw(rt, "items")
			if s.give(one, model[one]); rapid.Bool().Draw(rt, "published") {
				s.publishNow()
			}
		}
		s.publishNow()
		again := newSite(t, newBus(nil), nil)
		rows, pairs := 0, 0
		for one, words := range model {
			if got := s.says(one); got != words {
				rt.Errorf("%s has %q, want %q", one, got, words)
			}
			if again.give(one, words); words != "" {
				rows, pairs = rows+1, pairs+len(strings.Fields(words))
			}
		}
		again.publishNow()
		if c := s.store.Current().Counts(); c.Rows != rows || c.Pairs != pairs {
			rt.Errorf("%+v, want %d rows, %d pairs", c, rows, pairs)
		}
		if got, want := s.store.Current().Version(), again.store.Current().Version(); got != want {
			rt.Errorf("version %s, want %s, that of the same rows at once", got, want)
		}
	})
}

// The change of a row makes one part anew, and readers keep what they have.
func TestChangeOfARowLeavesTheOthersAlone(t *testing.T) {
	s := newSite(t, newBus(nil), nil)
	one := Triple{"A1", "CR1", "00000001"}
	for i := range 2000 {
		s.give(Triple{"A1", "CR1", fmt.Sprintf("%08d", i)}, "Jmeno")
	}
	s.publishNow()
	before := s.store.Current()
	s.give(one, "Prijmeni")
	s.publishNow()
	changed := 0
	for n, p := range s.store.Current().fetched.shards {
		if p != before.fetched.shards[n] {
			changed++
		}
	}
	if got := s.says(one); changed != 1 || got != "Prijmeni" {
		t.Errorf("%d parts of %d were made anew, and the row is %q", changed, shardCount, got)
	}
	if items, _ := before.Row([]byte("A1"), []byte("CR1"), []byte("00000001"), time.Now()); len(items) != 1 || items[0].Kod != "Jmeno" {
		t.Errorf("a snapshot has changed: %v", items)
	}
}

// Rows lie evenly in the parts, whether OVMs are short or long.
func TestPartsAreEven(t *testing.T) {
	const each = 100
	for _, format := range []string{"%08d", "%06d", "OVM:%011d", "%05d-úřad"} {
		var count [shardCount]int
		for i := range each * shardCount {
			count[shardOf(fmt.Appendf(nil, format, i*37))]++
		}
		if most := slices.Max(count[:]); most > 3*each {
			t.Errorf("%s: %d OVMs in one part, %d on average", format, most, each)
		}
	}
}

// Names of triples that have gone are forgotten: whoever asks for ever new roles
// fills no memory.
func TestNamesOfRowsThatHaveGoneAreForgotten(t *testing.T) {
	s := newSite(t, newBus(nil), nil)
	stays := Triple{"A1", "CR1", "00000001"}
	s.give(stays, "Jmeno")
	for i := range 5 * fewNames {
		one := Triple{"A1", fmt.Sprintf("AnyRole%d", i), "00000002"}
		s.give(one, "Ico")
		s.publishNow()
		if got := s.says(one) + s.says(stays); got != "IcoJmeno" {
			t.Fatalf("after %d roles the rows are %s", i, got)
		}
		s.give(one, "")
	}
	if n := s.names.size(); n > 2*fewNames {
		t.Errorf("%d names are kept for one row", n)
	}
}
