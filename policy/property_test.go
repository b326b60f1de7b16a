package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"brana/egon"

	"pgregory.net/rapid"
)

// The words of the properties: of ROB, of ROS, of the evidences, unknown words, near
// misses and control words.
var (
	matrixWords = []string{"Jmeno", "Prijmeni", "Doklad", "Pohlavi", "Ico", "Zvlastni", "Volny"}
	grantWords  = []string{"EopFoto", "EcdPodpis", "Zvlastni", "Jiny"}
	anyWords    = slices.Concat(matrixWords, grantWords,
		[]string{"jmeno", "EOPFOTO", "Nikde", "ROBCti", "RUIANOver"})
	services = []string{"E05", "E20", "E198"}
)

func some(words []string) *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(words), 0, len(words), rapid.ID[string])
}

// A modelPolicy is the content of policy files, as the properties see it.
type modelPolicy struct {
	grants map[string]map[string][]string // quadruple → service → items, the same for each service
	matrix map[string][]string            // triple → items
}

func (w modelPolicy) load(t testing.TB) *Snapshot {
	var grants, matrix strings.Builder
	grants.WriteString("grants: [")
	for _, quadruple := range slices.Sorted(maps.Keys(w.grants)) {
		q, given := strings.Split(quadruple, "/"), w.grants[quadruple]
		codes := slices.Sorted(maps.Keys(given))
		fmt.Fprintf(&grants,
			"\n  {agenda: %s, role: %s, ovm: %q, ais: %s, environment: test, valid: {from: 2026-01-01, to: 2026-12-31}, services: [%s], items: [%s], limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}},",
			q[0], q[1], q[2], q[3], strings.Join(codes, ", "), strings.Join(given[codes[0]], ", "))
	}
	grants.WriteString("\n]\n")
	for _, triple := range slices.Sorted(maps.Keys(w.matrix)) {
		for _, item := range w.matrix[triple] {
			fmt.Fprintf(&matrix, "%s,%s,\n", strings.ReplaceAll(triple, "/", ","), item)
		}
	}
	return mustLoad(t, grants.String(), matrix.String())
}

var quadruples = rapid.Custom(func(t *rapid.T) string {
	return fmt.Sprintf("A%d/R%d/00%d/%d", rapid.IntRange(1, 2).Draw(t, "agenda"),
		rapid.IntRange(1, 2).Draw(t, "role"), rapid.IntRange(1, 2).Draw(t, "ovm"), rapid.IntRange(1,
			2).Draw(t, "ais"))
})

var worlds = rapid.Custom(func(t *rapid.T) modelPolicy {
	w := modelPolicy{map[string]map[string][]string{}, map[string][]string{}}
	for _, q := range rapid.SliceOfN(quadruples, 0, 6).Draw(t, "grants") {
		w.grant(t, q)
	}
	for _, q := range rapid.SliceOfN(quadruples, 0, 6).Draw(t, "rows") {
		if items := some(matrixWords).Draw(t, "items of the row"); len(items) > 0 {
			w.matrix[tripleOf(q)] = items
		}
	}
	return w
})

func (w modelPolicy) grant(t *rapid.T, quadruple string) {
	items, given := some(grantWords).Draw(t, "items of the grant"), map[string][]string{}
	given[rapid.SampledFrom(services).Draw(t, "service")] = items
	for _, s := range some(services).Draw(t, "more services") {
		given[s] = items
	}
	w.grants[quadruple] = given
}

func tripleOf(quadruple string) string { return quadruple[:strings.LastIndex(quadruple, "/")] }

type request struct {
	service, quadruple string
	items              []string
}

var requests = rapid.Custom(func(t *rapid.T) request {
	return request{rapid.SampledFrom(services).Draw(t, "service"), quadruples.Draw(t, "caller"),
		rapid.SliceOfN(rapid.SampledFrom(anyWords), 0, 6).Draw(t, "items")}
})

func (r request) head() *egon.Head {
	if r.service == "E198" {
		return media(r.quadruple, strings.Join(r.items, " "), egon.Dotaz1JmPrijRC)
	}
	return head(r.service, r.quadruple, strings.Join(r.items, " "))
}

// A granted request has every right: to the service by the grant, to each item by the
// grant or the matrix. A refusal names exactly the missing rights.
func TestNothingIsGrantedWithoutARight(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, r := worlds.Draw(rt, "world"), requests.Draw(rt, "request")
		d := w.load(t).Decide(r.head(), noon)
		items, given := w.grants[r.quadruple][r.service]
		if (d.Verdict == NotGranted) == given {
			rt.Fatalf("verdict %s, given %v", summary(d), given)
		}
		if !given {
			return
		}
		row := w.matrix[tripleOf(r.quadruple)]
		needed := r.items
		if r.service == "E198" {
			needed = append(slices.Clone(needed), "Jmeno", "Prijmeni")
		}
		var want []string
		for _, word := range needed {
			control := word == "ROBCti" || word == "RUIANOver"
			granted := slices.Contains(items, word) && r.service == "E198" // it reads EOP and ECD
			if !control && !granted && !slices.Contains(row, word) &&
				!slices.Contains(want, word) {
				want = append(want, word)
			}
		}
		var got []string
		for _, one := range d.Refused {
			got = append(got, one.Word)
		}
		if !slices.Equal(got, want) || (d.Verdict == Granted) != (len(want) == 0) {
			rt.Fatalf("%s, want %v refused", summary(d), want)
		}
	})
}

// A new grant and a new row change nothing for other callers, and take nothing from
// anybody. But an unknown word that they name becomes an item for all: it is then
// refused as one that is not permitted.
func TestAddingTakesNothingAway(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, r := worlds.Draw(rt, "world"), requests.Draw(rt, "request")
		whose := quadruples.Draw(rt, "new")
		before := w.load(t).Decide(r.head(), noon)
		if _, has := w.grants[whose]; !has {
			w.grant(rt, whose)
		}
		row := append(slices.Clone(w.matrix[tripleOf(whose)]),
			some(matrixWords).Draw(rt, "new items")...)
		slices.Sort(row)
		if row = slices.Compact(row); len(row) > 0 {
			w.matrix[tripleOf(whose)] = row
		}
		after := w.load(t).Decide(r.head(), noon)
		if before.Verdict == Granted && after.Verdict != Granted {
			rt.Fatalf("granted before, then %s", summary(after))
		}
		same := before.Verdict == after.Verdict ||
			before.Verdict == ItemUnknown && after.Verdict == ItemNotPermitted
		if tripleOf(r.quadruple) != tripleOf(whose) && !same {
			rt.Fatalf("%s before the grant to somebody else, then %s", summary(before),
				summary(after))
		}
	})
}

// The order of the lines of a matrix does not matter.
func TestMatrixOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := worlds.Draw(rt, "world")
		var lines []string
		for triple, items := range w.matrix {
			for _, item := range items {
				lines = append(lines, strings.ReplaceAll(triple, "/", ",")+","+item+",\n")
			}
		}
		slices.Sort(lines)
		sorted := mustLoad(t, "grants: []", strings.Join(lines, ""))
		mixed := mustLoad(t, "grants: []",
			strings.Join(rapid.Permutation(lines).Draw(rt, "lines"), ""))
		for triple := range w.matrix {
			q := strings.Split(triple, "/")
			a, b := []byte(q[0]), []byte(q[1])
			x, _ := sorted.Row(a, b, []byte(q[2]), noon)
			y, _ := mixed.Row(a, b, []byte(q[2]), noon)
			if !slices.Equal(x, y) {
				rt.Fatalf("row of %s: %v and %v", triple, x, y)
			}
		}
		if sorted.Counts() != mixed.Counts() || len(sorted.matrix.sets) != len(mixed.matrix.sets) {
			rt.Fatalf("counts %+v and %+v", sorted.Counts(), mixed.Counts())
		}
	})
}
