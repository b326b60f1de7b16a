package policy

import (
	"fmt"
	"slices"
	"strings"

	"brana/egon"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A document reads the plain part of YAML that grants are written in: mappings,
// lists and scalars. What it cannot read it notes as a problem at its place, and
// goes on, so that one reading finds every mistake.
type document struct {
	file string
	*problems
}

// parse returns the root of the file's only document, nil when there is none or
// when it is not YAML.
func (d document) parse(text []byte) ast.Node {
	f, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, message := d.file, err.Error()
		if e, ok := err.(yaml.Error); ok {
			at, message = d.at(e.GetToken()), e.GetMessage()
		}
		d.add(at, "not YAML: %s", message)
		return nil
	}
	if len(f.Docs) > 1 && f.Docs[1].Body != nil {
		d.fail(f.Docs[1].Body, "a second document begins: have one in each file")
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		d.add(place(d.file, 1, 1), "the file is empty: write grants: []")
		return nil
	}
	return f.Docs[0].Body
}

func (d document) at(t *token.Token) string {
	if t == nil || t.Position == nil {
		return d.file
	}
	return place(d.file, t.Position.Line, t.Position.Column)
}

// whereOf returns the place at which a node begins; the tokens of mappings are
// their first colon.
func (d document) whereOf(n ast.Node) string {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return d.at(v.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return d.at(v.Key.GetToken())
	case *ast.LiteralNode:
		return d.at(v.Start)
	}
	return d.at(n.GetToken())
}

func (d document) fail(n ast.Node, format string, args ...any) {
	d.add(d.whereOf(n), format, args...)
}

// A mapping is a mapping whose keys are all known and written once.
type mapping struct {
	document
	node   ast.Node
	name   string // what it describes, for messages
	values map[string]ast.Node
}

// mapping reads a node that has to be a mapping with the given keys, all of
// which are needed but those that end in a question mark.
func (d document) mapping(n ast.Node, name string, keys ...string) (mapping, bool) {
	m := mapping{d, n, name, make(map[string]ast.Node)}
	pairs, ok := pairsOf(n)
	if !ok {
		d.fail(n, "%s is %s: write it as a mapping with the keys %s", name, describe(n), keyList(keys))
		return m, false
	}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		switch _, twice := m.values[key]; {
		case twice:
			d.add(d.at(pair.Key.GetToken()), "key %s stands twice in %s: keep one", key, name)
		case slices.Contains(keys, key) || slices.Contains(keys, key+"?"):
			m.values[key] = pair.Value
		default:
			d.add(d.at(pair.Key.GetToken()), "unknown key %s in %s: use %s", key, name, keyList(keys))
		}
	}
	for _, key := range keys {
		if m.values[key] == nil && !strings.HasSuffix(key, "?") {
			d.fail(n, "%s lacks %s: add it", name, key)
		}
	}
	return m, true
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch v := n.(type) {
	case *ast.MappingNode:
		return v.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{v}, true
	}
	return nil, false
}

func keyList(keys []string) string { return strings.ReplaceAll(strings.Join(keys, ", "), "?", "") }

// text reads a string. A number in its place is not taken for one, since YAML
// may have dropped its leading zeros.
func (d document) text(n ast.Node, name string) (string, bool) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		advice := "write a string"
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode:
			advice = "quote it, or its leading zeros would be lost"
		case *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
			advice = "quote it if it is meant"
		}
		d.fail(n, "%s is %s: %s", name, describe(n), advice)
		return "", false
	}
	return s.Value, true
}

// describe names a node in words.
func describe(n ast.Node) string {
	switch v := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return fmt.Sprintf("the string %q", v.Value)
	case *ast.NullNode:
		return "empty"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + n.GetToken().Value
	case *ast.BoolNode:
		return "the truth value " + n.GetToken().Value
	}
	return "not a plain value (" + n.Type().String() + ")"
}

// A scalar is a string and where it stands.
type scalar struct {
	text string
	node ast.Node
}

// list reads the list of strings at a key, none of them twice. An absent key is
// an empty list.
func (m mapping) list(key string) []scalar {
	n := m.values[key]
	if n == nil {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		m.fail(n, "%s is %s: write a list, [a, b]", key, describe(n))
		return nil
	}
	var list []scalar
	seen := make(map[string]bool)
	for _, value := range seq.Values {
		text, ok := m.text(value, key)
		switch {
		case !ok:
		case seen[text]:
			m.fail(value, "%s stands twice in %s: keep one", text, key)
		default:
			seen[text] = true
			list = append(list, scalar{text, value})
		}
	}
	return list
}

// string reads the string at a key; false means that it is absent or amiss.
func (m mapping) string(key string) (scalar, bool) {
	n := m.values[key]
	if n == nil {
		return scalar{}, false
	}
	text, ok := m.text(n, key)
	return scalar{text, n}, ok
}

// oneOf reads a string that has to be among words.
func (m mapping) oneOf(key string, words ...string) string {
	s, ok := m.string(key)
	if ok && !slices.Contains(words, s.text) {
		m.fail(s.node, "%s is %q: write %s", key, s.text, orMiss(s.text, words))
		return ""
	}
	return s.text
}

// orMiss proposes the word meant when only the case is wrong, else all words.
func orMiss(text string, words []string) string {
	if near := egon.NearMiss(text, words...); near != "" {
		return near
	}
	return strings.Join(words, " or ")
}
