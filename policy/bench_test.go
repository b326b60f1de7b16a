package policy

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"brana/egon"
)

func BenchmarkDecide(b *testing.B) {
	s := mustLoad(b, testGrants, testMatrix)
	h := media(first, "EopFoto Jmeno Prijmeni ROBCti RUIANCti", egon.Dotaz2JmPrijDatNar)
	b.Run("E198", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Decide(h, noon)
		}
	})
	b.Run("no items", func(b *testing.B) {
		h := head("E05", first, "")
		b.ReportAllocs()
		for b.Loop() {
			s.Decide(h, noon)
		}
	})
	b.Run("refused item", func(b *testing.B) {
		h := head("E05", first, "Doklad")
		b.ReportAllocs()
		for b.Loop() {
			s.Decide(h, noon)
		}
	})
}

// countryTriple returns a triple of a large matrix of the whole country: a million
// triples of 20 thousand authorities, with 300 distinct sets of 5 to 24 items.
const (
	manyTriples = 1_000_000
	manySets    = 300
	perOvm      = 50
)

func countryTriple(i int) (agenda, role, ovm string) {
	n := i % perOvm
	return fmt.Sprintf("A%d", n*7), fmt.Sprintf("CR%d", n*13), fmt.Sprintf("%08d", i/perOvm*37)
}

func countryMatrix() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var sets [manySets][]string
	for i := range sets {
		for _, item := range random.Perm(60)[:5+random.IntN(20)] {
			sets[i] = append(sets[i], fmt.Sprintf("Udaj%02d,10%d-1-%d", item, 1+item%2, item))
		}
	}
	var text bytes.Buffer
	text.WriteString(header + "\n")
	for i := range manyTriples {
		agenda, role, ovm := countryTriple(i)
		for _, item := range sets[random.IntN(manySets)] {
			fmt.Fprintf(&text, "%s,%s,%s,%s\n", agenda, role, ovm, item)
		}
	}
	return text.Bytes()
}

// BenchmarkMatrix loads a million triples and looks them up in random order, so
// that most lookups miss the caches.
func BenchmarkMatrix(b *testing.B) {
	fsys := fstest.MapFS{"p/a.yaml": {Data: []byte("grants: []")}, "m.csv": {Data: countryMatrix()}}
	c := Config{Dir: "p", MatrixFile: "m.csv", Environment: Test}
	load := func() *Snapshot {
		s, err := LoadFS(fsys, c)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	before := heapBytes()
	s := load()
	size := heapBytes() - before
	b.Run("load", func(b *testing.B) {
		b.SetBytes(int64(len(fsys["m.csv"].Data)))
		for b.Loop() {
			load()
		}
		b.ReportMetric(float64(size)/(1<<20), "MiB")
		b.ReportMetric(float64(s.Counts().Pairs), "pairs")
	})
	b.Run("lookup", func(b *testing.B) { lookup(b, s, manyTriples, noon) })
	b.Run("lookup of nobody", func(b *testing.B) {
		agenda, role := []byte("A7"), []byte("CR13")
		ovm := []byte("99999999")
		b.ReportAllocs()
		for b.Loop() {
			s.Row(agenda, role, ovm, noon)
		}
	})
}

// lookup looks up triples in random order.
func lookup(b *testing.B, s *Snapshot, triples int, now time.Time) {
	// The codes of a request are in the cache when it is decided, so these lie in the
	// order of their use.
	type codes struct {
		text         [24]byte
		agenda, role uint8 // where they end
	}
	keys := make([]codes, 1<<18)
	for i := range keys {
		agenda, role, ovm := countryTriple(rand.IntN(triples))
		keys[i] = codes{agenda: uint8(len(agenda)), role: uint8(len(agenda) + len(role))}
		copy(keys[i].text[:], agenda+role+ovm)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k := &keys[i%len(keys)]
		agenda, role, ovm := k.text[:k.agenda], k.text[k.agenda:k.role], k.text[k.role:k.role+8]
		if row, _ := s.Row(agenda, role, ovm, now); row == nil {
			b.Fatal("a triple has no row")
		}
	}
}

func heapBytes() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// fetchedRows returns rows of that many triples, fetched at a moment. As from the bus,
// each row has strings of its own.
func fetchedRows(tb testing.TB, triples int, at time.Time) *fixture {
	s := newFixture(tb, newFakeBus(nil), nil)
	random := rand.New(rand.NewPCG(1, 2))
	var sets [manySets][]int
	for i := range sets {
		sets[i] = random.Perm(60)[:5+random.IntN(20)]
	}
	for i := range triples {
		var items []Item
		for _, item := range sets[random.IntN(manySets)] {
			items = append(items, Item{fmt.Sprintf("Udaj%02d", item),
				fmt.Sprintf("10%d-1-%d", 1+item%2, item)})
		}
		agenda, role, ovm := countryTriple(i)
		c := s.add(Triple{agenda, role, ovm})
		c.place = unscheduled
		delete(s.ungranted, c)
		s.Rows.set(c, at, items)
		s.schedule.put(c)
	}
	s.buildNotBefore = time.Time{}
	s.publish()
	return s
}

// BenchmarkFetchedRows publishes a million fetched rows, all of them and then one of
// them, and looks them up.
func BenchmarkFetchedRows(b *testing.B) {
	now := time.Now()
	before := heapBytes()
	s := fetchedRows(b, manyTriples, now)
	size := heapBytes() - before
	publish := func() {
		s.buildNotBefore = time.Time{}
		s.publish()
	}
	b.Run("publish all", func(b *testing.B) {
		for b.Loop() {
			for i := range manyTriples / perOvm {
				_, _, ovm := countryTriple(i * perOvm)
				s.change(handlesOf(Triple{Ovm: ovm}))
			}
			publish()
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/manyTriples, "µs/row")
		b.ReportMetric(float64(size)/manyTriples, "B/row")
		b.ReportMetric(float64(size)/1e6, "MB")
	})
	b.Run("publish one", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			agenda, role, ovm := countryTriple(i * 7919 % manyTriples)
			s.change(handlesOf(Triple{agenda, role, ovm}))
			publish()
		}
	})
	b.Run("lookup", func(b *testing.B) { lookup(b, s.store.Current(), manyTriples, now) })
}
