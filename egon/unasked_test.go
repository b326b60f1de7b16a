package egon

import "testing"

// What the schema demands in a record comes unasked, and what was verified.
func TestItemsThatComeUnasked(t *testing.T) {
	for _, c := range []struct {
		code, word string
		want       bool
	}{
		{"E05", "Jmeno", false},
		{"E20", "Ico", true},
		{"E20", "StatutarniOrgany", false},
		{"E20", "Jmeno", false},
		{"E183", "Jmeno", true},
		{"E100", "Jmeno", false},
		{"E227", "Jmeno", false},
		{"E05", "?Nove", false},
	} {
		if got := ComesUnasked(ServiceByCode(c.code), c.word); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.word, c.code, got, c.want)
		}
	}
}
