package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
)

// The picture of calls by hours, in its own units. Text is larger on a phone, so the margins
// have room for that.
const (
	plotWidth, plotHeight = 720, 290
	plotLeft, plotRight   = 96, 8
	plotTop, plotBottom   = 20, 36
	plotInnerW            = plotWidth - plotLeft - plotRight
	plotInnerH            = plotHeight - plotTop - plotBottom
)

// A plot draws calls by hours: those that were admitted, and on top of them those that were not.
type plot struct {
	from, to time.Time // the range of the horizontal axis, in the zone that is shown
	Step     int       // hours of a column; it shows the one with the most calls
	columns  []Hour
	most     int64
	Lines    []quotaLine
	working  func(time.Time) bool
}

// A quotaLine is a quota, drawn across the plot.
type quotaLine struct {
	Name  string
	Quota int64
	Dash  string // class of the line
	Above bool   // it lies above the range of the plot and is not drawn
}

// mostColumns is the number of columns of a plot: a month by hours.
const mostColumns = 31 * 24

// newPlot returns the plot of hours. The range is that of all plots of a page.
func newPlot(hours []Hour, from, to time.Time) *plot {
	p := &plot{from: from, to: to, most: 1}
	n := int(math.Ceil(to.Sub(from).Hours()))
	p.Step = max(1, (n+mostColumns-1)/mostColumns)
	p.columns = make([]Hour, (n+p.Step-1)/p.Step)
	for _, h := range hours {
		at := int(h.Begins.Sub(from)/time.Hour) / p.Step
		if at >= 0 && at < len(p.columns) && h.Calls > p.columns[at].Calls {
			p.columns[at] = h
		}
		p.most = max(p.most, h.Calls)
	}
	return p
}

// farAbove is how many times the greatest hour a quota may be and still be in the range.
const farAbove = 3

// draw adds the line of a quota.
func (p *plot) draw(name, dash string, quota int64) {
	if quota <= 0 {
		return
	}
	line := quotaLine{Name: name, Quota: quota, Dash: dash}
	line.Above = quota > farAbove*p.most
	p.Lines = append(p.Lines, line)
}

// top is the end of the vertical axis.
func (p *plot) top() int64 {
	most := p.most
	for _, l := range p.Lines {
		if !l.Above {
			most = max(most, l.Quota)
		}
	}
	return round(most)
}

// round returns the next number that has four parts of whole calls: 4, 8, 12, 20, 40, 80 ….
func round(most int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, m := range []int64{4, 8, 12, 20, 28} {
			if most <= m*power {
				return m * power
			}
		}
	}
}

func (p *plot) x(t time.Time) float64 {
	return plotLeft + plotInnerW*t.Sub(p.from).Hours()/p.to.Sub(p.from).Hours()
}

func (p *plot) column(i int) float64 {
	return p.x(p.from.Add(time.Duration(i*p.Step) * time.Hour))
}

// svg draws the plot, with its title and a sentence for who does not see it.
func (p *plot) svg(title, sentence string) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img"><title>%s</title><desc>%s</desc>`,
		plotWidth, plotHeight, template.HTMLEscapeString(title), template.HTMLEscapeString(sentence))
	p.bands(&b)
	top := p.top()
	y := func(v int64) float64 {
		return plotTop + plotInnerH*(1-float64(v)/float64(top))
	}
	for i := range int64(5) {
		v := top * i / 4
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`+
			`<text x="%d" y="%.1f" text-anchor="end" dy=".35em">%s</text>`,
			plotLeft, plotWidth-plotRight, y(v), y(v), plotLeft-8, y(v), cislo(v))
	}
	p.area(&b, "a1", y, func(h Hour) int64 { return h.Calls })
	p.area(&b, "a0", y, func(h Hour) int64 { return h.Admitted })
	for _, l := range p.Lines {
		if !l.Above {
			fmt.Fprintf(&b, `<line class="declared %s" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`,
				l.Dash, plotLeft, plotWidth-plotRight, y(l.Quota), y(l.Quota))
		}
	}
	p.ticks(&b)
	b.WriteString("</svg>")
	return template.HTML(b.String()) // all text in it is escaped above
}

// area draws columns as one shape.
func (p *plot) area(b *strings.Builder, class string, y func(int64) float64, of func(Hour) int64) {
	bottom := y(0)
	fmt.Fprintf(b, `<path class="%s" d="M%d %.1f`, class, plotLeft, bottom)
	last := int64(0)
	for i, h := range p.columns {
		if v := of(h); v != last {
			fmt.Fprintf(b, "H%.1fV%.1f", p.column(i), y(v))
			last = v
		}
	}
	fmt.Fprintf(b, `H%.1fV%.1fz"/>`, float64(plotWidth-plotRight), bottom)
}

// mostBands is the number of days up to which working hours are shaded.
const mostBands = 70

// Banded reports whether working hours are shaded: where they matter and are wide enough to see.
func (p *plot) Banded() bool {
	return p.working != nil && len(p.Lines) > 0 && p.to.Sub(p.from) <= mostBands*24*time.Hour
}

// bands shades the working hours.
func (p *plot) bands(b *strings.Builder) {
	if !p.Banded() {
		return
	}
	since := time.Time{}
	for t := p.from; ; t = t.Add(time.Hour) {
		in := t.Before(p.to) && p.working(t)
		switch {
		case in && since.IsZero():
			since = t
		case !in && !since.IsZero():
			fmt.Fprintf(b, `<rect class="band" x="%.1f" y="%d" width="%.1f" height="%d"/>`,
				p.x(since), plotTop, p.x(t)-p.x(since), plotInnerH)
			since = time.Time{}
		}
		if !t.Before(p.to) {
			return
		}
	}
}

// mostTicks is the number of labels of the horizontal axis.
const mostTicks = 8

// ticks draws the horizontal axis. On a phone every other label is left out.
func (p *plot) ticks(b *strings.Builder) {
	for i, t := range p.times() {
		odd := ""
		if i%2 == 1 {
			odd = ` class="odd"`
		}
		at, label := p.x(t), t.Format("2. 1.")
		switch {
		case t.Hour() != 0:
			label = t.Format("15:04")
		case p.to.Sub(p.from) > 300*24*time.Hour:
			label = t.Format("1/2006")
		}
		fmt.Fprintf(b, `<line class="tick" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`+
			`<text%s x="%.1f" y="%d" text-anchor="%s">%s</text>`, at, at,
			plotTop+plotInnerH, plotTop+plotInnerH+5, odd, at, plotHeight-8, anchor(at), label)
	}
}

// anchor keeps the label at an end of the axis in the picture.
func anchor(at float64) string {
	if at > plotWidth-40 {
		return "end"
	}
	return "middle"
}

// times are those of the labels: hours, days or months, as many as there is room for.
func (p *plot) times() (list []time.Time) {
	hours, days, months := labelSteps(p.to.Sub(p.from).Hours())
	year, month, day := p.from.Date()
	if months > 0 {
		day = 1
	}
	for i := 0; ; i++ {
		t := time.Date(year, month+time.Month(i*months), day+i*days, i*hours, 0, 0, 0, p.from.Location())
		if t.After(p.to) {
			return list
		}
		if !t.Before(p.from) {
			list = append(list, t)
		}
	}
}

// labelSteps is what lies between two labels of an axis of some hours; one of the three is above 0.
func labelSteps(length float64) (hours, days, months int) {
	for _, step := range []int{1, 3, 6, 12} {
		if length <= float64(step*mostTicks) {
			return step, 0, 0
		}
	}
	length /= 24
	for _, step := range []int{1, 2, 5, 7, 14} {
		if length <= float64(step*mostTicks) {
			return 0, step, 0
		}
	}
	return 0, 0, int(math.Ceil(length / 30.5 / mostTicks))
}
