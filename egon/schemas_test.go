package egon

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

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
	file         *schemaFile // that declares it
	declared     *xmltext.Node
	optional     bool // its parent may do without it
	oneOf        bool // it is one of a choice
}

// nillable reports whether the element may be nil.
func (e schemaElement) nillable() bool {
	v, _ := e.declared.AttrValue("nillable")
	return v == "true"
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

// robEnvelope is the schema of ROB's internal messages, which is not published.
const robEnvelope = "rob-envelope.xsd"

func newSchemas(t *testing.T) *schemas {
	return &schemas{filepath.Join(sharedFolder(t), "schemas"), map[string]*schemaFile{}}
}

var prefixes = regexp.MustCompile(`xmlns(?::([\w.-]+))?\s*=\s*["']([^"']*)["']`)

func (x *schemas) file(t *testing.T, name string) *schemaFile {
	if f := x.read[name]; f != nil {
		return f
	}
	file := filepath.Join(x.folder, name)
	if name == robEnvelope {
		file = filepath.Join("testdata", name)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.ReplaceAll(string(text), "SCHEMAS/", ""))
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
	e := schemaElement{space: f.target, file: f, declared: n}
	e.local, _ = n.AttrValue("name")
	if named, ok := n.AttrValue("type"); ok {
		e.typ = x.named(t, f, named)
	} else if inline := n.Child(NSSchema, "complexType"); inline != nil {
		e.typ = schemaType{parent + "/" + e.local, f, inline}
	}
	return e
}

// anyElement returns what stands for the one xs:any of the schemas, that of X11: any element
// of its namespace, of which one has data.
func (x *schemas) anyElement(t *testing.T, f *schemaFile) schemaElement {
	return x.element(t, f.path, "AiseoCtiAifoDataResponseV01")
}

// childrenOf returns the elements that an element of a type may have.
func (x *schemas) childrenOf(t *testing.T, typ schemaType) (all []schemaElement) {
	var walk func(n *xmltext.Node, oneOf, optional bool)
	walk = func(n *xmltext.Node, oneOf, optional bool) {
		for _, c := range n.Children {
			least, _ := c.AttrValue("minOccurs")
			switch {
			case c.Space != NSSchema || c.Local == "annotation":
			case c.Local == "element":
				e := x.declared(t, typ.file, c, typ.id)
				e.oneOf, e.optional = oneOf, optional || least == "0"
				all = append(all, e)
			case c.Local == "extension":
				base, _ := c.AttrValue("base")
				if b := x.named(t, typ.file, base); b.node != nil {
					all = append(all, x.childrenOf(t, b)...)
				}
				walk(c, oneOf, optional)
			case c.Local == "any":
				all = append(all, x.anyElement(t, typ.file))
			case c.Local == "choice":
				walk(c, true, optional || least == "0")
			default:
				walk(c, oneOf, optional && oneOf)
			}
		}
	}
	if typ.node != nil {
		walk(typ.node, false, false)
	}
	return all
}
