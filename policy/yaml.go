package policy

import (
	"fmt"
	"slices"
	"strings"

	"brana/egon"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A document reads the plain part of YAML in which grants are written: mappings, lists
// and scalars. It notes each mistake at its place and goes on, so that one reading
// finds all of them.
type document struct {
	file string
	*problems
}

// parse returns the root of the file's only document. It is nil when there is none, or
// when the file is not YAML.
func (d document) parse(text []byte) ast.Node {
	tokens := lexer.Tokenize(string(text))
	if deep := tooDeep(tokens); deep != nil {
		d.add(d.at(deep), "nested more than %d deep: write grants plainly", deepest)
		return nil
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, message := Place{File: d.file}, err.Error()
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
		d.add(Place{d.file, 1, 1}, "the file is empty: write grants: []")
		return nil
	}
	return f.Docs[0].Body
}

// deepest bounds the nesting of a file: the time of the parser grows with the square of
// the depth. Grants need four levels.
const deepest = 16

// tooDeep returns the token at which brackets, or dashes and question marks of one
// line, nest too deep. Nesting by indentation is bounded by its own length.
func tooDeep(tokens token.Tokens) *token.Token {
	open, entries, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			entries, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			open++
		case token.MappingEndType, token.SequenceEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType:
			entries++
		}
		if open > deepest || entries > deepest {
			return t
		}
	}
	return nil
}

func (d document) at(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{File: d.file}
	}
	return Place{d.file, t.Position.Line, t.Position.Column}
}

// whereOf returns the place where a node begins. The token of a mapping is its first
// colon.
func (d document) whereOf(n ast.Node) Place {
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

// A mapping has known keys, each written once.
type mapping struct {
	document
	node   ast.Node
	name   string // what it describes, for messages
	values map[string]ast.Node
}

// mapping reads a mapping with the given keys. A key that ends in a question mark may
// be absent.
func (d document) mapping(n ast.Node, name string, keys ...string) (mapping, bool) {
	m := mapping{d, n, name, make(map[string]ast.Node)}
	pairs, ok := pairsOf(n)
	if !ok {
		d.fail(n, "%s is %s: write it as a mapping with the keys %s",
			name, describe(n), keyList(keys))
		return m, false
	}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		switch _, twice := m.values[key]; {
		case twice:
			d.add(d.at(pair.Key.GetToken()), "key %s is twice in %s: keep one", key, name)
		case slices.Contains(keys, key) || slices.Contains(keys, key+"?"):
			m.values[key] = pair.Value
		default:
			d.add(d.at(pair.Key.GetToken()), "unknown key %s in %s: use %s",
				key, name, keyList(keys))
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

// text reads a string. It refuses digits without quotes, since YAML keeps the leading
// zeros of some of them and drops those of others.
func (d document) text(n ast.Node, name string) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		if v.Token.Type != token.StringType || strings.Trim(v.Value, "0123456789") != "" {
			return v.Value, true
		}
		d.fail(n, "%s is %s without quotes: quote it, or leading zeros can be lost", name, v.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		d.fail(n, "%s is %s: quote it, or leading zeros can be lost", name, describe(n))
	case *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		d.fail(n, "%s is %s: quote it if it is meant", name, describe(n))
	default:
		d.fail(n, "%s is %s: write a string", name, describe(n))
	}
	return "", false
}

// describe names a node for messages.
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

// A scalar is a string and its node.
type scalar struct {
	text string
	node ast.Node
}

// list reads the list of distinct strings at a key. An absent key is an empty list.
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
			m.fail(value, "%s is twice in %s: keep one", text, key)
		default:
			seen[text] = true
			list = append(list, scalar{text, value})
		}
	}
	return list
}

// string reads the string at a key. It returns false when the string is absent or wrong.
func (m mapping) string(key string) (scalar, bool) {
	n := m.values[key]
	if n == nil {
		return scalar{}, false
	}
	text, ok := m.text(n, key)
	return scalar{text, n}, ok
}

// bool reads a truth value. An absent key is false.
func (m mapping) bool(key string) bool {
	n := m.values[key]
	if n == nil {
		return false
	}
	v, ok := n.(*ast.BoolNode)
	if !ok {
		m.fail(n, "%s is %s: write true or false", key, describe(n))
		return false
	}
	return v.Value
}

// oneOf reads a string that must be one of the words.
func (m mapping) oneOf(key string, words ...string) string {
	s, ok := m.string(key)
	if ok && !slices.Contains(words, s.text) {
		m.fail(s.node, "%s is %q: write %s", key, s.text, orMiss(s.text, words))
		return ""
	}
	return s.text
}

// orMiss proposes the word that differs only in case, or else all words.
func orMiss(text string, words []string) string {
	if near := egon.NearMiss(text, words...); near != "" {
		return near
	}
	return strings.Join(words, " or ")
}

// entries returns the values of a list, none when the key is absent.
func (m mapping) entries(key string) []ast.Node {
	n := m.values[key]
	if n == nil {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		m.fail(n, "%s is %s: write a list of %s, or []", key, describe(n), key)
		return nil
	}
	return seq.Values
}
