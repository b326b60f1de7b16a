package trial

import (
	"fmt"
	"strings"

	"brana/bench/load"
	"brana/bench/registries"
)

// Grant is the grant of a caller, as a file of the policy has it. A trial has a
// grant of its own, so that it uses nobody's quota and nobody's rights.
func Grant(c load.Caller) string {
	return fmt.Sprintf(`  - agenda: %s
    role: %s
    ovm: "%s"
    ais: %s
    environment: test
    reference: brana bench
    valid: {from: 2020-01-01, to: 2099-12-31}
    services: [%s]
    items: [EopFoto, EopPodpis, EcdFoto]
    limits: {working_hours: 1000000000/h, off_hours: 1000000000/h, concurrent: 100000}
`, c.Agenda, c.Role, c.Ovm, c.Ais, strings.Join(load.Services(), ", "))
}

// items are those that the caller may read, with their codes in RPP.
var items = []string{
	"Aifo,",
	"Prijmeni,101-1-1",
	"Jmeno,101-1-2",
	"AdresaPobytu,101-1-3",
	"DatumNarozeni,101-1-5",
	"Doklad,101-1-11",
	"Ico,102-1-1",
	"ObchodniNazev,",
}

// Rows are the rows of a caller in the matrix, as a file of the matrix has them.
func Rows(c load.Caller) string {
	var rows strings.Builder
	for _, item := range items {
		fmt.Fprintf(&rows, "%s,%s,%s,%s\n", c.Agenda, c.Role, c.Ovm, item)
	}
	return rows.String()
}

// persons is the number of persons asked for. Every population of the
// simulators with the seed 1 has them.
const persons = 100

// book has the scenarios of a caller. Set means that the registries have the settings that
// the scenarios need.
func book(c load.Caller, set bool) *load.Book {
	book := &load.Book{Caller: c, Set: set}
	for _, p := range registries.NewPopulation(persons, 1).List(persons) {
		if p.Special != "" {
			continue
		}
		one := load.Person{
			Jmeno:      p.Jmeno,
			Prijmeni:   p.Prijmeni,
			Narozen:    p.DatumNarozeni,
			RodneCislo: p.RodneCislo,
		}
		if len(p.Op) > 0 {
			one.CisloOp = p.Op[0].Cislo
		}
		if len(p.Cd) > 0 {
			one.CisloPasu = p.Cd[0].Cislo
		}
		book.Persons = append(book.Persons, one)
	}
	return book
}
