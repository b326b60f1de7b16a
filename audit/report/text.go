package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// mostItems is the number of items of a caller that the text and the page show; JSON has all.
const mostItems = 30

// WriteText writes the report for a terminal: first tables of all callers, services and
// registries, then each caller with what was declared and which items it asked for.
func (r *Report) WriteText(w io.Writer) error {
	t := &text{tabs: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), zone: r.zone}
	if r.First == nil {
		t.line("calls: none")
		return t.end()
	}
	t.line("calls from %s to %s, %s", t.time(r.First), t.time(r.Last), r.Zone)
	if r.Deleted > 0 {
		t.line("not counted: %d outcomes of calls whose record was deleted", r.Deleted)
	}
	t.block("caller", sumNames...)
	t.row("all", r.Totals.cells()...)
	for i := range r.Callers {
		c := &r.Callers[i]
		t.row(c.Name, c.cells()...)
	}
	t.services(r.Services)
	t.registries(r.Registries)
	if len(r.Totals.Refusals) > 0 {
		t.block("refused as", "calls")
		for _, c := range r.Totals.Refusals {
			t.row(c.Word, number(c.Calls))
		}
	}
	for i := range r.Callers {
		t.caller(&r.Callers[i])
	}
	return t.end()
}

// A text is lines of cells. The first failure to write ends it.
type text struct {
	tabs *tabwriter.Writer
	zone *time.Location
	err  error
}

func (t *text) end() error {
	if t.err == nil {
		t.err = t.tabs.Flush()
	}
	return t.err
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.tabs, format+"\n", args...)
	}
}

// row writes cells; those of a row below each other are aligned.
func (t *text) row(first string, cells ...string) {
	cells = append([]string{first}, cells...)
	for i, cell := range cells {
		cells[i] = strings.Map(printable, cell)
	}
	t.line("%s", strings.Join(cells, "\t"))
}

// printable replaces what a terminal would obey: codes of refused calls may hold anything.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

// block begins a table after an empty line. The columns of the one before do not widen it.
func (t *text) block(first string, cells ...string) {
	t.end()
	t.line("")
	t.row(first, cells...)
}

func (t *text) time(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.In(t.zone).Format("2006-01-02 15:04")
}

var sumNames = []string{"calls", "answered", "failed", "refused", "broken", "unfinished"}

func (s *Sums) cells() (cells []string) {
	for _, n := range []int64{s.Calls, s.Answered, s.Failed, s.Refused, s.Broken, s.Unfinished} {
		cells = append(cells, number(n))
	}
	return cells
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (t *text) services(list []Service) {
	t.block("service", append(sumNames[:len(sumNames):len(sumNames)], "p50", "p99")...)
	for i := range list {
		s := &list[i]
		code := s.Code
		if code == "" {
			code = Nobody
		}
		t.row(code, append(s.cells(), duration(s.P50Micros), duration(s.P99Micros))...)
	}
}

func (t *text) registries(list []Registry) {
	if len(list) == 0 {
		return
	}
	t.block("registry", "messages", "failures", "p50", "p99", "results")
	for i := range list {
		r := &list[i]
		t.row(r.Name, number(r.Messages), number(r.Failures),
			duration(r.P50Micros), duration(r.P99Micros), counted(r.Results))
	}
}

// duration writes microseconds with three digits.
func duration(micros int64) string {
	switch d := float64(micros); {
	case micros == 0:
		return "-"
	case d < 1e3:
		return fmt.Sprintf("%.0f µs", d)
	case d < 1e6:
		return fmt.Sprintf("%.3g ms", d/1e3)
	default:
		return fmt.Sprintf("%.3g s", d/1e6)
	}
}

func counted(list []Count) string {
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = fmt.Sprintf("%s %d", c.Word, c.Calls)
	}
	return strings.Join(parts, ", ")
}

func (t *text) caller(c *Caller) {
	t.block("caller " + c.Name)
	declared := c.Declared
	if declared == nil {
		declared = new(Limits)
	} else if declared.Place != "" {
		t.row("grant at " + declared.Place)
	}
	if c.Declared == nil && c.Quota == (Quota{}) {
		t.rest(c)
		return
	}
	t.end()
	t.row("  admitted calls", "declared", "in force", "all", "in 60 minutes", "from",
		"in a clock hour", "from")
	for _, l := range []struct {
		name     string
		load     *Load
		declared int64
		force    Range
	}{
		{"working hours", &c.Working, declared.Working, c.Quota.Working},
		{"off hours", &c.Off, declared.Off, c.Quota.Off},
	} {
		most := bound(l.declared, l.force)
		t.row("  "+l.name, known(l.declared), l.force.String(), number(l.load.Calls),
			share(l.load.Rolling.Calls, most), t.time(l.load.Rolling.At),
			share(l.load.Clock.Calls, most), t.time(l.load.Clock.At))
	}
	t.row("  at once", known(declared.Concurrent), c.Quota.Concurrent.String(), "-",
		share(c.Concurrent.Calls, bound(declared.Concurrent, c.Quota.Concurrent)),
		t.time(c.Concurrent.At))
	t.rest(c)
}

func (t *text) rest(c *Caller) {
	if len(c.Refusals) > 0 {
		t.end()
		t.row("  refused: " + counted(c.Refusals))
	}
	t.items(c.Items)
}

func (t *text) items(list []Item) {
	if len(list) == 0 {
		return
	}
	t.end()
	titles := []string{"asked", "refused", "returned", "unpermitted"}
	edits := edited(list)
	if edits {
		titles = append(titles, "removed", "would remove", "filled", "filtered")
	}
	t.row("  item", titles...)
	for i, item := range list {
		if i == mostItems {
			t.line("  and %d more", len(list)-i)
			return
		}
		cells := []string{
			number(item.Asked), number(item.Refused), number(item.Returned), number(item.Unpermitted),
		}
		if edits {
			cells = append(cells, number(item.Removed), number(item.WouldRemove),
				number(item.Filled), number(item.Filtered))
		}
		t.row("  "+item.Word, cells...)
	}
}

// bound is what a peak is compared with: what the policy declares, or what was in force.
func bound(declared int64, force Range) int64 {
	if declared > 0 {
		return declared
	}
	return force.Most
}

// share writes a peak and its share of a bound.
func share(peak, bound int64) string {
	switch {
	case peak == 0:
		return "0"
	case bound == 0:
		return number(peak)
	}
	return fmt.Sprintf("%d (%d %%)", peak, percent(peak, bound))
}

// percent is a share rounded so that only what is above the bound is above 100.
func percent(part, whole int64) int64 {
	if part > whole {
		return (part*100 + whole - 1) / whole
	}
	return part * 100 / whole
}

func known(n int64) string {
	if n == 0 {
		return "-"
	}
	return number(n)
}

// String writes one value, or two when they differ.
func (r Range) String() string {
	if r.Least != r.Most {
		return fmt.Sprintf("%d to %d", r.Least, r.Most)
	}
	return known(r.Most)
}
