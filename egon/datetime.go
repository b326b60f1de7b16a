package egon

import "time"

// ParseDate reads an xs:date with a year of four digits as a day of the calendar:
// midnight UTC of the written day. Its time zone does not count: 1977-05-03,
// 1977-05-03Z and 1977-05-03+01:00 are one day.
func ParseDate[T chars](text T) (day time.Time, ok bool) {
	v := []byte(text)
	if !isDate(v) {
		return time.Time{}, false
	}
	year, _ := digits(v[0:4]) // isDate has checked it
	month, _ := digits(v[5:7])
	dayOfMonth, _ := digits(v[8:10])
	return time.Date(year, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC), true
}

// ParseDateTime reads an xs:dateTime with a year of four digits. Without a time zone
// it is of the zone local. Digits beyond nanoseconds are dropped, and 24:00:00 is the
// beginning of the next day.
func ParseDateTime[T chars](text T, local *time.Location) (t time.Time, ok bool) {
	v := []byte(text)
	if !isDateTime(v) {
		return time.Time{}, false
	}
	n := func(from, to int) int {
		d, _ := digits(v[from:to]) // isDateTime has checked it
		return d
	}
	nanos, rest := fraction(v[19:])
	return time.Date(n(0, 4), time.Month(n(5, 7)), n(8, 10), n(11, 13), n(14, 16), n(17, 19), nanos,
		zoneOf(rest, local)), true
}

// fraction reads the fraction of a second at the beginning of v, if there is one, in
// nanoseconds.
func fraction(v []byte) (nanos int, rest []byte) {
	if len(v) == 0 || v[0] != '.' {
		return 0, v
	}
	unit := int(time.Second)
	for v = v[1:]; len(v) > 0 && v[0] >= '0' && v[0] <= '9'; v = v[1:] {
		unit /= 10
		nanos += unit * int(v[0]-'0')
	}
	return nanos, v
}

func zoneOf(v []byte, local *time.Location) *time.Location {
	switch {
	case len(v) == 0:
		return local
	case v[0] == 'Z':
		return time.UTC
	}
	hour, _ := digits(v[1:3]) // isZone has checked it
	minute, _ := digits(v[4:6])
	offset := hour*3600 + minute*60
	if v[0] == '-' {
		offset = -offset
	}
	return time.FixedZone("", offset)
}
