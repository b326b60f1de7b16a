package report

import (
	"fmt"
	"html/template"
	"strings"
)

// bars draws values one below the other as shares of a whole, beside the cells with the numbers.
// The first of them has the colour with a number, the others have the next ones.
func bars(colour int, whole int64, values ...int64) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="bars n%d" viewBox="0 0 100 %d" preserveAspectRatio="none" `+
		`aria-hidden="true">`, len(values), len(values))
	for i, n := range values {
		width := 100 * float64(n) / float64(max(whole, 1))
		if n > 0 {
			width = max(width, 0.5) // what is there is seen
		}
		fmt.Fprintf(&b, `<rect class="b%d" y="%.1f" width="%.2f" height=".8"/>`,
			colour+i, float64(i)+.1, width)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// most is the greatest count, the whole of the bars of a table.
func most(list []Count) (most int64) {
	for _, c := range list {
		most = max(most, c.Calls)
	}
	return most
}

func mostOfItems(list []Item) (most int64) {
	for _, i := range list {
		most = max(most, i.Asked, i.Refused, i.Returned)
	}
	return most
}

// A day is the calls of a day, for the table beside a plot.
type day struct {
	Day                      string
	Calls, Admitted, Refused int64
	Most                     Hour
}

func days(hours []Hour) (list []day) {
	for _, h := range hours {
		name := h.Begins.Format("2. 1. 2006")
		if len(list) == 0 || list[len(list)-1].Day != name {
			list = append(list, day{Day: name})
		}
		d := &list[len(list)-1]
		d.Calls += h.Calls
		d.Admitted += h.Admitted
		d.Refused += h.Refused
		if h.Calls > d.Most.Calls {
			d.Most = h
		}
	}
	return list
}
