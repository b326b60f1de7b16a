package report

import (
	"maps"
	"slices"
	"time"
)

const (
	hourSeconds   = int64(time.Hour / time.Second)
	minuteSeconds = int64(time.Minute / time.Second)
	hourMinutes   = 60
)

// hours are the calls of clock hours, by the number of the hour since 1970.
type hours struct {
	of   map[int64]*hour
	last *hour // the hour that counted last, and its number
	at   int64
}

// An hour counts all calls, and those that the limits admitted by the minute: only admitted
// calls count against what was declared.
type hour struct {
	calls, refused int64
	admitted       [hourMinutes]uint32
}

func newHours() hours { return hours{of: map[int64]*hour{}} }

func (h *hours) add(t time.Time, refused, admitted bool) {
	seconds := t.Unix()
	number := floor(seconds, hourSeconds)
	one := h.hour(number)
	one.calls++
	if refused {
		one.refused++
	}
	if admitted {
		one.admitted[(seconds-number*hourSeconds)/minuteSeconds]++
	}
}

// merge adds the calls of other hours.
func (h *hours) merge(o *hours) {
	for number, from := range o.of {
		one := h.hour(number)
		one.calls += from.calls
		one.refused += from.refused
		for minute, n := range from.admitted {
			one.admitted[minute] += n
		}
	}
}

func (h *hours) hour(number int64) *hour {
	if h.last == nil || h.at != number {
		h.last, h.at = h.of[number], number
		if h.last == nil {
			h.last = new(hour)
			h.of[number] = h.last
		}
	}
	return h.last
}

// floor divides and rounds towards the past.
func floor(n, by int64) int64 {
	if n < 0 && n%by != 0 {
		return n/by - 1
	}
	return n / by
}

// An Hour is the calls of an hour of the clock.
type Hour struct {
	Begins   time.Time `json:"begins"`
	Calls    int64     `json:"calls"`
	Admitted int64     `json:"admitted"` // by the limits
	Refused  int64     `json:"refused"`
}

// list returns the hours with calls, in order.
func (h *hours) list(zone *time.Location) []Hour {
	list := make([]Hour, 0, len(h.of))
	for _, number := range slices.Sorted(maps.Keys(h.of)) {
		one := h.of[number]
		h := Hour{
			Begins:  time.Unix(number*hourSeconds, 0).In(zone),
			Calls:   one.calls,
			Refused: one.refused,
		}
		for _, n := range one.admitted {
			h.Admitted += int64(n)
		}
		list = append(list, h)
	}
	return list
}

// A Peak is the greatest number of calls, and since when it was reached.
type Peak struct {
	Calls int64      `json:"calls"`
	At    *time.Time `json:"at,omitempty"` // when that began; nil when there is no call
}

func (p *Peak) raise(calls, minute int64) {
	if calls > p.Calls {
		at := time.Unix(minute*minuteSeconds, 0).UTC()
		p.Calls, p.At = calls, &at
	}
}

// show sets the zone in which the moment is shown.
func (p *Peak) show(zone *time.Location) {
	if p.At != nil {
		at := p.At.In(zone)
		p.At = &at
	}
}

// A Load is the admitted calls of a regime: of working hours, or of all others.
type Load struct {
	Calls   int64 `json:"calls"`
	Rolling Peak  `json:"rolling_hour"` // within 60 whole minutes
	Clock   Peak  `json:"clock_hour"`   // within one hour of the clock
}

// A window is the sum of the last 60 minutes.
type window struct {
	minutes [hourMinutes]int64
	sum     int64
	load    Load
}

// push counts the calls of a minute, the number of which since 1970 is given.
func (w *window) push(minute, calls int64) {
	place := w.place(minute)
	w.sum += calls - *place
	*place = calls
	w.load.Calls += calls
	if w.sum > w.load.Rolling.Calls {
		w.load.Rolling.raise(w.sum, w.begins(minute))
	}
}

// begins is the first minute with calls of the hour that ends with a minute.
func (w *window) begins(last int64) int64 {
	first := last - hourMinutes + 1
	for first < last && *w.place(first) == 0 {
		first++
	}
	return first
}

func (w *window) place(minute int64) *int64 {
	return &w.minutes[minute-floor(minute, hourMinutes)*hourMinutes]
}

// loads returns the loads of working hours and of the rest. As with the limits, a rolling hour
// counts the calls of one regime.
func (h *hours) loads(working func(time.Time) bool) (in, off Load) {
	numbers := slices.Sorted(maps.Keys(h.of))
	var w [2]window
	for i, number := range numbers {
		if i > 0 && number > numbers[i-1]+1 { // the hour before was empty
			for minute := (number - 1) * hourMinutes; minute < number*hourMinutes; minute++ {
				w[0].push(minute, 0)
				w[1].push(minute, 0)
			}
		}
		var clock [2]int64
		for place, calls := range h.of[number].admitted {
			minute := number*hourMinutes + int64(place)
			regime := 1
			if calls > 0 && working(time.Unix(minute*minuteSeconds, 0)) {
				regime = 0
			}
			w[regime].push(minute, int64(calls))
			w[1-regime].push(minute, 0)
			clock[regime] += int64(calls)
		}
		w[0].load.Clock.raise(clock[0], number*hourMinutes)
		w[1].load.Clock.raise(clock[1], number*hourMinutes)
	}
	return w[0].load, w[1].load
}
