package report

import (
	"slices"
	"strings"
	"time"

	"brana/audit"
	"brana/audit/query"
	"brana/egon"
)

// A usage is a use in the form of E154 (robVypisVyuzitiPoskytnuti), by which ROB answers what it
// recorded itself: RobDotazyData 2.1.1, RobVypisVyuzitiPoskytnutiDataResponseType.
type usage struct {
	fields   [len(columns)]string // by columns; SeznamUdaju in words
	finished bool
}

// columns are the elements of a row of E154 in the order of the schema.
var columns = [...]string{
	"VyuzitiPoskytnuti", "Agenda", "Ais", "Subjekt", "Uzivatel", "Ovm", "CasVyuziti", "DuvodUcel",
	"SeznamUdaju", "AgendaZadostId", "IszrZadostId",
}

// The places of columns that are treated apart.
const (
	aisColumn    = 2
	seznamColumn = 8 // the ids stand after it
)

// casovaZnacka is the form of times in messages, to the millisecond (RegTypy, CasovaZnackaType).
const casovaZnacka = "2006-01-02T15:04:05.000Z07:00"

// gave reports whether data went out with a use, and which. Of a use that did not finish this is
// unknown: what was asked stands for it, so that no use is missing, as the gateway sent it on.
func gave(u *query.Use) (words []string, finished, ok bool) {
	if endingOf(u.Outcome()) == unfinished {
		return sent(u.Call), false, true
	}
	results(u, func(r *audit.Record) {
		for _, w := range r.Returned {
			if !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	})
	return words, true, len(words) > 0
}

// sent returns the items of a call as it went on: without those that were removed, with those
// that were filled in.
func sent(call *audit.Record) (words []string) {
	var d audit.RecordedDecision
	if call.Decision != nil {
		d = *call.Decision
	}
	for _, w := range call.Asked {
		_, control := egon.ParseControl(w)
		removed := slices.ContainsFunc(d.Removed, func(r audit.RecordedRefused) bool {
			return r.Word == w
		})
		if !control && !removed {
			words = append(words, w)
		}
	}
	return append(words, d.Filled...)
}

// usageOf returns the row of a use, false when no data went out with it.
func usageOf(u *query.Use, zone *time.Location) (row usage, ok bool) {
	if u.Call == nil {
		return row, false // who got the data is no longer known
	}
	words, finished, ok := gave(u)
	if !ok {
		return row, false
	}
	c := u.Call
	row.finished = finished
	row.fields = [...]string{
		"vyuziti", c.Agenda, c.Ais, c.Subjekt, c.Uzivatel, c.Ovm,
		c.Time.In(zone).Format(casovaZnacka), c.DuvodUcel, strings.Join(words, " "),
		c.AgendaZadostId, numberOf(u),
	}
	if c.Service == "E102" { // robPoskytnutiJineOsobe
		row.fields[0] = "poskytnuti"
	}
	return row, true
}
