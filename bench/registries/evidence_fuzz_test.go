package registries

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

// Whatever is asked, the reply is well-formed and says how it ended, and it
// carries media only with an AIFO.
func FuzzEvidence(f *testing.F) {
	p := NewPopulation(0, testSeed)
	e := NewEOP(p, "A102", 2)
	zoran := person(f, p, "VOSÁHLO")
	for _, seed := range []mediaRequest{
		{query: zoran.byBirthDate()},
		{items: "Foto Podpis", criteria: "<q:KriteriaProFotky><q:Pocet>2</q:Pocet></q:KriteriaProFotky>", query: zoran.byBirthplace()},
		{options: `typPorovnani="ascii"`, query: q("Dotaz5JmPrijOP", "a", "b", "OpCislo", "1", "OpSerie", "2")},
		{query: q("Dotaz1JmPrijRC", "&lt;", "&amp;", "RodneCislo", "]]&gt;")},
		{query: ""},
	} {
		f.Add(string(seed.request(f)))
	}
	f.Fuzz(func(t *testing.T, request string) {
		body, err := xmltext.Parse([]byte(request), testBounds)
		if err != nil {
			return
		}
		r := e.handle(body, staging{})
		if r.head == nil {
			return
		}
		whole := bytes.NewBuffer(bytes.Clone(r.head))
		if r.stream != nil {
			if err := r.stream(whole); err != nil {
				t.Fatal(err)
			}
		}
		root, err := xmltext.Parse(whole.Bytes(), testBounds)
		if err != nil {
			t.Fatalf("%v\n%s", err, whole)
		}
		if !slices.Contains([]string{"OK", "VAROVANI", "CHYBA"}, r.kod) {
			t.Errorf("the reply ends with %q", r.kod)
		}
		if media := strings.Contains(whole.String(), "DatumVydani"); media && root.Child(e.dialect.space, "MapaAifo") == nil {
			t.Error("media without an AIFO")
		}
	})
}
