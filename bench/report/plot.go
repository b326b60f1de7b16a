package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// A plot is one picture of the page.
type plot struct {
	Title, About string
	X, Y         func(float64) string // write values
	Series       []series
	Log          bool      // the vertical axis is logarithmic
	Bars         bool      // a bar for each series: median, least, most
	Ticks        []float64 // of the horizontal axis; nil: five even ones
}

type series struct {
	Name   string
	Look   int // number of its colour and dashes; a target has the same in all plots
	Points []point
}

type point struct{ X, Y float64 }

// The picture, in its own units.
const (
	plotWidth, plotHeight      = 720, 320
	plotLeft, plotRight        = 84, 28
	plotTop, plotBottom        = 14, 40
	plotSeries                 = 6 // colours and dashes that the page has
	plotInnerW, plotInnerH     = plotWidth - plotLeft - plotRight, plotHeight - plotTop - plotBottom
	plotTickLength, plotStroke = 5, 2
)

// scale maps values to a range of the picture.
type scale struct {
	low, high float64
	log       bool
}

func (s scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log10(max(v, s.low)), math.Log10(low), math.Log10(high)
	}
	if high <= low {
		return 0
	}
	return min(max((v-low)/(high-low), 0), 1)
}

// scales finds the ranges of the axes.
func (p plot) scales() (x, y scale) {
	x = scale{low: math.Inf(1), high: math.Inf(-1)}
	y = scale{low: math.Inf(1), high: math.Inf(-1), log: p.Log}
	for _, s := range p.Series {
		for _, at := range s.Points {
			x.low, x.high = min(x.low, at.X), max(x.high, at.X)
			y.low, y.high = min(y.low, at.Y), max(y.high, at.Y)
		}
	}
	if p.Log {
		y.low = math.Pow(10, math.Floor(math.Log10(max(y.low, 1))))
		y.high = math.Pow(10, math.Ceil(math.Log10(max(y.high, 10))))
	} else {
		y.low, y.high = 0, round(y.high)
	}
	return x, y
}

// round is the next number of 1, 2, 2.5, 5 and 10 times a power of ten.
func round(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if v <= m*power {
			return m * power
		}
	}
	return 10 * power
}

// ticks of a vertical axis.
func (s scale) ticks() []float64 {
	var list []float64
	if s.log {
		for v := s.low; v <= s.high*1.001; v *= 10 {
			list = append(list, v)
		}
		return list
	}
	for i := range 5 {
		list = append(list, s.low+(s.high-s.low)*float64(i)/4)
	}
	return list
}

// Empty reports whether there is nothing to draw.
func (p plot) Empty() bool {
	for _, s := range p.Series {
		if len(s.Points) > 0 {
			return false
		}
	}
	return true
}

// SVG draws the plot. Series differ in colour and in dashes, so that neither
// is needed alone.
func (p plot) SVG() template.HTML {
	var b strings.Builder
	x, y := p.scales()
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, plotWidth, plotHeight,
		template.HTMLEscapeString(p.Title+": "+p.About))
	for _, v := range y.ticks() {
		at := plotTop + plotInnerH*(1-y.at(v))
		fmt.Fprintf(
			&b,
			`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`+
				`<text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			plotLeft, plotWidth-plotRight, at, at,
			plotLeft-8, at+4, template.HTMLEscapeString(p.Y(v)),
		)
	}
	if p.Bars {
		p.bars(&b, y)
	} else {
		p.lines(&b, x, y)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // all text in it is escaped above
}

func (p plot) lines(b *strings.Builder, x, y scale) {
	ticks := p.Ticks
	if ticks == nil {
		ticks = x.ticks()
	}
	for _, v := range ticks {
		if v < x.low || v > x.high {
			continue
		}
		at := plotLeft + plotInnerW*x.at(v)
		fmt.Fprintf(
			b,
			`<line class="tick" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`+
				`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			at, at, plotTop+plotInnerH, plotTop+plotInnerH+plotTickLength,
			at, plotHeight-plotBottom/2, template.HTMLEscapeString(p.X(v)),
		)
	}
	for _, s := range p.Series {
		if len(s.Points) == 0 {
			continue
		}
		fmt.Fprintf(b, `<polyline class="s%d" points="`, s.Look)
		for _, at := range s.Points {
			fmt.Fprintf(
				b, "%.1f,%.1f ", plotLeft+plotInnerW*x.at(at.X), plotTop+plotInnerH*(1-y.at(at.Y)),
			)
		}
		fmt.Fprintf(b, `"><title>%s</title></polyline>`, template.HTMLEscapeString(s.Name))
	}
}

func (p plot) bars(b *strings.Builder, y scale) {
	room := float64(plotInnerW) / float64(max(len(p.Series), 1))
	for i, s := range p.Series {
		middle := plotLeft + room*(float64(i)+0.5)
		width := min(room*0.6, 120)
		top := func(v float64) float64 { return plotTop + plotInnerH*(1-y.at(v)) }
		v, least, most := s.Points[0].Y, s.Points[1].Y, s.Points[2].Y
		fmt.Fprintf(
			b,
			`<rect class="b%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f">`+
				`<title>%s: %s</title></rect>`,
			s.Look, middle-width/2, top(v), width, plotTop+plotInnerH-top(v),
			template.HTMLEscapeString(s.Name), template.HTMLEscapeString(p.Y(v)),
		)
		fmt.Fprintf(
			b, `<line class="range" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`,
			middle, middle, top(least), top(most),
		)
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s, %s</text>`,
			middle, plotHeight-plotBottom/2, template.HTMLEscapeString(s.Name),
			template.HTMLEscapeString(p.Y(v)))
	}
}
