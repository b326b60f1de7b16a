package egon

import (
	"strconv"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

// An instance writes elements that are valid by the published schemas: what the schema
// demands, and what a test wants.
type instance struct {
	t   *testing.T
	x   *schemas
	own string // the namespace of the prefix e
}

// A wish says whether a test wants an element that its parent may do without.
type wish func(e schemaElement) bool

func nothingMore(schemaElement) bool { return false }

// contents returns the children of an element of a type, in the order of the schema.
func (w instance) contents(typ schemaType, wanted wish) (all []schemaElement) {
	if typ.node == nil {
		return nil
	}
	var walk func(n *xmltext.Node, demanded bool)
	walk = func(n *xmltext.Node, demanded bool) {
		for _, c := range n.Children {
			least, _ := c.AttrValue("minOccurs")
			demanded := demanded && least != "0"
			switch c.Local {
			case "element":
				if e := w.x.declared(w.t, typ.file, c, typ.id); demanded || wanted(e) {
					all = append(all, e)
				}
			case "extension":
				base, _ := c.AttrValue("base")
				all = append(all, w.contents(w.x.named(w.t, typ.file, base), wanted)...)
				walk(c, demanded)
			case "any":
				all = append(all, w.x.anyElement(w.t, typ.file))
			case "choice":
				if e := w.chosen(typ, c, demanded, wanted); e.local != "" {
					all = append(all, e)
				}
			case "group":
				ref, _ := c.AttrValue("ref")
				space, local := typ.file.qname(ref)
				in, group := w.x.find(w.t, typ.file, space, "group", local)
				all = append(all, w.contents(schemaType{typ.id, in, group}, wanted)...)
			case "sequence", "all", "complexContent":
				walk(c, demanded || w.wants(typ, c, wanted))
			}
		}
	}
	walk(typ.node, true)
	return all
}

// chosen returns an element of a choice: one that is wanted, else the first if one is demanded.
func (w instance) chosen(typ schemaType, choice *xmltext.Node, demanded bool, wanted wish,
) (first schemaElement) {
	for _, c := range choice.Children {
		var e schemaElement
		switch c.Local {
		case "element":
			e = w.x.declared(w.t, typ.file, c, typ.id)
		case "choice":
			e = w.chosen(typ, c, demanded, wanted)
		default:
			continue
		}
		if e.local != "" && wanted(e) {
			return e
		}
		if demanded && first.local == "" {
			first = e
		}
	}
	return first
}

// wants reports whether a group has an element that is wanted.
func (w instance) wants(typ schemaType, group *xmltext.Node, wanted wish) bool {
	for _, c := range group.Children {
		if c.Local == "element" && wanted(w.x.declared(w.t, typ.file, c, typ.id)) {
			return true
		}
	}
	return false
}

// minimal writes an element with a value, and else with what the schema demands alone.
func (w instance) minimal(e schemaElement) string {
	children := w.contents(e.typ, nothingMore)
	if e.typ.node != nil && len(children) == 0 {
		// Without a value the element would be no item.
		some := w.contents(e.typ, func(schemaElement) bool { return true })
		children = some[:min(1, len(some))]
	}
	var content strings.Builder
	for _, c := range children {
		content.WriteString(w.minimal(c))
	}
	if content.Len() == 0 {
		content.WriteString(w.text(e))
	}
	return w.write(e, content.String())
}

// write writes an element with the attributes that the schema demands.
func (w instance) write(e schemaElement, content string) string {
	name, open := e.local, e.local+` xmlns="`+e.space+`"`
	if prefix := w.prefix(e.space); prefix != "" {
		name = prefix + ":" + e.local
		open = name
	}
	return "<" + open + w.attributes(e.typ) + ">" + content + "</" + name + ">"
}

// prefix returns the prefix that replyWith binds to a namespace, or "".
func (w instance) prefix(space string) string {
	if space == w.own {
		return "e"
	}
	for prefix, known := range replies().spaces {
		if known == space {
			return prefix
		}
	}
	return ""
}

func (w instance) attributes(typ schemaType) (all string) {
	if typ.node == nil {
		return ""
	}
	var walk func(n *xmltext.Node)
	walk = func(n *xmltext.Node) {
		for _, c := range n.Children {
			switch c.Local {
			case "attribute":
				if use, _ := c.AttrValue("use"); use == "required" {
					name, _ := c.AttrValue("name")
					all += " " + name + `="` + w.valueOf(typ.file, c) + `"`
				}
			case "extension":
				base, _ := c.AttrValue("base")
				all += w.attributes(w.x.named(w.t, typ.file, base))
				walk(c)
			case "complexContent", "simpleContent":
				walk(c)
			}
		}
	}
	walk(typ.node)
	return all
}

// text returns a value of an element without children.
func (w instance) text(e schemaElement) string {
	if e.typ.node == nil {
		return w.valueOf(e.file, e.declared)
	}
	if simple := e.typ.node.Child(NSSchema, "simpleContent"); simple != nil {
		base, _ := simple.Child(NSSchema, "extension").AttrValue("base")
		return w.valueOfType(e.typ.file, base)
	}
	return ""
}

// valueOf returns a value of the simple type of a declaration.
func (w instance) valueOf(f *schemaFile, declared *xmltext.Node) string {
	if name, ok := declared.AttrValue("type"); ok {
		return w.valueOfType(f, name)
	}
	if simple := declared.Child(NSSchema, "simpleType"); simple != nil {
		return w.valueOfSimple(f, simple)
	}
	return "x"
}

// builtIn has a value of each simple type of XML Schema that the schemas use.
var builtIn = map[string]string{
	"integer": "1", "int": "1", "long": "1", "short": "1", "positiveInteger": "1",
	"nonNegativeInteger": "1", "unsignedInt": "1", "decimal": "1", "date": "2020-01-01",
	"dateTime": "2020-01-01T00:00:00", "boolean": "true", "base64Binary": "AAAA",
	"gYear": "2020",
}

// ofPattern has values of the patterns of the schemas.
var ofPattern = map[string]string{
	`.*[^\s].*`:        "x",
	`[\S]+.*[\S]+`:     "xx",
	`[^@]+@[^\.]+\..+`: "x@example.cz",
	`\+\d{11,16}`:      "+420123456789",
}

func (w instance) valueOfType(f *schemaFile, name string) string {
	space, local := f.qname(name)
	if space == NSSchema {
		if v, ok := builtIn[local]; ok {
			return v
		}
		return "x"
	}
	if in, n := w.x.find(w.t, f, space, "simpleType", local); n != nil {
		return w.valueOfSimple(in, n)
	}
	typ := w.x.named(w.t, f, name)
	return w.text(schemaElement{typ: typ, file: f})
}

func (w instance) valueOfSimple(f *schemaFile, n *xmltext.Node) string {
	if list := n.Child(NSSchema, "list"); list != nil {
		if name, ok := list.AttrValue("itemType"); ok {
			return w.valueOfType(f, name)
		}
		return w.valueOf(f, list)
	}
	r := n.Child(NSSchema, "restriction")
	if r == nil {
		members, _ := n.Child(NSSchema, "union").AttrValue("memberTypes")
		return w.valueOfType(f, strings.Fields(members)[0])
	}
	facet := func(name string) string {
		if f := r.Child(NSSchema, name); f != nil {
			v, _ := f.AttrValue("value")
			return v
		}
		return ""
	}
	if v := facet("enumeration"); v != "" {
		return v
	}
	if p := facet("pattern"); p != "" {
		v, ok := ofPattern[p]
		if !ok {
			w.t.Errorf("no value is known for the pattern %s", p)
		}
		return v
	}
	if v := facet("minInclusive"); v != "" {
		return v
	}
	if n, err := strconv.Atoi(facet("minExclusive")); err == nil {
		return strconv.Itoa(n + 1)
	}
	base, _ := r.AttrValue("base")
	v := w.valueOfType(f, base)
	least, _ := strconv.Atoi(facet("length") + facet("minLength"))
	switch {
	case v == builtIn["base64Binary"] && least == 64:
		return sumOfAifo
	case least > len(v):
		v = strings.Repeat(v[:1], least)
	}
	return v
}
