package audit

import "time"

// zones keeps the zone of the last time that was read. The times of a journal have one
// or two.
type zones struct {
	offset int
	zone   *time.Location
}

// at returns the zone of an offset in seconds.
func (z *zones) at(offset int) *time.Location {
	if z.zone == nil || z.offset != offset {
		z.offset, z.zone = offset, time.FixedZone("", offset)
	}
	return z.zone
}

// parse reads a time as appendTime writes it, and no other.
func (z *zones) parse(s string) (t time.Time, ok bool) {
	const shape = "2006-01-02T15:04:05.000000"
	if len(s) < len(shape)+1 || !shaped(s[:len(shape)], shape) {
		return t, false
	}
	year, month, day := digits(s[0:4]), digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	zone, ok := z.of(s[len(shape):])
	if !ok || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, digits(s[20:26])*1000, zone)
	return t, t.Day() == day // the 30th of February is none
}

// of reads Z or a distance to UTC.
func (z *zones) of(s string) (*time.Location, bool) {
	if s == "Z" {
		return time.UTC, true
	}
	if len(s) != len("+01:00") || s[0] != '+' && s[0] != '-' || !shaped(s[1:], "01:00") {
		return nil, false
	}
	hours, minutes := digits(s[1:3]), digits(s[4:6])
	if hours > 23 || minutes > 59 {
		return nil, false
	}
	seconds := hours*3600 + minutes*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return z.at(seconds), true
}

// shaped reports whether s has digits where shape has them, and else the same bytes.
func shaped(s, shape string) bool {
	for i := range len(shape) {
		if shape[i]-'0' <= 9 && s[i]-'0' > 9 || shape[i]-'0' > 9 && s[i] != shape[i] {
			return false
		}
	}
	return true
}

// digits is the value of a short string of digits.
func digits(s string) (n int) {
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}
