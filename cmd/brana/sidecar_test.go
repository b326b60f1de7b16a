package main

import (
	"testing"

	"brana/cmd/brana/config"
	"brana/egon"
)

// A sidecar passes a call on as it is, since the bus behind it decides again: its caller
// gets what the bus answers, with the warnings and refusals of the bus.
func TestSidecarShowsWhatTheBusAnswers(t *testing.T) {
	w := startWorld(t, func(c *config.Config) {
		c.Place = config.Sidecar
		c.Routes = config.Routes{"default": {To: "relay iszr"}}
	})
	search := append([]string{"--name", "Zoran Vosáhlo", "--born", "1977-05-03"}, little...)
	for _, tt := range []struct {
		name     string
		flags    []string
		status   string
		returned string
	}{
		{"permitted", []string{"--items", "Jmeno"}, egon.OK, "Jmeno"},
		{"some permitted", []string{"--items", "Jmeno Doklad Pohlavi"}, "VAROVANI (NENI OPRAVNENI by ISZR) (NENI OPRAVNENI by ISZR)", "Jmeno"},
		{"none permitted", []string{"--items", "Doklad"}, "CHYBA (NENI OPRAVNENI by ISZR)", ""},
		{"an item that nobody knows", []string{"--items", "Jmeno Rodice"}, "VAROVANI (NENI OPRAVNENI by ISZR)", "Jmeno"},
		{"an empty list", []string{"--items", ""}, egon.OK, "DatumNarozeni Jmeno Prijmeni"},
		{"no list", nil, egon.OK, "DatumNarozeni Jmeno Prijmeni"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.registries.ClearLog()
			r := w.call("E278", append(search, tt.flags...)...)
			if got := r.statusLine(); got != tt.status {
				t.Errorf("status %s, want %s", got, tt.status)
			}
			if got := itemsIn(r); got != tt.returned {
				t.Errorf("returned %q, want %q", got, tt.returned)
			}
			if w.steps() != "E278" {
				t.Errorf("the bus was asked for %q", w.steps())
			}
		})
	}
}
