package main

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// duration is written as 250ms or 25s.
type duration time.Duration

// UnmarshalYAML reads a duration that is not negative.
func (d *duration) UnmarshalYAML(n ast.Node) error {
	v, err := time.ParseDuration(scalar(n))
	if err != nil || v < 0 {
		return mistake(n, "%s is not a duration: write it as 250ms, 15s or 2m", n)
	}
	*d = duration(v)
	return nil
}

// String writes a duration as a configuration does: 24h, not 24h0m0s.
func (d duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// size is written as 512B, 64KiB or 256MiB.
type size int64

var sizePattern = regexp.MustCompile(`^(\d{1,9})(B|KiB|MiB|GiB)$`)

// UnmarshalYAML reads a size in bytes.
func (s *size) UnmarshalYAML(n ast.Node) error {
	m := sizePattern.FindStringSubmatch(scalar(n))
	if m == nil {
		return mistake(n, "%s is not a size: write it as 512B, 64KiB, 256MiB or 1GiB", n)
	}
	v, err := strconv.ParseInt(m[1], 10, 64)
	*s = size(v << map[string]int{"B": 0, "KiB": 10, "MiB": 20, "GiB": 30}[m[2]])
	return err
}

// String writes a size as a configuration does, in the largest unit that gives a
// whole number.
func (s size) String() string {
	for _, unit := range []struct {
		name  string
		bytes size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s != 0 && s%unit.bytes == 0 {
			return fmt.Sprintf("%d%s", int64(s/unit.bytes), unit.name)
		}
	}
	return fmt.Sprintf("%dB", int64(s))
}

// count is a whole number, which the YAML library would make of any number.
type count int

// UnmarshalYAML reads a whole number; 100_000 is one too.
func (c *count) UnmarshalYAML(n ast.Node) error {
	v, err := strconv.Atoi(strings.ReplaceAll(scalar(n), "_", ""))
	if errors.Is(err, strconv.ErrRange) {
		return mistake(n, "%s is too large", n)
	}
	if err != nil {
		return mistake(n, "%s is not a whole number", n)
	}
	*c = count(v)
	return nil
}

// between tells that a value is none of a range, each in the unit in which it is
// written.
func between[T count | size | duration](wrong func(key, format string, args ...any), key string, value, least, most T) {
	if value < least || value > most {
		wrong(key, "%v is not between %v and %v", value, least, most)
	}
}

// given is between for a value that may be left out.
func given[T count | size | duration](wrong func(key, format string, args ...any), key string, value *T, least, most T) {
	if value != nil {
		between(wrong, key, *value, least, most)
	}
}

// orZero is a value that may be left out; the zero value then has the package
// that takes it use its default.
func orZero[T any](value *T) (v T) {
	if value != nil {
		v = *value
	}
	return v
}

// scalar is the text of a plain or quoted value.
func scalar(n ast.Node) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return n.String()
}

// mistake is an error at the place of a node.
func mistake(n ast.Node, format string, args ...any) error {
	return &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: n.GetToken()}
}

// inWords says a mistake of the YAML library; where it would name types of Go, in
// words of a configuration.
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

// form says what a value of a kind looks like.
func form(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a " + k.String()
}
