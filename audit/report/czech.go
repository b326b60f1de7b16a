package report

import (
	"strconv"
	"strings"
)

// This file writes numbers as they are written in Czech: a hard space between thousands and before
// a unit, a decimal comma.

const space = "\u00a0"

func cislo(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + space + digits[i:]
	}
	return digits
}

// pocet is cislo, or a dash for what is unknown.
func pocet(n int64) string {
	if n == 0 {
		return "–"
	}
	return cislo(n)
}

func rozsah(r Range) string {
	if r.Least != r.Most {
		return cislo(r.Least) + " až " + cislo(r.Most)
	}
	return pocet(r.Most)
}

// podil is a share in percent; empty when there is nothing to share. Only the whole has 100 %.
func podil(part, whole int64) string {
	switch {
	case part == 0 || whole == 0:
		return ""
	case part*100 < whole:
		return "pod 1" + space + "%"
	}
	return cislo(percent(part, whole)) + space + "%"
}

// doba is a duration of microseconds.
func doba(micros int64) string {
	if micros == 0 {
		return "–"
	}
	return strings.NewReplacer(".", ",", " ", space).Replace(duration(micros))
}
