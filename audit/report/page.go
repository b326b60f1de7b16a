package report

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs((&view{}).functions()).Parse(pageText))

// A Page is what a page shows beside its report.
type Page struct {
	Kinds   map[string]string    // Czech sentences of the kinds of refusals
	Working func(time.Time) bool // whether a moment is in working hours
	Made    time.Time
	Sources []string // the journals
}

// mostPlots is the number of callers that have a plot and tables of their own.
const mostPlots = 40

// WriteHTML writes the report in Czech as one page that needs no network and no script.
func (r *Report) WriteHTML(w io.Writer, about Page) error {
	v := &view{Report: r, Page: about}
	if r.First != nil {
		v.fill()
	}
	bound, err := page.Clone()
	if err != nil {
		return err
	}
	return bound.Funcs(v.functions()).Execute(w, v)
}

// fill makes the plots and the rows of callers.
func (v *view) fill() {
	r := v.Report
	v.from, v.to = axis(*r.First, *r.Last)
	v.All = newPlot(r.Hours, v.from, v.to)
	for i := range r.Callers {
		v.Callers = append(v.Callers, v.caller(i))
	}
	v.Details = v.Callers[:min(len(v.Callers), mostPlots)]
}

// A view is what the template shows.
type view struct {
	*Report
	Page
	from, to time.Time
	All      *plot
	Callers  []callerView
	Details  []callerView // those with plots
}

type callerView struct {
	*Caller
	Anchor string
	Plot   *plot
	Bounds []boundView
	Over   bool // a peak lies above what was declared
}

// A boundView is a row of what was declared, what was in force, and what was reached.
type boundView struct {
	Name            string
	Declared, Force string
	Admitted        int64
	Rolling, Clock  peakView
}

// A peakView is a peak beside the bound that it is compared with; 0 is none. The bound is what
// the policy declares, or what was in force.
type peakView struct {
	Peak
	Bound    int64
	Declared bool
}

// Over reports whether the peak lies above the bound.
func (p peakView) Over() bool { return p.Bound > 0 && p.Calls > p.Bound }

func newBoundView(name string, declared int64, force Range, l Load) boundView {
	most := bound(declared, force)
	return boundView{
		name, pocet(declared), rozsah(force), l.Calls,
		peakView{l.Rolling, most, declared > 0}, peakView{l.Clock, most, declared > 0},
	}
}

// axis is the range of the plots: the days from the first call to the last one.
func axis(first, last time.Time) (from, to time.Time) {
	year, month, day := first.Date()
	from = time.Date(year, month, day, 0, 0, 0, 0, first.Location())
	year, month, day = last.Date()
	return from, time.Date(year, month, day+1, 0, 0, 0, 0, first.Location())
}

func (v *view) caller(i int) callerView {
	c := &v.Report.Callers[i]
	cv := callerView{Caller: c, Anchor: "volajici-" + strconv.Itoa(i+1)}
	var declared Limits
	if c.Declared != nil {
		declared = *c.Declared
	}
	cv.Bounds = []boundView{
		newBoundView("v pracovní době", declared.Working, c.Quota.Working, c.Working),
		newBoundView("mimo pracovní dobu", declared.Off, c.Quota.Off, c.Off),
		newBoundView("souběžně", declared.Concurrent, c.Quota.Concurrent, Load{Rolling: c.Concurrent}),
	}
	for _, b := range cv.Bounds {
		cv.Over = cv.Over || b.Rolling.Over()
	}
	if i < mostPlots {
		cv.Plot = newPlot(c.Hours, v.from, v.to)
		cv.Plot.working = v.Working
		for n, b := range cv.Bounds[:2] {
			said := "platilo "
			if b.Rolling.Declared {
				said = "deklarováno "
			}
			cv.Plot.draw(said+b.Name, "d"+strconv.Itoa(n), b.Rolling.Bound)
		}
	}
	return cv
}

// Show reports whether there is anything to compare with.
func (c callerView) Show() bool { return c.Declared != nil || c.Quota != (Quota{}) }

// functions are those of the template.
func (v *view) functions() template.FuncMap {
	return template.FuncMap{
		"number": cislo, "share": podil, "duration": doba, "when": v.when, "name": v.name,
		"kind": v.kind, "svg": v.svg, "sentence": v.sentence, "days": days, "bars": bars,
		"most": most, "mostOfItems": mostOfItems, "edited": edited,
		"shown": func(list []Item) []Item { return list[:min(len(list), mostItems)] },
		"more":  func(list []Item) int { return max(0, len(list)-mostItems) },
	}
}

// svg draws the calls of a caller.
func (v *view) svg(p *plot, caller string) template.HTML {
	return p.svg("Volání za hodinu: "+v.name(caller), v.sentence(p))
}

// sentence says in words what a plot shows.
func (v *view) sentence(p *plot) string {
	var peak Hour
	for _, h := range p.columns {
		if h.Calls > peak.Calls {
			peak = h
		}
	}
	return "Nejvíce volání za hodinu: " + cislo(peak.Calls) + " od " + v.when(peak.Begins) + "."
}

// kind is the Czech sentence of a kind of refusals.
func (v *view) kind(code string) string {
	if code == Others {
		return "ostatní"
	}
	return v.Kinds[code]
}

// name is a caller as the page shows it.
func (v *view) name(caller string) string {
	switch caller {
	case Others:
		return "ostatní volající"
	case Nobody:
		return "neznámý (hlavička nebyla přečtena)"
	}
	return caller
}

// when writes a moment.
func (v *view) when(t time.Time) string { return t.In(v.zone).Format("2. 1. 2006 15:04") }
