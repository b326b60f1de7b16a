package query

import (
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brana/audit"
)

// A Table printer writes aligned lines for people: when, who, what, on whose behalf, what
// came of it, and last the items. A column grows when a longer value comes, up to a bound.
type Table struct {
	*writer
	zone   *time.Location
	width  int // of the terminal; 0: lines are not cut
	widths []int
	text   strings.Builder
}

// widest is the width to which a column grows. A longer value moves only the rest of its own
// line: a caller that sends one must not push aside what comes after it.
const widest = 40

// titles are those of the columns; the widths are those that usual values need.
var (
	titles = []string{"TIME", "CALLER", "SERVICE", "USER", "OUTCOME", "ITEMS"}
	widths = []int{19, 26, 7, 10, 18}
)

// NewTable returns a printer with times in a zone; Flush is called at the end. A width other
// than 0 is that of a terminal, and lines are cut there.
func NewTable(out io.Writer, zone *time.Location, width int) *Table {
	return &Table{writer: newWriter(out), zone: zone, width: width}
}

// Print writes a use, and before the first one the titles.
func (t *Table) Print(u *Use) error {
	if t.widths == nil {
		t.widths = slices.Clone(widths)
		if err := t.row(titles); err != nil {
			return err
		}
	}
	call := u.Call
	if call == nil {
		call = &audit.Record{}
	}
	return t.row([]string{
		u.Time().In(t.zone).Format(time.DateTime), orDash(u.Caller()), orDash(call.Service),
		orDash(call.Uzivatel), u.Outcome(), told(u, call),
	})
}

// told is the last cell: what was refused and by which rule, or what came back; before it
// what was asked for; and what the gateway took or filled in.
func told(u *Use, call *audit.Record) string {
	var b strings.Builder
	if call.Type == audit.TypeLate {
		b.WriteString("recorded late; ")
	}
	if d := call.Decision; d != nil && len(d.Refused) > 0 {
		b.WriteString("refused " + refusedItems(d.Refused))
		if by := rules(d); by != "" {
			b.WriteString(" by " + by)
		}
		b.WriteString("; asked ")
	}
	b.WriteString(orDash(strings.Join(call.Asked, " ")))
	if d := call.Decision; d != nil {
		note(&b, "removed", refusedItems(d.Removed))
		note(&b, "would remove", refusedItems(d.WouldRemove))
		note(&b, "filled in", strings.Join(d.Filled, " "))
	}
	last := u.Last()
	if last == nil {
		return b.String()
	}
	if len(last.Returned) > 0 {
		b.WriteString(" → " + strings.Join(last.Returned, " "))
	}
	note(&b, "filtered", strings.Join(last.Filtered, " "))
	return b.String()
}

// note writes what the gateway did with items, if there are any.
func note(b *strings.Builder, what, items string) {
	if items != "" {
		b.WriteString(", " + what + " " + items)
	}
}

func rules(d *audit.RecordedDecision) string {
	if d.Rule == "" || d.Row == "" {
		return d.Rule + d.Row
	}
	return d.Rule + " and " + d.Row
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// row writes cells, aligned.
func (t *Table) row(cells []string) error {
	t.text.Reset()
	for i, cell := range cells {
		cell = visible(cell)
		t.text.WriteString(cell)
		if i == len(t.widths) {
			break
		}
		n := utf8.RuneCountInString(cell)
		if n <= widest {
			t.widths[i] = max(t.widths[i], n)
		}
		t.text.WriteString(strings.Repeat(" ", max(t.widths[i]-n, 0)+2))
	}
	return t.line([]byte(cut(strings.TrimRight(t.text.String(), " "), t.width) + "\n"))
}

// visible replaces what a terminal would obey or turn round.
func visible(s string) string {
	plain := 0
	for plain < len(s) && s[plain] >= ' ' && s[plain] <= '~' {
		plain++
	}
	if plain == len(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}

// cut cuts a line at a width.
func cut(line string, width int) string {
	if width <= 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	runes := []rune(line)
	return string(runes[:max(width-1, 0)]) + "…"
}
