package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// Compare writes how two reports differ. First come the facts that make them hard
// to compare. Then come, for each target and number, the median and the spread of
// its turns in both, and the difference of the medians where the two ranges lie
// apart. Ranges that overlap are noise, shown as ~. The turns of a ramp have
// different rates, so both findings are written and no medians.
func Compare(w io.Writer, before, after *Report) error {
	for _, line := range unlike(before, after) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	if before.Plan.Profile == Ramp || after.Plan.Profile == Ramp {
		_, err := fmt.Fprintf(w, "before: %s\nafter:  %s\n", strings.Join(before.Notes, " "),
			strings.Join(after.Notes, " "))
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, target := range after.Targets() {
		olds, news := before.Of(target), after.Of(target)
		if len(olds) == 0 {
			continue // unlike reports it
		}
		fmt.Fprintf(tw, "%s\tbefore\tafter\tdifference\n", target)
		for _, m := range metrics(after) {
			a, b := m.values(olds), m.values(news)
			if len(a) == 0 || len(b) == 0 {
				continue
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", m.name, m.noisy(a), m.noisy(b), m.difference(a, b))
		}
	}
	return tw.Flush()
}

// noisy is the median of values with their spread, or with their range if that is
// wider than the median.
func (m metric) noisy(values []float64) string {
	switch s := spread(values); {
	case s > 1:
		return fmt.Sprintf("%s (%s to %s)", m.unit(median(values)), m.unit(slices.Min(values)),
			m.unit(slices.Max(values)))
	case s > 0:
		return fmt.Sprintf("%s ±%.0f%%", m.unit(median(values)), 100*s)
	default:
		return m.unit(median(values))
	}
}

// difference is the change of the median and whether it is for the better; ~ when
// the ranges overlap; ? when one of them is a single turn. n has the numbers of
// turns.
func (m metric) difference(a, b []float64) string {
	n := fmt.Sprintf("(n=%d+%d)", len(a), len(b))
	old, now := median(a), median(b)
	switch {
	case old == now && slices.Max(a) == slices.Min(a):
		return "same " + n
	case slices.Max(a) >= slices.Min(b) && slices.Max(b) >= slices.Min(a):
		return "~ " + n
	case len(a) == 1 || len(b) == 1:
		return "? " + n
	}
	verdict := "worse"
	if (now > old) == m.more {
		verdict = "better"
	}
	if old == 0 {
		return verdict + " " + n
	}
	return fmt.Sprintf("%+.1f%% %s %s", 100*(now-old)/math.Abs(old), verdict, n)
}

// unlike lists the facts that differ between two reports and should not.
func unlike(a, b *Report) []string {
	var list []string
	differ := func(what string, before, after any) {
		if before != after {
			list = append(
				list, fmt.Sprintf("not alike: %s was %v, is %v", what, said(before), said(after)),
			)
		}
	}
	differ("CPU", a.Machine.CPU, b.Machine.CPU)
	differ("cores", a.Machine.Cores, b.Machine.Cores)
	differ("profile", a.Plan.Profile, b.Plan.Profile)
	differ("mix", a.Plan.Mix, b.Plan.Mix)
	differ("rate", a.Plan.Rate, b.Plan.Rate)
	differ("connections", a.Plan.Connections, b.Plan.Connections)
	differ("connection for each call", a.Plan.Fresh, b.Plan.Fresh)
	differ("TLS", a.Plan.TLS, b.Plan.TLS)
	differ("length of a turn", a.Plan.Duration, b.Plan.Duration)
	differ("profile's detail", a.Plan.Detail, b.Plan.Detail)
	was := a.Plan.setup()
	for i, f := range b.Plan.setup() {
		differ(f[0], was[i][1], f[1])
	}
	differ("what is measured", strings.Join(a.Targets(), " "), strings.Join(b.Targets(), " "))
	if a.Plan.Profile == Ramp || b.Plan.Profile == Ramp {
		return append(
			list,
			"the steps of a ramp have no median: make reports of one rate to compare "+
				"more than what held",
		)
	}
	if len(a.Of(a.Turns[0].Target)) < 3 || len(b.Of(b.Turns[0].Target)) < 3 {
		list = append(list, "fewer than three turns: the noise is not known")
	}
	return list
}

// said is a fact in words. Older reports lack some facts.
func said(fact any) any {
	if fact == "" {
		return "not said"
	}
	return fact
}
