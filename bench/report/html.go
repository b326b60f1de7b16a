package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

// view is what the page shows.
type view struct {
	*Report
	Title   string
	Summary []row
	Facts   [][2]string
	Plots   []plot
	Wrongs  []string
	Texts   [][2]string // configurations
	Command string
}

// WriteHTML writes the report as one page that needs no network: the numbers, four
// plots, and what a reader needs to repeat the benchmark.
func (r *Report) WriteHTML(w io.Writer) error {
	v := view{
		Report:  r,
		Title:   "brana bench, " + r.Made.Format("2 January 2006 15:04") + " UTC",
		Summary: r.rows(),
		Wrongs:  r.wrongs(),
		Command: r.CommandLine(),
	}
	v.Facts = r.facts()
	for _, name := range slices.Sorted(maps.Keys(r.Configs)) {
		v.Texts = append(v.Texts, [2]string{name, r.Configs[name]})
	}
	v.Plots = []plot{
		r.percentiles(),
		r.overTime("Answers a second",
			"right answers of each second, by the time since the beginning of the turn",
			perSecond, false, func(s Second) float64 { return float64(s.Right) }),
		r.overTime("p99 over time", "p99 of the answers of each second",
			nanos, true, func(s Second) float64 { return float64(s.P99) }),
		r.cpuBars(),
		r.memory(),
	}
	return page.Execute(w, v)
}

// CommandLine is the command that repeats the report, as one types it.
func (r *Report) CommandLine() string {
	var words []string
	for _, word := range r.Command {
		if strings.ContainsAny(word, " '\"$;&|<>*?") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// facts say where and how the report was made.
func (r *Report) facts() [][2]string {
	kept := "kept open"
	if r.Plan.Fresh {
		kept = "a new one for each call"
	}
	list := [][2]string{
		{"profile", strings.TrimSpace(r.Plan.Profile + " " + r.Plan.Detail)}, {"mix", r.Plan.Mix},
		{"connections", fmt.Sprintf("%d, %s", r.Plan.Connections, kept)},
		{"turns", fmt.Sprintf("%d of %s for each target, in turn", r.Plan.Rounds, r.Plan.Duration)},
		{"machine", fmt.Sprintf("%s, %d cores, %s, Linux %s", r.Machine.CPU, r.Machine.Cores,
			size(float64(r.Machine.Memory)), r.Machine.Kernel)},
		{"commit", r.Commit},
	}
	for _, f := range r.Plan.setup() {
		if f[1] != "" {
			list = slices.Insert(list, len(list)-2, f)
		}
	}
	if r.Plan.Rate > 0 {
		list = slices.Insert(list, 1, [2]string{"rate", perSecond(r.Plan.Rate) + " asked for"})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		list = append(list, [2]string{name, r.Versions[name]})
	}
	return list
}

// setup is the setup of what was measured: names and values, which are empty when
// the report lacks them. A report with the number of cores is of a run that started
// the registries. There, no settings of the registries means that none was set.
func (p Plan) setup() [][2]string {
	many := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	set := strings.Join(p.Set, " ")
	if set == "" && p.Cores > 0 {
		set = "nothing"
	}
	return [][2]string{{"gateways", many(p.Gateways)}, {"cores of each", many(p.Cores)},
		{"limits in", p.Limits}, {"registries set to", set}}
}

// percentiles is the curve of latencies, with the middle turn of each target. The
// horizontal axis stretches the end: each nine is as wide as the one before it.
func (r *Report) percentiles() plot {
	p := plot{
		Title: "Latency by percentile",
		About: "time from the intended start of a call to its last byte; each step to the right " +
			"leaves a tenth of the calls",
		Y:   nanos,
		Log: true,
		X: func(x float64) string {
			return fmt.Sprintf("%g %%", math.Round(1e5*(100-math.Pow(10, 2-x)))/1e5)
		},
		Ticks: []float64{0, 1, 2, 3, 4, 5},
	}
	for i, target := range r.Targets() {
		t := r.middle(target)
		s := look(i, target)
		for _, c := range t.Latency.Curve {
			if c.Percent < 100 {
				s.Points = append(s.Points, point{2 - math.Log10(100-c.Percent), float64(c.Nanos)})
			}
		}
		p.Series = append(p.Series, s)
	}
	return p
}

// middle is the turn of a target with the middle p99.
func (r *Report) middle(target string) Turn {
	turns := r.Of(target)
	slices.SortFunc(turns, func(a, b Turn) int { return int(a.Latency.P99 - b.Latency.P99) })
	return turns[len(turns)/2]
}

func (r *Report) overTime(title, about string, unit func(float64) string, log bool,
	of func(Second) float64) plot {
	p := plot{Title: title, About: about, Y: unit, X: since, Log: log}
	for i, target := range r.Targets() {
		s := look(i, target)
		for _, second := range r.middle(target).Seconds {
			if v := of(second); v > 0 || !log {
				s.Points = append(s.Points, point{second.At.Seconds(), v})
			}
		}
		p.Series = append(p.Series, s)
	}
	return p
}

func (r *Report) cpuBars() plot {
	p := plot{
		Title: "CPU time for a call",
		About: "user and system time of all processes of a target, over all answers; the line " +
			"spans all turns",
		Y:    nanos,
		Bars: true,
	}
	for i, target := range r.Targets() {
		m := metric{of: func(t *Turn) float64 {
			return ofUse(t, Subject, func(u *Use) float64 { return u.CPUPerCall })
		}}
		if v := m.values(r.Of(target)); len(v) > 0 {
			s := look(i, target)
			s.Points = []point{{0, median(v)}, {0, slices.Min(v)}, {0, slices.Max(v)}}
			p.Series = append(p.Series, s)
		}
	}
	return p
}

func (r *Report) memory() plot {
	p := plot{
		Title: "Memory over time",
		About: "resident memory of all processes of a target",
		Y:     size,
		X:     since,
	}
	for i, target := range r.Targets() {
		t := r.middle(target)
		if u := t.Use(Subject); u != nil {
			s := look(i, target)
			for _, sample := range u.RSS {
				s.Points = append(s.Points, point{sample.At.Seconds(), float64(sample.Bytes)})
			}
			p.Series = append(p.Series, s)
		}
	}
	return p
}

// look is an empty series with the look of the target with a number.
func look(i int, target string) series { return series{Name: target, Look: i % plotSeries} }

func since(x float64) string {
	return time.Duration(x * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// Dashes are the patterns by which lines differ beside their colour.
func (view) Dashes() []template.CSS {
	return []template.CSS{"none", "8 3", "2 3", "10 3 2 3", "4 2", "14 4"}
}
