package egon

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon/xmltext"
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
					if e.space != replies().spaces[s.space()] {
						t.Errorf("%s of %s has namespace %s", e.local, typ, e.space)
					}
					want[e.local] = true
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
	}
	for _, s := range returnedSections() {
		if s.is != "record" {
			continue
		}
		list := s.space()
		ofAiseo := list == "eo" || list == "se3"
		if list == "se" {
			list = s.name
		}
		for _, row := range s.rows {
			word := row[1]
			switch word {
			case "-", "*", ">":
				continue
			case "=":
				word = row[0]
			default:
				if want := renamed[list+" "+row[0]]; word != want {
					t.Errorf("%s of %s is %s, want %q", row[0], s.name, word, want)
				}
			}
			if !ofAiseo && word != unlisted && wordOf(word) == &noItem {
				t.Errorf("%s of %s is %s, which is no item", row[0], s.name, word)
			}
		}
	}
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
			service := ServiceByCode(s.name)
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

// comparesInputs are services that compare the caller's search inputs with ROB. Nobody asks
// for an item in that part of their replies.
var comparesInputs = []string{"E172", "E198"}

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
		evidence, isMedia := strings.CutPrefix(name, "media-")
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

// inside returns the record that the row of an element names, or "".
func (s *returnedSection) inside(local string) string {
	for _, row := range s.rows {
		if row[0] == local && row[1] == ">" {
			return row[2]
		}
	}
	return ""
}

func returnedSections() (all []*returnedSection) {
	for line := range strings.Lines(returnedText) {
		switch f := strings.Fields(line); {
		case len(f) == 0 || strings.HasPrefix(line, "#") || f[0] == "ns":
		case f[0] == "record" || f[0] == "reply":
			all = append(all, &returnedSection{is: f[0], name: f[1], rest: f[2:]})
		default:
			last := all[len(all)-1]
			last.rows = append(last.rows, f)
		}
	}
	return all
}

// schemas reads as much of the published schemas as tells the children of an element.
type schemas struct {
	folder string
	read   map[string]*schemaFile
}

type schemaFile struct {
	path   string // below the folder
	root   *xmltext.Node
	target string
	spaces map[string]string // by prefix
}

// A schemaType is a complexType; its id is FILE#TYPE, or FILE#TYPE/ELEMENT for the type
// inside an element. A simple type has no node.
type schemaType struct {
	id   string
	file *schemaFile
	node *xmltext.Node
}

type schemaElement struct {
	space, local string
	typ          schemaType
}

// named writes the element as a path of the table does.
func (e schemaElement) named(own string) string {
	if e.space == own {
		return e.local
	}
	for prefix, space := range replies().spaces {
		if space == e.space {
			return prefix + ":" + e.local
		}
	}
	return "?:" + e.local
}

func newSchemas(t *testing.T) *schemas {
	return &schemas{filepath.Join(sharedFolder(t), "schemas"), map[string]*schemaFile{}}
}

var prefixes = regexp.MustCompile(`xmlns(?::([\w.-]+))?\s*=\s*["']([^"']*)["']`)

func (x *schemas) file(t *testing.T, name string) *schemaFile {
	if f := x.read[name]; f != nil {
		return f
	}
	text, err := os.ReadFile(filepath.Join(x.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.TrimPrefix(string(text), "\ufeff"))
	root, err := xmltext.Parse(text, xmltext.DefaultBounds())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	f := &schemaFile{path: name, root: root, spaces: map[string]string{}}
	f.target, _ = root.AttrValue("targetNamespace")
	for _, m := range prefixes.FindAllStringSubmatch(string(text), -1) {
		f.spaces[m[1]] = m[2]
	}
	x.read[name] = f
	return f
}

// find returns a global component of a namespace, looked for from a file.
func (x *schemas) find(t *testing.T, f *schemaFile, space, kind, name string) (*schemaFile,
	*xmltext.Node) {
	if f.target == space {
		for _, n := range f.root.All(NSSchema, kind) {
			if own, _ := n.AttrValue("name"); own == name {
				return f, n
			}
		}
	}
	for _, by := range []string{"import", "include"} {
		for _, n := range f.root.All(NSSchema, by) {
			at, _ := n.AttrValue("schemaLocation")
			if ns, _ := n.AttrValue("namespace"); at == "" || by == "import" && ns != space {
				continue
			}
			other := x.file(t, path.Join(path.Dir(f.path), at))
			if in, n := x.find(t, other, space, kind, name); n != nil {
				return in, n
			}
		}
	}
	return nil, nil
}

// qname resolves a name as a schema file writes it.
func (f *schemaFile) qname(name string) (space, local string) {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		prefix, local = "", name
	}
	return f.spaces[prefix], local
}

// named returns the type of a name, without a node when it is simple.
func (x *schemas) named(t *testing.T, f *schemaFile, name string) schemaType {
	space, local := f.qname(name)
	if space == NSSchema {
		return schemaType{id: name}
	}
	in, n := x.find(t, f, space, "complexType", local)
	if n == nil {
		return schemaType{id: name}
	}
	return schemaType{in.path + "#" + local, in, n}
}

// typ returns the type FILE#TYPE or FILE#TYPE/ELEMENT.
func (x *schemas) typ(t *testing.T, id string) schemaType {
	file, name, _ := strings.Cut(id, "#")
	name, inside, nested := strings.Cut(name, "/")
	f := x.file(t, file)
	_, n := x.find(t, f, f.target, "complexType", name)
	if n == nil {
		t.Fatalf("%s has no complexType %s", file, name)
	}
	typ := schemaType{file + "#" + name, f, n}
	if !nested {
		return typ
	}
	for _, e := range x.childrenOf(t, typ) {
		if e.local == inside {
			return e.typ
		}
	}
	t.Fatalf("%s has no element %s in %s", file, inside, name)
	return typ
}

// element returns a global element.
func (x *schemas) element(t *testing.T, file, name string) schemaElement {
	f := x.file(t, file)
	in, n := x.find(t, f, f.target, "element", name)
	if n == nil {
		t.Fatalf("%s has no element %s", file, name)
	}
	return x.declared(t, in, n, file+"#")
}

// declared reads the declaration of an element.
func (x *schemas) declared(
	t *testing.T, f *schemaFile, n *xmltext.Node, parent string,
) schemaElement {
	if ref, ok := n.AttrValue("ref"); ok {
		space, local := f.qname(ref)
		in, global := x.find(t, f, space, "element", local)
		if global == nil {
			return schemaElement{space: space, local: local}
		}
		return x.declared(t, in, global, in.path+"#")
	}
	e := schemaElement{space: f.target}
	e.local, _ = n.AttrValue("name")
	if named, ok := n.AttrValue("type"); ok {
		e.typ = x.named(t, f, named)
	} else if inline := n.Child(NSSchema, "complexType"); inline != nil {
		e.typ = schemaType{parent + "/" + e.local, f, inline}
	}
	return e
}

// childrenOf returns the elements that an element of a type may have.
func (x *schemas) childrenOf(t *testing.T, typ schemaType) (all []schemaElement) {
	var walk func(n *xmltext.Node)
	walk = func(n *xmltext.Node) {
		for _, c := range n.Children {
			switch {
			case c.Space != NSSchema || c.Local == "annotation":
			case c.Local == "element":
				all = append(all, x.declared(t, typ.file, c, typ.id))
			case c.Local == "extension":
				base, _ := c.AttrValue("base")
				if b := x.named(t, typ.file, base); b.node != nil {
					all = append(all, x.childrenOf(t, b)...)
				}
				walk(c)
			default:
				walk(c)
			}
		}
	}
	if typ.node != nil {
		walk(typ.node)
	}
	return all
}
