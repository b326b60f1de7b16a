package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Duration is written as 250ms or 25s.
type Duration time.Duration

// UnmarshalYAML reads a duration that is not negative.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	v, err := time.ParseDuration(scalar(n))
	if err != nil || v < 0 {
		return mistake(n, "%s is not a duration: write it as 250ms, 15s, 2m or 24h", n)
	}
	*d = Duration(v)
	return nil
}

// String is the duration as a configuration has it: 24h, not 24h0m0s.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Size is a number of bytes. It is written as 512B, 64KiB or 256MiB.
type Size int64

var sizePattern = regexp.MustCompile(`^(\d{1,9})(B|KiB|MiB|GiB)$`)

// UnmarshalYAML reads a size in bytes.
func (s *Size) UnmarshalYAML(n ast.Node) error {
	m := sizePattern.FindStringSubmatch(scalar(n))
	if m == nil {
		return mistake(n, "%s is not a size: write it as 512B, 64KiB, 256MiB or 1GiB", n)
	}
	v, err := strconv.ParseInt(m[1], 10, 64)
	*s = Size(v << map[string]int{"B": 0, "KiB": 10, "MiB": 20, "GiB": 30}[m[2]])
	return err
}

// String is the size as a configuration has it, in the largest unit that gives a
// whole number.
func (s Size) String() string {
	for _, unit := range []struct {
		name  string
		bytes Size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s != 0 && s%unit.bytes == 0 {
			return fmt.Sprintf("%d%s", int64(s/unit.bytes), unit.name)
		}
	}
	return fmt.Sprintf("%dB", int64(s))
}

// Count is a whole number. The YAML library would take any number for one.
type Count int

// UnmarshalYAML reads a whole number; it may be written as 100_000.
func (c *Count) UnmarshalYAML(n ast.Node) error {
	v, err := strconv.Atoi(strings.ReplaceAll(scalar(n), "_", ""))
	if errors.Is(err, strconv.ErrRange) {
		return mistake(n, "%s is too large", n)
	}
	if err != nil {
		return mistake(n, "%s is not a whole number", n)
	}
	*c = Count(v)
	return nil
}

// TimeOfDay is written as 04:00; it counts from midnight.
type TimeOfDay time.Duration

// UnmarshalYAML reads hours and minutes.
func (d *TimeOfDay) UnmarshalYAML(n ast.Node) error {
	t, err := time.Parse("15:04", scalar(n))
	if err != nil {
		return mistake(n, "%s is not a time of the day: write it as \"04:00\"", n)
	}
	*d = TimeOfDay(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
	return nil
}

// scalar is the text of a plain or quoted value.
func scalar(n ast.Node) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return n.String()
}
