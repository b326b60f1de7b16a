package report

import (
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteText writes the groups for a terminal, by callers, and then what to do about each kind.
func (r *Refusals) WriteText(w io.Writer) error {
	t := &text{tabs: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), zone: r.zone}
	if r.Calls == 0 {
		t.line("refused calls: none")
		return t.end()
	}
	t.line("refused calls: %d", r.Calls)
	caller := ""
	for i := range r.Groups {
		g := &r.Groups[i]
		if i == 0 || g.Caller != caller {
			caller = g.Caller
			t.block("caller " + caller)
			t.end()
			t.row("  calls", "service", "kind", "item", "rule", "first", "last", "example")
		}
		t.row("  "+number(g.Calls), dash(g.Service), g.Kind, dash(g.Item), g.rule(),
			t.time(&g.First), t.time(&g.Last), dash(g.Example))
	}
	if len(r.Help) == 0 {
		return t.end()
	}
	t.block("what to do")
	t.end()
	for _, kind := range slices.Sorted(maps.Keys(r.Help)) {
		t.row("  " + kind + ": " + r.Help[kind])
	}
	return t.end()
}

// rule names what decided: where the grant is written, or which row of the matrix; or the word
// for it when there is neither.
func (g *Group) rule() string {
	parts := []string{g.Rule, g.Row}
	switch g.Why {
	case "unknown":
		parts = []string{"no item has this name"}
	case "input":
		parts = append(parts, "(search input)")
	case "grant", "row", "both":
	default:
		parts = append(parts, g.Why)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return dash(strings.Join(parts, " "))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
