package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// variables are the ${NAME} of a configuration. The text is parsed with a mark
// in the place of each. Then values take the place of marks in the scalars that
// were parsed. So every value stays part of one scalar.
type variables struct {
	file   string
	lookup func(string) (string, bool)
	all    []variable
	errs   []error
}

// A variable is one ${NAME}, or ${NAME-} that may be empty or unset.
type variable struct {
	name      string // empty: ${ stands there and begins no variable
	mayEmpty  bool
	line, col int
}

// A mark has as many characters as the variable that it stands for, so that
// places of mistakes stay right. Its first is firstMark plus the number of the
// variable, the others are fills. All are of Unicode's planes for private use,
// whose characters no configuration has.
const (
	firstMark = '\U000F0000'
	lastMark  = '\U000FFFFD'
	fill      = '\U00100000'
)

// variablePattern also finds a ${ that begins no variable, up to its closing
// brace if it has one: that brace would end a mapping.
var (
	variablePattern = regexp.MustCompile(`\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(-?)\}|[^{}"',\n]*\})?`)
	markPattern     = regexp.MustCompile(string([]rune{
		'[', firstMark, '-', lastMark, ']', fill, '+',
	}))
)

// mark returns the text with marks for variables.
func (v *variables) mark(text string) (string, error) {
	var b strings.Builder
	line := 0
	for one := range strings.Lines(text) {
		line++
		if i := strings.IndexFunc(one, func(r rune) bool { return r >= firstMark }); i >= 0 {
			return "", v.wrong(variable{line: line, col: columnOf(one, i)},
				"a character for private use: remove it")
		}
		end := 0
		for _, m := range variablePattern.FindAllStringSubmatchIndex(one, -1) {
			found := variable{line: line, col: columnOf(one, m[0])}
			if m[2] >= 0 {
				found.name, found.mayEmpty = one[m[2]:m[3]], m[4] < m[5]
			}
			if len(v.all) > lastMark-firstMark {
				return "", v.wrong(found, "more than %d variables", len(v.all))
			}
			b.WriteString(one[end:m[0]])
			b.WriteRune(firstMark + rune(len(v.all)))
			b.WriteString(strings.Repeat(string(fill), utf8.RuneCountInString(one[m[0]:m[1]])-1))
			v.all = append(v.all, found)
			end = m[1]
		}
		b.WriteString(one[end:])
	}
	return b.String(), nil
}

func columnOf(line string, at int) int { return utf8.RuneCountInString(line[:at]) + 1 }

func (v *variables) wrong(at variable, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %s", v.file, at.line, at.col, fmt.Sprintf(format, args...))
}

// expand returns a node with values in the place of marks. It adds mistakes to
// errs.
func (v *variables) expand(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			v.expand(pair)
		}
	case *ast.MappingValueNode:
		if m := markPattern.FindString(n.Key.GetToken().Value); m != "" {
			v.errs = append(v.errs, v.wrong(v.of(m), "a variable in a key: it is for values only"))
		}
		n.Value = v.expand(n.Value)
	case *ast.SequenceNode:
		for i := range n.Values {
			n.Values[i] = v.expand(n.Values[i])
		}
	case *ast.AnchorNode:
		n.Value = v.expand(n.Value)
	case *ast.TagNode:
		n.Value = v.expand(n.Value)
	case *ast.LiteralNode:
		n.Value.Value = v.replace(n.Value.Value)
	case *ast.StringNode:
		return v.scalar(n)
	}
	return n
}

// scalar expands a scalar. One without quotes may be true or false afterwards,
// and no string.
func (v *variables) scalar(n *ast.StringNode) ast.Node {
	if !markPattern.MatchString(n.Value) {
		return n
	}
	n.Value = v.replace(n.Value)
	read := token.New(n.Value, n.Value, n.Token.Position)
	if plain := n.Token.Type == token.StringType; plain && read.Type == token.BoolType {
		return ast.Bool(read)
	}
	n.Token, read.Type = read, token.StringType
	return n
}

func (v *variables) replace(text string) string {
	return markPattern.ReplaceAllStringFunc(text, func(m string) string {
		value, err := v.value(v.of(m))
		if err != nil {
			v.errs = append(v.errs, err)
		}
		return value
	})
}

// of is the variable that a mark stands for.
func (v *variables) of(mark string) variable {
	r, _ := utf8.DecodeRuneInString(mark)
	return v.all[r-firstMark]
}

func (v *variables) value(of variable) (string, error) {
	if of.name == "" {
		return "", v.wrong(of, "${ begins a variable: write ${NAME}, or ${NAME-} for one that "+
			"may be empty")
	}
	value, set := v.lookup(of.name)
	switch {
	case of.mayEmpty || value != "":
		return value, nil
	case set:
		return "", v.wrong(
			of,
			"variable %s is empty in the environment: set it, or write ${%s-} if it may be",
			of.name, of.name,
		)
	default:
		return "", v.wrong(
			of,
			"variable %s is not set in the environment: set it, or write ${%s-} "+
				"if it may be empty",
			of.name, of.name,
		)
	}
}

// malformed reports each ${ that begins no variable. Its brace may be why a text
// could not be parsed.
func (v *variables) malformed() error {
	for _, one := range v.all {
		if one.name == "" {
			_, err := v.value(one)
			v.errs = append(v.errs, err)
		}
	}
	return v.err()
}

// err is all mistakes, joined.
func (v *variables) err() error { return errors.Join(v.errs...) }
