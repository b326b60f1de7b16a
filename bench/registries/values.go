package registries

import (
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // Prague must be known in a container without zone files too

	"brana/egon"
)

// atoi reads a number of a message. It returns 0, which no code is, for any other
// text.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

// nonZero writes a number, and zero as nothing.
func nonZero(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n)
}

// isTrue reads an xs:boolean.
func isTrue(s string) bool { return s == "true" || s == "1" }

// dayIn reads an xs:date, with any zone and white space around it, as the day
// that registries keep.
func dayIn(text string) (time.Time, bool) { return egon.ParseDate(strings.Trim(text, " \t\r\n")) }

func dateOrNone(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// timeLayout is the format of times on the bus: those of Prague, with their offset.
const timeLayout = "2006-01-02T15:04:05.0000000-07:00"

func timeNow() string { return time.Now().In(prague()).Format(timeLayout) }

var prague = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err) // it is in the program
	}
	return zone
})

// nilID is the AgendaZadostId of a reply to a request that had none. The schema
// demands one.
const nilID = "00000000-0000-0000-0000-000000000000"

// isID reports whether s is a UUID (UuidType: no check of its version).
func isID(s string) bool {
	if len(s) != len(nilID) {
		return false
	}
	for i, c := range []byte(s) {
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash := nilID[i] == '-'; dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
