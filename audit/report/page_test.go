package report

import (
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"brana/audit"
	"brana/audit/query"
	"brana/egon"
)

// A page is whole without a network and a script, says everything in Czech, and has a text for
// each picture.
func TestPage(t *testing.T) {
	for name, uses := range map[string][]*query.Use{
		"no calls": nil, "one call": month(1), "a month": month(700),
	} {
		t.Run(name, func(t *testing.T) {
			text := pageOf(t, uses)
			for _, foreign := range []string{"http", "//", "<script", "@import", "url(", "<link", "src="} {
				if strings.Contains(text, foreign) {
					t.Errorf("the page has %q", foreign)
				}
			}
			checkElements(t, text)
		})
	}
}

// checkElements checks that elements are closed and pictures explained.
func checkElements(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var open []string
	ids, links := map[string]bool{}, map[string]bool{}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			open = append(open, e.Name.Local)
			attr := func(name string) string {
				for _, a := range e.Attr {
					if a.Name.Local == name {
						return a.Value
					}
				}
				return ""
			}
			if id := attr("id"); ids[id] && id != "" {
				t.Errorf("the id %s is there twice", id)
			} else {
				ids[id] = true
			}
			links[strings.TrimPrefix(attr("href"), "#")] = true
			if e.Name.Local == "svg" && attr("role") != "img" && attr("aria-hidden") != "true" {
				t.Error("a picture is neither explained nor hidden")
			}
			if e.Name.Local == "html" && attr("lang") != "cs" {
				t.Error("the page does not say that it is in Czech")
			}
		case xml.EndElement:
			last := len(open) - 1
			if last < 0 || open[last] != e.Name.Local {
				t.Fatalf("</%s> closes %v", e.Name.Local, open)
			}
			open = open[:last]
		}
	}
	if len(open) > 0 {
		t.Errorf("%v are not closed", open)
	}
	for link := range links {
		if !ids[link] {
			t.Errorf("#%s leads nowhere", link)
		}
	}
	pictures, texts := strings.Count(text, `role="img"`), strings.Count(text, "<desc>")
	if pictures != texts {
		t.Errorf("%d pictures have %d texts", pictures, texts)
	}
}

// What was declared is a line of the plot where it fits in, and in any case in its legend; a peak
// above it is pointed out.
func TestPageShowsWhatWasDeclared(t *testing.T) {
	text := pageOf(t, month(700))
	for _, want := range []string{
		`class="declared d0"`,
		"deklarováno v pracovní době: 3 za hodinu",
		"deklarováno mimo pracovní dobu: 100" + space + "000 za hodinu (nad rozsahem grafu)",
		"Špička překročila",
		"grants.yaml:2",
		`class="band"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// No call is shown outside of the plot, and labels do not stand closer than there is room for.
func TestPlotsHoldTheirCalls(t *testing.T) {
	for _, span := range []time.Duration{
		time.Minute, 20 * time.Hour, 50 * time.Hour, 9 * 24 * time.Hour, 40 * 24 * time.Hour,
		100 * 24 * time.Hour, 800 * 24 * time.Hour,
	} {
		first := time.Date(2026, 3, 20, 13, 30, 0, 0, prague)
		h := newHours()
		for _, at := range []time.Time{first, first.Add(span)} {
			h.add(at, false, true)
		}
		from, to := axis(first, first.Add(span))
		p := newPlot(h.list(prague), from, to)
		calls := int64(0)
		for _, c := range p.columns {
			calls += c.Calls
		}
		if calls != 2 {
			t.Errorf("%v: %d calls of 2 are shown", span, calls)
		}
		if n := len(p.columns); n > mostColumns {
			t.Errorf("%v: %d columns", span, n)
		}
		if n := len(p.times()); n < 2 || n > mostTicks+1 {
			t.Errorf("%v: %d labels: %v", span, n, p.times())
		}
		picture := string(p.svg("", ""))
		outside := regexp.MustCompile(`[HV"]-\d|[HV"]\d{4}|NaN|Inf`).FindString(picture)
		if outside != "" {
			t.Errorf("%v: a place lies outside: %s", span, outside)
		}
	}
}

// A column of several hours shows the one with the most calls.
func TestWideColumnsShowTheBusiestHour(t *testing.T) {
	first := time.Date(2026, 3, 20, 13, 30, 0, 0, prague)
	from, to := axis(first, first.AddDate(2, 0, 0))
	for _, calls := range [][2]int{{5, 2}, {2, 5}} {
		h := newHours()
		for hour, n := range calls {
			for range n {
				h.add(from.Add(time.Duration(hour)*time.Hour), false, true)
			}
		}
		if p := newPlot(h.list(prague), from, to); p.Step < 2 || p.columns[0].Calls != 5 {
			t.Errorf("%v: %d hours in a column, which shows %d calls", calls, p.Step, p.columns[0].Calls)
		}
	}
}

// A peak that equals what was declared is not above it.
func TestPeakIsOverWhatWasDeclared(t *testing.T) {
	for calls, want := range map[int64]bool{2: false, 3: false, 4: true} {
		if p := (peakView{Peak: Peak{Calls: calls}, Bound: 3}); p.Over() != want {
			t.Errorf("%d of 3: over is %t", calls, p.Over())
		}
	}
}

func pageOf(t *testing.T, uses []*query.Use) string {
	t.Helper()
	b := NewBuilder(Config{
		Working: working, Zone: prague,
		Declared: func(q egon.Quadruple, _ string) (Limits, bool) {
			return Limits{Working: 3, Off: 100_000, Concurrent: 2, Place: "grants.yaml:2"}, q.Ais == "1"
		},
	})
	for _, u := range uses {
		b.Add(u)
	}
	var out strings.Builder
	err := b.Report().WriteHTML(&out, Page{
		Kinds:   map[string]string{"hourly-quota": "Hodinový limit volání je vyčerpán."},
		Working: working, Made: start, Sources: []string{"/var/lib/brana/audit"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// month returns uses of three callers, an hour apart.
func month(calls int) (uses []*query.Use) {
	for i := range calls {
		for n := range i%5 + 1 {
			r := &audit.Record{
				Type:    audit.TypeIntent,
				Time:    start.Add(time.Duration(i)*time.Hour + time.Duration(n)*time.Minute),
				Service: "E05", Agenda: "X<b>", Role: "R", Ovm: "1", Ais: string(rune('1' + i%3)),
				Asked: []string{"Jmeno"},
				Quota: &audit.RecordedQuota{Verdict: "admitted", Quota: 5},
			}
			answer := &audit.Record{
				Outcome:     "ok",
				Returned:    []string{"Jmeno", "?x"},
				Unpermitted: []string{"?x"},
			}
			u := &query.Use{Call: r, Result: answer}
			if n == 4 {
				r.Quota.Verdict, r.Outcome, u.Result = "over-quota", "hourly-quota", r
			}
			uses = append(uses, u)
		}
	}
	return uses
}
