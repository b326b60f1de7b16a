package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the report for a terminal. Each target has a column with the
// median of its turns and their spread. Under it are the ratios of the first target
// to the others, pair by pair. The last line is the setup, as far as it is known.
func (r *Report) WriteTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range r.rows() {
		fmt.Fprint(tw, row.Name)
		for _, cell := range row.Cells {
			fmt.Fprintf(tw, "\t%s", cell)
		}
		fmt.Fprintln(tw)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, line := range slices.Concat(r.wrongs(), r.Notes, r.Plan.line()) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// line is the setup in one line; empty if it is unknown.
func (p Plan) line() []string {
	var said []string
	for _, f := range p.setup() {
		if f[1] != "" {
			said = append(said, f[0]+" "+f[1])
		}
	}
	if said == nil {
		return nil
	}
	return []string{strings.Join(said, ", ")}
}

// A row of a table.
type row struct {
	Name  string
	Cells []string
}

// rows are the rows of the table of targets.
func (r *Report) rows() []row {
	if r.Plan.Profile == Ramp {
		return r.steps()
	}
	targets := r.Targets()
	list := []row{{"", targets}}
	for _, m := range metrics(r) {
		line := row{Name: m.name}
		known := false
		for _, target := range targets {
			v := m.values(r.Of(target))
			cell := "–"
			if len(v) > 0 {
				known = true
				cell = m.noisy(v)
			}
			line.Cells = append(line.Cells, cell)
		}
		if known {
			list = append(list, line)
		}
	}
	return append(list, r.ratios(targets)...)
}

// Closed is the profile whose rate is what a target can do.
const Closed = "closed"

// Ramp is the profile whose turns differ in their rate.
const Ramp = "ramp"

// steps are the turns of a ramp. They have different rates, so no median.
func (r *Report) steps() []row {
	list := []row{{"", []string{"step", "asked for", "rate", "errors", "p50", "p99", "CPU/call"}}}
	for _, t := range r.Turns {
		cpu := "–"
		if u := t.Use(Subject); u != nil {
			cpu = nanos(u.CPUPerCall)
		}
		list = append(list, row{t.Target,
			[]string{
				fmt.Sprint(t.Round),
				perSecond(t.Asked),
				perSecond(t.Rate),
				count(float64(t.Errors())),
				nanos(float64(t.Latency.P50)),
				nanos(float64(t.Latency.P99)),
				cpu,
			}})
	}
	return list
}

// ratios compare the first target with each other one, round by round.
func (r *Report) ratios(targets []string) []row {
	var list []row
	if len(targets) < 2 {
		return nil
	}
	for _, m := range metrics(r) {
		compared := []string{"p50", "p99", "CPU/call " + Subject}
		if r.Plan.Profile == Closed {
			compared = append(compared, "rate")
		}
		if !slices.Contains(compared, m.name) {
			continue
		}
		line := row{Name: targets[0] + "'s " + m.name + " is", Cells: []string{""}}
		for _, target := range targets[1:] {
			pairs := r.pairs(m, targets[0], target, ratio)
			if len(pairs) == 0 {
				line.Cells = append(line.Cells, "–")
				continue
			}
			line.Cells = append(
				line.Cells,
				fmt.Sprintf(
					"%.2f× (%.2f to %.2f)", median(pairs), slices.Min(pairs), slices.Max(pairs),
				),
			)
		}
		list = append(list, line)
	}
	return slices.Concat(list, r.beyond(targets), r.added(targets))
}

// beyond is what the other targets cost more than the first, round by round.
func (r *Report) beyond(targets []string) []row {
	var list []row
	for _, m := range metrics(r) {
		if m.name != "CPU/call "+Subject && m.name != "allocations/call" {
			continue
		}
		line := row{Name: m.name + ", more than " + targets[0], Cells: []string{""}}
		known := false
		for _, target := range targets[1:] {
			cell := "–"
			if v := r.pairs(m, target, targets[0], difference); len(v) > 0 {
				known = true
				cell = fmt.Sprintf("%s (%s to %s)",
					m.unit(median(v)), m.unit(slices.Min(v)), m.unit(slices.Max(v)))
			}
			line.Cells = append(line.Cells, cell)
		}
		if known {
			list = append(list, line)
		}
	}
	return list
}

// Direct is the target that is the registries themselves.
const Direct = "direct"

// added is the latency of each target less the latency of registries that are called
// directly, round by round.
func (r *Report) added(targets []string) []row {
	if !slices.Contains(targets, Direct) {
		return nil
	}
	var list []row
	for _, m := range metrics(r) {
		if m.name != "p50" && m.name != "p99" {
			continue
		}
		line := row{Name: "added to " + m.name}
		for _, target := range targets {
			cell := "–"
			if v := r.pairs(m, target, Direct, difference); target != Direct && len(v) > 0 {
				cell = m.unit(median(v))
			}
			line.Cells = append(line.Cells, cell)
		}
		list = append(list, line)
	}
	return list
}

// pairs combine a metric of two targets, round by round.
func (r *Report) pairs(m metric, target, other string,
	combine func(a, b float64) float64) []float64 {
	var list []float64
	for _, a := range r.Of(target) {
		for _, b := range r.Of(other) {
			if a.Round != b.Round {
				continue
			}
			if v := combine(m.of(&a), m.of(&b)); !math.IsNaN(v) && !math.IsInf(v, 0) {
				list = append(list, v)
			}
		}
	}
	return list
}

func ratio(a, b float64) float64      { return a / b }
func difference(a, b float64) float64 { return a - b }

// wrongs list what was wrong with the answers of each target.
func (r *Report) wrongs() []string {
	var list []string
	for _, target := range r.Targets() {
		sum := map[string]int64{}
		for _, t := range r.Of(target) {
			for what, n := range t.Wrong {
				sum[what] += n
			}
			if t.Unsent > 0 {
				sum["not sent in time"] += t.Unsent
			}
		}
		for _, what := range slices.Sorted(maps.Keys(sum)) {
			list = append(list, fmt.Sprintf("%s: %d × %s", target, sum[what], what))
		}
	}
	return list
}
