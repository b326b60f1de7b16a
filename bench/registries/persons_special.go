package registries

import "time"

// special returns the persons of the official test data and those who show one
// rule each. Every population begins with them, in this order. Their names say what
// they are for; their birth dates are the first of January of 1980, 1981, and so on.
func (c *census) special() []Person {
	persons := append(c.official(), c.unverifiable()...)
	return append(persons, c.peculiar()...)
}

// draft has the data in which a special person differs. make fills in the rest.
type draft struct {
	jmeno, prijmeni string
	zena            bool
	narozen         time.Time // zero: the next first of January
	rodneCislo      string    // empty: made
	pobyt           int       // 0: an ordinary address
	special         string
	change          func(*Person) // nil: nothing more
}

func (c *census) make(d draft) Person {
	p := Person{
		ID: c.specials, Jmeno: d.jmeno, Prijmeni: d.prijmeni, RobPrijmeni: d.prijmeni, Zena: d.zena,
		Narozen: d.narozen, RodneCislo: d.rodneCislo, Pobyt: d.pobyt, Special: d.special,
		InROB: true, InEOP: true, InECD: true, Obcanstvi: []int{kodCeska},
		Narozeni: Place{Kod: towns[1].kod, Obec: true}, DatovaSchranka: dataBox(c.specials),
		Zmena: time.Date(2015, 6, 2, 16, 9, 41, 0, time.UTC),
	}
	if p.Narozen.IsZero() {
		p.Narozen = day(1980+c.specials, 1, 1)
	}
	c.take(Fold(p.Jmeno+" "+p.Prijmeni, Ascii) + p.Narozen.Format(time.DateOnly))
	if p.RodneCislo == "" {
		p.RodneCislo = c.rodneCislo(p.Narozen, p.Zena)
	} else {
		c.take(p.RodneCislo)
	}
	if p.Pobyt == 0 {
		p.Pobyt = c.address()
	}
	p.issueOP(day(2021, 3, 15), 3)
	p.issueCD(day(2016, 5, 30), 2)
	if d.change != nil {
		d.change(&p)
	}
	if !p.InEOP {
		p.OP = nil
	}
	if !p.InECD {
		p.CD = nil
	}
	c.specials++
	return p
}

// official makes the persons of the public test environment.
func (c *census) official() []Person {
	return []Person{
		c.make(draft{jmeno: "ZORAN", prijmeni: "VOSÁHLO", narozen: day(1977, 5, 3),
			special: "official test person"}),
		c.make(draft{jmeno: "KAZIMÍRA", prijmeni: "KARÁSKOVÁ", zena: true, narozen: day(1925, 4, 24),
			rodneCislo: "255424486",
			special:    "official test person, only in ECD", change: func(p *Person) { p.InEOP = false }}),
		c.make(draft{jmeno: "MAREK", prijmeni: "ROLNIČKA", narozen: day(1968, 1, 11), pobyt: kodRolnicka,
			special: "official test person"}),
		c.make(draft{jmeno: "ANDREA", prijmeni: "BLOOMBERG", zena: true, narozen: day(1969, 12, 12),
			pobyt:   kodBloomberg,
			special: "official test person"}),
	}
}

// unverifiable makes the persons whom the evidences know and ROB or ORG do not
// confirm.
func (c *census) unverifiable() []Person {
	org := func(state OrgState) func(*Person) { return func(p *Person) { p.Org = state } }
	return []Person{
		c.make(draft{jmeno: "JAN", prijmeni: "DVOJNÍK", narozen: day(1980, 1, 1),
			special: "two alike: same name and birth date"}),
		c.make(draft{jmeno: "JAN", prijmeni: "DVOJNÍK", narozen: day(1980, 1, 1),
			special: "two alike: same name and birth date"}),
		c.make(draft{jmeno: "EVA", prijmeni: "NEROBOVÁ", zena: true,
			special: "in the evidences, unknown to ROB", change: func(p *Person) { p.InROB = false }}),
		c.make(draft{jmeno: "OLGA", prijmeni: "NEPŘELOŽITELNÁ", zena: true,
			special: "ORG does not find the AIFO", change: org(OrgUnknown)}),
		c.make(draft{jmeno: "PETR", prijmeni: "SLOUČENÝ", special: "merged in ORG",
			change: org(OrgMerged)}),
		c.make(draft{jmeno: "DANA", prijmeni: "ROZDĚLENÁ", zena: true, special: "split in ORG",
			change: org(OrgSplit)}),
		c.make(draft{jmeno: "KAREL", prijmeni: "ZNEPLATNĚNÝ", special: "AIFO invalid in ORG",
			change: org(OrgInvalid)}),
		c.make(draft{jmeno: "HANA", prijmeni: "KOMPROMITOVANÁ", zena: true,
			special: "AIFO compromised in ORG", change: org(OrgCompromised)}),
		c.make(draft{jmeno: "TOMÁŠ", prijmeni: "POUZEROBOVÝ", special: "ORG translates to ROB only",
			change: org(OrgToRobOnly)}),
		c.make(draft{jmeno: "JANA", prijmeni: "SVOBODNÁ", zena: true,
			special: "another surname at ROB", change: func(p *Person) { p.RobPrijmeni = "PROVDANÁ" }}),
	}
}

// peculiar makes the persons whose data are out of the ordinary.
func (c *census) peculiar() []Person {
	return []Person{
		c.make(draft{jmeno: "LENKA", prijmeni: "BEZFOTKOVÁ", zena: true,
			special: "signature, no photo", change: func(p *Person) { p.NoPhoto = true }}),
		c.make(draft{jmeno: "IVAN", prijmeni: "NEVYDANÝ",
			special: "photo is not given out (UDAJ NEVYDAN)",
			change:  func(p *Person) { p.PhotoWithheld = true }}),
		c.make(draft{jmeno: "JOSEF", prijmeni: "BEZADRESNÝ", pobyt: kodNenalezen,
			special: "address not found in RUIAN"}),
		c.make(draft{jmeno: "MILOŠ", prijmeni: "ZBOŘENÝ", pobyt: kodZruseny,
			special: "address removed from RUIAN"}),
		c.make(draft{jmeno: "ALENA", prijmeni: "DORUČOVACÍ", zena: true,
			special: "delivery address", change: func(p *Person) { p.Dorucovaci = kodRolnicka }}),
		c.make(draft{jmeno: "VÁCLAV", prijmeni: "PRAŽSKÝ",
			special: "born in a district of Prague",
			change:  func(p *Person) { p.Narozeni = Place{Kod: districts[2].kod} }}),
		c.make(draft{jmeno: "GERDA", prijmeni: "ZAHRANIČNÍ", zena: true,
			special: "born abroad, two citizenships",
			change: func(p *Person) {
				p.Narozeni = Place{MistoSvet: "Dresden", Stat: 276}
				p.Obcanstvi = []int{kodCeska, 276}
			}}),
		c.make(draft{jmeno: "ANTONÍN", prijmeni: "SÉRIOVÝ", special: "identity card with a series",
			change: func(p *Person) { p.OP[0].Cislo, p.OP[0].Serie = "271828", "AC12" }}),
		c.make(draft{jmeno: "MARIE", prijmeni: "BEZSÉRIOVÁ", zena: true,
			special: "identity card without a series"}),
		c.make(draft{jmeno: "FRANTIŠEK", prijmeni: "ZESNULÝ", narozen: day(1931, 8, 9), special: "dead",
			change: func(p *Person) {
				died := day(2022, 2, 20)
				p.Umrti, p.MistoUmrti = &died, Place{Kod: kodPrahy, Obec: true}
			}}),
	}
}
