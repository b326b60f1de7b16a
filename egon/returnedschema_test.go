package egon

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each row of the table comes from a schema: every child of a person's data has one, none
// is invented, and places of one type have the rows of that type.
func TestReplyRecordsAreThoseOfTheSchemas(t *testing.T) {
	x := newSchemas(t)
	sections := returnedSections()
	typesOf := map[string][]string{}
	for _, s := range sections {
		if s.is == "record" {
			for _, typ := range s.types() {
				typesOf[s.name] = append(typesOf[s.name], s.schema()+"#"+typ)
			}
		}
	}
	for _, s := range sections {
		if s.is != "record" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			want := map[string]bool{}
			for _, typ := range typesOf[s.name] {
				for _, e := range x.childrenOf(t, x.typ(t, typ)) {
					want[e.named(replies().spaces[s.space()])] = true
					if inside := s.inside(e.local); inside != "" &&
						!slices.Contains(typesOf[inside], e.typ.id) {
						t.Errorf("%s is of %s, no type of %s", e.local, e.typ.id, inside)
					}
				}
			}
			got := map[string]bool{}
			for _, row := range s.rows {
				if got[row[0]] {
					t.Errorf("%s has two rows", row[0])
				}
				got[row[0]] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (+) and the schema (-) differ:\n%s", diff)
			}
		})
	}
}

// What removing an element is follows from the schema. One that the schema demands is nil when
// it may be, and else the record goes whole.
func TestReplyRowsDemandWhatTheSchemaDemands(t *testing.T) {
	x := newSchemas(t)
	for _, s := range returnedSections() {
		for _, typ := range s.types() {
			for _, e := range x.childrenOf(t, x.typ(t, s.schema()+"#"+typ)) {
				row := s.row(e.local)
				demand := ""
				switch {
				case row[1] == "-" || e.optional:
				case row[1] == ">":
					demand = "always"
				case e.nillable():
					demand = "nil"
				case e.oneOf:
					demand = "choice"
				default:
					demand = "always"
				}
				rest := row[2:]
				if row[1] == ">" {
					rest = row[3:]
				}
				if got := strings.Join(rest, " "); got != demand {
					t.Errorf("%s of %s: the table says %q, the schema %q", e.local, typ, got, demand)
				}
			}
		}
	}
}

// A record of which the schema demands an item goes whole without the right to it, so its
// reply may do without it.
func TestRecordsThatGoWholeAreOptional(t *testing.T) {
	x := newSchemas(t)
	for _, s := range returnedSections() {
		if s.is != "reply" || s.name == "E100" {
			continue
		}
		service := replyOf(s.name)
		for _, row := range s.rows {
			e := x.element(t, s.schema(), service.Response)
			for step := range strings.SplitSeq(row[0], "/") {
				children := x.childrenOf(t, e.typ)
				i := slices.IndexFunc(children, func(c schemaElement) bool {
					return c.named(service.Namespace) == step
				})
				e = children[i]
			}
			record := replies().records[row[1]]
			if goes := record.always != (wordSet{}) || record.choice != (wordSet{}); goes && !e.optional {
				t.Errorf("%s of %s cannot go", row[0], s.name)
			}
		}
	}
}

// The word of an element is its own name, but for these. SeznamUdaju has the words of ROB and
// ROS, all but one.
func TestWordsOfTheTable(t *testing.T) {
	const unlisted = "PoskytnutiJineOsobe" // of E03 and E276; no enumeration has it
	renamed := map[string]string{
		"rod DatovaSchranka": "DatovaSchrankaROB",
		"rod Certifikaty":    "Certifikat",
		"rod Doklady":        "Doklad",
		"dot DatoveSchranky": "DatovaSchrankaROS",
		"dot Fo":             "FyzickaOsoba",
		"dot NazevOsoby":     "ObchodniNazev",
		"ros NazevOsoby":     "ObchodniNazev",
		"ros FoTextemPobyt":  "FyzickaOsoba",
		"foto-eop Fotka":     "EopFoto",
		"podpis-eop Podpis":  "EopPodpis",
		"foto-ecd Fotka":     "EcdFoto",
		"podpis-ecd Podpis":  "EcdPodpis",
		"zadost-eop Podpis":  "EopPodpis",
		"zadost-ecd Podpis":  "EcdPodpis",
	}
	for _, s := range returnedSections() {
		if s.is != "record" {
			continue
		}
		list := s.space()
		free := list == "eo" || list == "se3" || strings.HasPrefix(s.name, "udaje-")
		if list == "se" || list == "se2" {
			list = s.name
		}
		for _, row := range s.rows {
			word := row[1]
			switch word {
			case "-", "*", ">":
				if word == "-" && strings.HasPrefix(s.name, "udaje-") && row[0] != "Aifo" {
					t.Errorf("%s of %s is judged by nothing", row[0], s.name)
				}
				continue
			case "!":
				if known := wordsLike(s.name, row[0]); len(known) > 0 {
					t.Errorf("%s of %s may be %s", row[0], s.name, known)
				}
				continue
			case "=":
				word = row[0]
			default:
				if known := wordsLike(s.name, row[0]); len(known) > 0 && word == known[0] {
					continue
				}
				if want := renamed[list+" "+row[0]]; word != want {
					t.Errorf("%s of %s is %s, want %q", row[0], s.name, word, want)
				}
			}
			if !free && word != unlisted && wordOf(word) == &noItem {
				t.Errorf("%s of %s is %s, which is no item", row[0], s.name, word)
			}
		}
	}
}

// wordsLike returns the words that an evidence may have for an element: its list has the name of
// the document before or behind that of the element.
func wordsLike(record, element string) (words []string) {
	for prefix, of := range map[string]Register{"OP": EOP, "CD": ECD} {
		if !strings.HasPrefix(record, "udaje-"+strings.ToLower(prefix)) {
			continue
		}
		for _, word := range []string{element + prefix, prefix + element, element} {
			if isEvidenceItem(of, word) {
				words = append(words, word)
			}
		}
	}
	return words
}

// The path of each record is that of the service's schema, and no part of a reply with a
// record is left out.
func TestRepliesAreThoseOfTheSchemas(t *testing.T) {
	x := newSchemas(t)
	records := recordsByType()
	for _, s := range returnedSections() {
		if s.is != "reply" || s.name == "E100" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			var got []string
			for _, row := range s.rows {
				got = append(got, strings.Join(row, " "))
			}
			service := replyOf(s.name)
			operation := x.element(t, s.schema(), service.Response)
			want := x.recordsIn(t, records, service, operation, nil)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (+) and the schema (-) differ:\n%s", diff)
			}
		})
	}
}

// Data of a publisher that have no row are those of a version that no schema has: each that
// the schemas have is known.
func TestDataOfPublishersAreKnown(t *testing.T) {
	x := newSchemas(t)
	for _, s := range returnedSections() {
		service := replyOf(s.name)
		if s.is != "reply" || !service.Internal() || service.Reads == 0 {
			continue
		}
		for _, row := range s.rows {
			first, _, _ := strings.Cut(row[0], "/")
			place := rootOf(service).byName[first].inside
			if !place.record {
				t.Errorf("%s of %s lets data without a row pass", first, s.name)
			}
			for _, e := range x.childrenOf(t, x.element(t, s.schema(), service.Response).typ) {
				if e.local != first {
					continue
				}
				for _, data := range x.childrenOf(t, e.typ) {
					ofChanges := data.local == "RobCtiZmenyDataResponse" // which only O07 may get
					if place.byName[data.local] == nil && !ofChanges {
						t.Errorf("%s of %s in %s has no row", data.local, first, s.name)
					}
				}
			}
		}
	}
}

// comparesInputs are services that compare the caller's search inputs with ROB. Nobody asks
// for an item in that part of their replies.
var comparesInputs = []string{"E172", "E194", "E195", "E197", "E198"}

// recordsByType returns the names of records by the id of each type that they have.
func recordsByType() map[string][]string {
	records := map[string][]string{}
	for _, s := range returnedSections() {
		for _, typ := range s.types() {
			id := s.schema() + "#" + typ
			records[id] = append(records[id], s.name)
		}
	}
	return records
}

// recordsIn returns the rows of all records inside e, which is at a path in the reply.
func (x *schemas) recordsIn(
	t *testing.T, records map[string][]string, s *Service, e schemaElement, path []string,
) (rows []string) {
	for _, name := range records[e.typ.id] {
		evidence, isMedia := strings.CutPrefix(strings.TrimSuffix(name, "-2"), "media-")
		switch {
		case isMedia && !strings.HasPrefix(strings.ToLower(e.local), evidence):
		case name == "rob-over" && slices.Contains(comparesInputs, s.Code):
		default:
			rows = append(rows, strings.Join(path, "/")+" "+name)
		}
	}
	if len(records[e.typ.id]) > 0 || len(path) > 5 {
		return rows
	}
	for _, child := range x.childrenOf(t, e.typ) {
		at := append(slices.Clip(path), child.named(s.Namespace))
		rows = append(rows, x.recordsIn(t, records, s, child, at)...)
	}
	return rows
}

// A returnedSection is a section of returned.txt.
type returnedSection struct {
	is, name string
	rest     []string // of its first line
	rows     [][]string
}

func (s *returnedSection) space() string { return s.rest[0] }

func (s *returnedSection) schema() string {
	if s.is == "reply" {
		return s.rest[0]
	}
	return s.rest[1]
}

func (s *returnedSection) types() []string {
	if s.is == "reply" {
		return nil
	}
	return s.rest[2:]
}

// row returns the row of an element.
func (s *returnedSection) row(local string) []string {
	for _, row := range s.rows {
		if row[0][strings.IndexByte(row[0], ':')+1:] == local {
			return row
		}
	}
	return []string{local, "-"}
}

// inside returns the record that the row of an element names, or "".
func (s *returnedSection) inside(local string) string {
	if row := s.row(local); row[1] == ">" {
		return row[2]
	}
	return ""
}

func returnedSections() (all []*returnedSection) {
	for line := range strings.Lines(returnedText) {
		switch f := strings.Fields(line); {
		case len(f) == 0 || strings.HasPrefix(line, "#"),
			f[0] == "ns", f[0] == "ruian", f[0] == "outside":
		case f[0] == "record" || f[0] == "reply":
			all = append(all, &returnedSection{is: f[0], name: f[1], rest: f[2:]})
		default:
			last := all[len(all)-1]
			last.rows = append(last.rows, f)
		}
	}
	return all
}
