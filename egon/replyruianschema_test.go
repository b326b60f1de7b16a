package egon

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon/xmltext"
)

// The items with references to RUIAN are those of which the schema says so.
func TestItemsWithReferencesAreThoseOfTheSchemas(t *testing.T) {
	x := newSchemas(t)
	want := map[string]bool{}
	for _, s := range returnedSections() {
		for _, typ := range s.types() {
			for _, e := range x.childrenOf(t, x.typ(t, s.schema()+"#"+typ)) {
				row := s.row(e.local)
				word := strings.NewReplacer("=", e.local, "!", e.local).Replace(row[1])
				if word != "-" && word != ">" && word != "*" && x.refers(t, e, map[string]bool{}) {
					want[word] = true
				}
			}
		}
	}
	got := map[string]bool{}
	for i, word := range ReturnedWords() {
		if replies().refers.has(i) {
			got[word] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items with references (+) and the schemas (-) differ:\n%s", diff)
	}
}

// Codes of RUIAN have types of their own, or are numbers that are documented. AISEO has numbers
// of addresses and municipalities that only their names show.
var (
	typesOfRuian = []string{"KodAdresniMistoType", "AdresniLokalitaType", "AdresaIdEOType"}
	saysRuian    = regexp.MustCompile(`(?i)\bR[uú]ian\b`)
	namesRuian   = regexp.MustCompile(`Adr|Obec`)
	namesDate    = regexp.MustCompile(`Datum|Od$|Do$`)
	ofCountry    = regexp.MustCompile(`^\s*(Stát|Občanství)`) // no address
)

// refers reports whether an element has a code of RUIAN in it.
func (x *schemas) refers(t *testing.T, e schemaElement, inside map[string]bool) bool {
	named, _ := e.declared.AttrValue("type")
	said := documentation(e.declared)
	switch {
	case x.ofRuian(t, e.file, named):
		return true
	case namesRuian.MatchString(e.local) && !namesDate.MatchString(e.local):
		return true
	case saysRuian.MatchString(said) && !ofCountry.MatchString(said):
		return true
	}
	if e.typ.node == nil || inside[e.typ.id] {
		return false
	}
	inside[e.typ.id] = true
	return slices.ContainsFunc(x.childrenOf(t, e.typ), func(c schemaElement) bool {
		return x.refers(t, c, inside)
	})
}

// ofRuian reports whether a type is, or extends, one of a code of RUIAN.
func (x *schemas) ofRuian(t *testing.T, f *schemaFile, name string) bool {
	space, local := f.qname(name)
	if slices.Contains(typesOfRuian, local) {
		return true
	}
	in, n := x.find(t, f, space, "complexType", local)
	if n == nil {
		return false
	}
	for _, content := range []string{"simpleContent", "complexContent"} {
		base, ok := n.Child(NSSchema, content).Child(NSSchema, "extension").AttrValue("base")
		if ok && x.ofRuian(t, in, base) {
			return true
		}
	}
	return false
}

// mayHoldReferences reports whether an item in a place may hold a reference to RUIAN.
func (p *replyPlace) mayHoldReferences() bool {
	var found wordSet
	replies().findReferences(p, &found)
	return found != wordSet{}
}

func documentation(declared *xmltext.Node) string {
	n := declared.Child(NSSchema, "annotation").Child(NSSchema, "documentation")
	if n == nil {
		return ""
	}
	return n.Text
}

// In each reply the codes come before the data, and the addresses behind all data with
// references. Both may be absent.
func TestWhatRuianHasIsWhereTheSchemasHaveIt(t *testing.T) {
	x := newSchemas(t)
	codes, addresses := 0, 0
	for _, s := range returnedSections() {
		if s.is != "reply" || s.name == "E100" {
			continue
		}
		service := replyOf(s.name)
		data, behind := false, false
		for _, e := range x.childrenOf(t, x.element(t, s.schema(), service.Response).typ) {
			row := replies().roots[s.name].byName[e.local]
			switch {
			case row == nil || row.space != e.space:
				if strings.Contains(e.local, "Adres") || strings.Contains(e.local, "Ruian") {
					t.Errorf("%s has no row for %s of %s", s.name, e.local, e.space)
				}
			case row.is == isCodes:
				codes++
				if data || !e.optional || e.typ.id != "RegTypy.xsd#SeznamIdAdresType" {
					t.Errorf("%s: SeznamIdAdres is %s, behind the data: %v", s.name, e.typ.id, data)
				}
			case row.is == isAddresses:
				addresses++
				behind = true
				if !e.optional {
					t.Errorf("%s demands RuianOdpoved", s.name)
				}
			case behind && row.inside.mayHoldReferences():
				t.Errorf("%s: %s comes behind RuianOdpoved", s.name, e.local)
			default:
				data = true
			}
		}
	}
	if codes < 30 || addresses < 20 {
		t.Errorf("%d lists of codes, %d blocks of addresses", codes, addresses)
	}
}
