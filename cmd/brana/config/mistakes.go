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

// mistakes collects what is wrong with values, each named by its key.
type mistakes struct {
	file string
	errs []error
}

func (m *mistakes) wrong(key, format string, args ...any) {
	m.errs = append(m.errs, fmt.Errorf("%s: %s: %s", m.file, key, fmt.Sprintf(format, args...)))
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
