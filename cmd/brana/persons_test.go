package main

import (
	"slices"
	"sync"
	"testing"

	"brana/bench/registries"
)

// A person is found by the keys that persons --json prints, a special person by its
// rule.
func special(t testing.TB, what string) registries.Listed {
	t.Helper()
	list := population().List(0)
	i := slices.IndexFunc(list, func(l registries.Listed) bool { return l.Special == what })
	if i < 0 {
		t.Fatalf("no person is special for %q", what)
	}
	return list[i]
}

// population is that of all worlds: making one takes its time.
var population = sync.OnceValue(func() *registries.Population { return registries.NewPopulation(20, 1) })

// byBirth searches a person by name and birth date, beside other flags.
func byBirth(l registries.Listed, flags ...string) []string {
	return append([]string{"--name", l.Jmeno + "/" + l.Prijmeni, "--born", l.DatumNarozeni}, flags...)
}

const everything = "EopFoto Jmeno Prijmeni DatumNarozeni AdresaPobytu ROBCti RUIANCti"
