package main

import (
	"slices"
	"strings"
	"testing"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/egon"
	"brana/egon/xmltext"
)

// itemsIn are the elements with a value of the first person of ROB in a reply.
func itemsIn(r *reply) string {
	osoba := find(r.root, "Osoba")
	if osoba == nil {
		return ""
	}
	var names []string
	for _, item := range osoba.Children {
		empty := slices.ContainsFunc(item.Attrs, func(a xmltext.NodeAttr) bool { return a.Space == egon.NSXSI && a.Local == "nil" })
		if !empty && !strings.HasPrefix(item.Local, "Aifo") {
			names = append(names, item.Local)
		}
	}
	return strings.Join(names, " ")
}

// What a registry returns beyond what was asked for is seen by the rule of its route.
func TestRegistryThatReturnsMore(t *testing.T) {
	for rule, want := range map[config.Returned]struct{ kod, items, says string }{
		config.Observe:  {egon.OK, "AdresaPobytu DatovaSchranka DatumNarozeni Jmeno MistoNarozeni Prijmeni Doklady Doklady Obcanstvi", ""},
		config.Withhold: {egon.Chyba, "", "BR_401"},
		config.Filter:   {egon.Varovani, "Jmeno", "Doklad"},
	} {
		t.Run(string(rule), func(t *testing.T) {
			w := startWorld(t, func(c *config.Config) {
				c.Routes["E05"] = config.Route{To: "relay iszr", Items: config.Strict, Returned: rule}
			})
			w.set(registries.Front, registries.Settings{More: true})
			r := w.call("E05", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", "Jmeno")
			if kod := text(find(r.root, "Status"), "VysledekKod"); kod != want.kod {
				t.Errorf("status %s, want %s", r.statusLine(), want.kod)
			}
			if got := itemsIn(r); got != want.items {
				t.Errorf("returned %q, want %q", got, want.items)
			}
			if said := r.sentences(); !strings.Contains(said, want.says) {
				t.Errorf("it says %q, and not %s", said, want.says)
			}
		})
	}
}
