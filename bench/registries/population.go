package registries

import (
	"cmp"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Population has the inhabitants and their part of RUIAN. It never changes, so
// several goroutines may read it.
type Population struct {
	persons []*Person // by ID
	towns   *gazetteer
	seed    maphash.Seed
	index   []entry // sorted by hash
}

// NewPopulation makes the special persons and n synthetic ones behind them. The
// same seed gives the same persons; a larger n only adds some. It takes about
// seven microseconds a person.
func NewPopulation(n int, seed uint64) *Population {
	c := &census{
		random: rand.New(rand.NewPCG(seed, 0x6272616e61)),
		towns:  newGazetteer(),
		taken:  make(map[string]bool, 2*n),
	}
	persons := slices.Grow(c.special(), n)
	for range n {
		persons = append(persons, c.next(len(persons)))
	}
	p := &Population{towns: c.towns, seed: maphash.MakeSeed()}
	for i := range persons {
		p.persons = append(p.persons, &persons[i])
	}
	p.buildIndex()
	return p
}

// All returns all persons by their ID, the special ones first.
func (p *Population) All() []*Person { return p.persons }

// ByID returns the person with an ID.
func (p *Population) ByID(id int) (*Person, bool) {
	if id < 0 || id >= len(p.persons) {
		return nil, false
	}
	return p.persons[id], true
}

// PersonByAIFO returns the person whom an AIFO names in an agenda.
func (p *Population) PersonByAIFO(agenda, aifo string) (*Person, bool) {
	id, ok := personOf(agenda, aifo)
	if !ok {
		return nil, false
	}
	return p.ByID(id)
}

// Address returns the address of a RUIAN code, never nil: an unknown one has
// the state [Nenalezen].
func (p *Population) Address(kod int) *Address { return p.towns.address(kod) }

// Lokalita returns the name of a municipality ([Obec]) or of a district of
// Prague ([ObvodPrahy]).
func (p *Population) Lokalita(kod int,
	typ string) (nazev string, ok bool) {
	return lokalita(kod, typ)
}

// Named returns the persons with a birth date whose surname, in an evidence or
// at ROB, is the given one without regard to accents and case. The caller compares
// the names in the way that was asked for.
func (p *Population) Named(prijmeni string, narozen time.Time) []*Person {
	key := nameKey(prijmeni, narozen)
	return p.find(key, func(x *Person) bool {
		return nameKey(x.Prijmeni, x.Narozen) == key || nameKey(x.RobPrijmeni, x.Narozen) == key
	})
}

// WithRodneCislo returns the persons with a birth number; a slash in it does
// not count.
func (p *Population) WithRodneCislo(rodneCislo string) []*Person {
	rodneCislo = strings.Replace(rodneCislo, "/", "", 1)
	return p.find("r"+rodneCislo, func(x *Person) bool { return x.RodneCislo == rodneCislo })
}

// WithOP returns the persons who have or had an identity card with a number,
// whatever its series.
func (p *Population) WithOP(cislo string) []*Person {
	return p.find("o"+cislo, func(x *Person) bool { return hasNumber(x.OP, cislo) })
}

// WithCD returns the persons who have or had a travel document with a number.
func (p *Population) WithCD(cislo string) []*Person {
	return p.find("c"+cislo, func(x *Person) bool { return hasNumber(x.CD, cislo) })
}

func hasNumber(documents []Document, cislo string) bool {
	return slices.ContainsFunc(documents, func(d Document) bool { return d.Cislo == cislo })
}

func nameKey(prijmeni string, narozen time.Time) string {
	return "n" + Fold(prijmeni, Ascii) + narozen.Format(time.DateOnly)
}

// entry is a person under the hash of a key. It takes twelve bytes, a tenth of an
// entry in a map of strings.
type entry struct {
	hash   uint64
	person int32
}

func (p *Population) buildIndex() {
	p.index = make([]entry, 0, 5*len(p.persons))
	for i, x := range p.persons {
		p.enter(i, nameKey(x.Prijmeni, x.Narozen))
		if x.RobPrijmeni != x.Prijmeni {
			p.enter(i, nameKey(x.RobPrijmeni, x.Narozen))
		}
		p.enter(i, "r"+x.RodneCislo)
		for _, d := range x.OP {
			p.enter(i, "o"+d.Cislo)
		}
		for _, d := range x.CD {
			p.enter(i, "c"+d.Cislo)
		}
	}
	slices.SortFunc(p.index, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.person, b.person))
	})
}

func (p *Population) enter(person int, key string) {
	p.index = append(p.index, entry{maphash.String(p.seed, key), int32(person)})
}

// find returns the persons entered under a key for whom is holds, by ID. The
// check is needed because two keys may share a hash.
func (p *Population) find(key string, is func(*Person) bool) []*Person {
	hash := maphash.String(p.seed, key)
	at, _ := slices.BinarySearchFunc(p.index, hash,
		func(e entry, h uint64) int { return cmp.Compare(e.hash, h) })
	var found []*Person
	for ; at < len(p.index) && p.index[at].hash == hash; at++ {
		if x := p.persons[p.index[at].person]; is(x) {
			found = append(found, x)
		}
	}
	return found
}
