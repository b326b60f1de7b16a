package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// mistakes collects what is wrong with values, each named by its place in the file and its
// key.
type mistakes struct {
	file string
	root ast.Node // of the file; nil when the values are not from one
	errs []error
}

func (m *mistakes) wrong(key, format string, args ...any) {
	place := m.file
	if n := lookUp(m.root, key); n != nil {
		p := n.GetToken().Position
		place = fmt.Sprintf("%s:%d:%d", m.file, p.Line, p.Column)
	}
	m.errs = append(m.errs, fmt.Errorf("%s: %s: %s", place, key, fmt.Sprintf(format, args...)))
}

// lookUp returns the node at which a key stands, a.b.c: its value, or its name when the value
// has keys of its own. Of a key that is not in the file it is the nearest one around it, or
// nil. A part of the key may have dots.
func lookUp(n ast.Node, key string) ast.Node {
	mapping, ok := n.(ast.MapNode)
	if !ok {
		return nil
	}
	for pairs := mapping.MapRange(); pairs.Next(); {
		name, value := pairs.Key(), pairs.Value()
		rest, found := strings.CutPrefix(key, name.GetToken().Value)
		if !found || rest != "" && rest[0] != '.' {
			continue
		}
		if rest != "" {
			if inner := lookUp(value, rest[1:]); inner != nil {
				return inner
			}
		}
		if _, scalar := value.(ast.ScalarNode); scalar {
			return value
		}
		return name
	}
	return nil
}

// filled reports a key without a value, which would silently mean its default.
func (m *mistakes) filled(key, advice string) {
	if n, empty := lookUp(m.root, key).(*ast.NullNode); empty && n != nil {
		m.wrong(key, "is empty: write %s, or remove the key", advice)
	}
}

func (m *mistakes) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		m.wrong(key, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

// mistake is an error at the place of a node.
func mistake(n ast.Node, format string, args ...any) error {
	return &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: n.GetToken()}
}

// inWords is the text of a mistake of the YAML library. Where that names types of
// Go, it is put into words of a configuration.
func inWords(err yaml.Error) string {
	switch wrong := err.(type) {
	case *yaml.TypeError:
		return fmt.Sprintf("%s is not %s", wrong.Token.Value, form(wrong.DstType.Kind()))
	case *yaml.OverflowError:
		return wrong.SrcNum + " is too large"
	case *yaml.UnexpectedNodeTypeError:
		switch wrong.Expected {
		case ast.MappingType:
			return "write keys and values, as {a: b}"
		case ast.SequenceType:
			return "write a list, as [a, b]"
		}
	}
	return err.GetMessage()
}

// form describes a value of a kind.
func form(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a " + k.String()
}

// positioned puts file:line:col before a mistake of the YAML library.
func positioned(file string, err error) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) && syntax.GetToken() != nil {
		p := syntax.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s", file, p.Line, p.Column, inWords(syntax))
	}
	return fmt.Errorf("%s: %w", file, err)
}
