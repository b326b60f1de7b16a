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

// isDate reports whether v is an xs:date with a year of four digits.
func isDate(v []byte) bool { return isDay(v) && isZone(v[10:]) }

// isDay reports whether v begins with a day of the calendar, YYYY-MM-DD.
func isDay(v []byte) bool {
	if len(v) < 10 || v[4] != '-' || v[7] != '-' {
		return false
	}
	year, ok1 := digits(v[0:4])
	month, ok2 := digits(v[5:7])
	day, ok3 := digits(v[8:10])
	if !ok1 || !ok2 || !ok3 || year == 0 || month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= 28 || day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// isZone reports whether v is empty or the time zone of an xs:date or xs:dateTime.
func isZone(v []byte) bool {
	if len(v) == 0 || string(v) == "Z" {
		return true
	}
	if len(v) != 6 || v[0] != '+' && v[0] != '-' || v[3] != ':' {
		return false
	}
	hour, ok1 := digits(v[1:3])
	minute, ok2 := digits(v[4:6])
	return ok1 && ok2 && minute < 60 && hour*60+minute <= 14*60
}

// isDateTime reports whether v is an xs:dateTime with a year of four digits.
func isDateTime(v []byte) bool {
	if len(v) < 19 || !isDay(v) || v[10] != 'T' || v[13] != ':' || v[16] != ':' {
		return false
	}
	hour, ok1 := digits(v[11:13])
	minute, ok2 := digits(v[14:16])
	second, ok3 := digits(v[17:19])
	if !ok1 || !ok2 || !ok3 || minute > 59 || second > 59 ||
		hour > 24 || hour == 24 && minute+second > 0 {
		return false
	}
	v = v[19:]
	if len(v) > 0 && v[0] == '.' {
		n := 1
		for n < len(v) && v[n] >= '0' && v[n] <= '9' {
			if hour == 24 && v[n] != '0' {
				return false
			}
			n++
		}
		if n == 1 {
			return false
		}
		v = v[n:]
	}
	return isZone(v)
}

func digits(v []byte) (n int, ok bool) {
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
