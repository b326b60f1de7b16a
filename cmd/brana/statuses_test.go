package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"brana/bench/registries"
)

// A person is found by what persons --json prints; the special ones by what is
// special about them.
func special(t testing.TB, what string) registries.Listed {
	t.Helper()
	list := registries.NewPopulation(0, 1).List(0)
	i := slices.IndexFunc(list, func(l registries.Listed) bool { return l.Special == what })
	if i < 0 {
		t.Fatalf("no person is special for %q", what)
	}
	return list[i]
}

// byBirth searches a person by name and birth date, beside other flags.
func byBirth(l registries.Listed, flags ...string) []string {
	return append([]string{"--name", l.Jmeno + "/" + l.Prijmeni, "--born", l.DatumNarozeni}, flags...)
}

const everything = "EopFoto Jmeno Prijmeni DatumNarozeni AdresaPobytu ROBCti RUIANCti"

// Every status of E198 that somebody in the registries shows. The name of a
// row is also that of its golden reply.
func TestStatusesOfE198(t *testing.T) {
	for _, tt := range statuses(t) {
		t.Run(tt.name, func(t *testing.T) {
			w := startWorld(t) // ORG has made no AIFO yet
			r := w.call("E198", tt.flags...)
			if got := r.outline(); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if got := w.steps(); got != tt.steps {
				t.Errorf("steps %s, want %s", got, tt.steps)
			}
			golden(t, "e198-"+tt.name, r)
		})
	}
}

// A status is one way a call of E198 can end: the flags of brana call, the
// blocks of the reply, and the messages that registries got for it.
type status struct {
	name  string
	flags []string
	want  string
	steps string
}

func statuses(t testing.TB) []status {
	items := func(l registries.Listed, words string, more ...string) []string {
		return byBirth(l, append([]string{"--items", words}, more...)...)
	}
	lines := func(l ...string) string { return strings.Join(l, "\n") }
	const (
		person   = "MapaAifo next=2 1"
		verified = "RobOdpoved RobOverHromadneAifo OK"
		read     = verified + " RobCtiPodleUdaju OK"
		photo    = "EopOdpoved OK Fotka 2021-03-15"
	)
	return []status{
		{"ok", items(special(t, "delivery address"), everything),
			lines("OK", person, "SeznamIdAdres 21705606:existuje", read, "RuianOdpoved addresses=1", photo), "A28 G02 G27 G27 O08 O25 X21"},
		{"media-alone", items(special(t, "delivery address"), "EopFoto EopPodpis"),
			lines("OK", person, "SeznamIdAdres", verified, "EopOdpoved OK Fotka Podpis 2021-03-15 2021-03-15"), "G02 G27 G27 O25 X21"},
		{"nobody-found", []string{"--name", "Nikdo Neznámý", "--born", "1901-01-01", "--items", everything},
			lines("VAROVANI (SPECIFIKACE V POPISU by 2)", "SeznamIdAdres", "EopOdpoved VAROVANI SPECIFIKACE V POPISU"), "X21"},
		{"two-found", items(special(t, "two alike: same name and birth date"), everything),
			lines("VAROVANI (SPECIFIKACE V POPISU by 2)", "SeznamIdAdres", "EopOdpoved VAROVANI SPECIFIKACE V POPISU"), "X21"},
		{"not-in-rob", items(special(t, "in the evidences, unknown to ROB"), everything),
			lines("VAROVANI", "SeznamIdAdres", "RobOdpoved RobOverHromadneAifo VAROVANI PARCIALNI ZAZNAM NENALEZEN", photo), "G27 G27 O25 X21"},
		{"differs-at-rob", items(special(t, "another surname at ROB"), everything),
			lines("VAROVANI", "SeznamIdAdres", "RobOdpoved RobOverHromadneAifo VAROVANI PARCIALNI ZAZNAM NEOVEREN", photo), "G27 G27 O25 X21"},
		{"untranslatable", items(special(t, "ORG does not find the AIFO"), everything),
			lines("VAROVANI", "SeznamIdAdres", "OrgOdpoved AIFO NENALEZENO", photo), "G27 X21"},
		{"merged", items(special(t, "merged in ORG"), everything),
			lines("VAROVANI", "SeznamIdAdres", "OrgOdpoved OSOBA SPOJENA", photo), "G27 X21"},
		{"split", items(special(t, "split in ORG"), everything),
			lines("VAROVANI", "SeznamIdAdres", "OrgOdpoved OSOBA ROZDELENA", photo), "G27 X21"},
		{"invalid", items(special(t, "AIFO invalid in ORG"), everything),
			lines("VAROVANI", "SeznamIdAdres", "OrgOdpoved AIFO ZNEPLATNENO", photo), "G27 X21"},
		{"compromised", items(special(t, "AIFO compromised in ORG"), everything),
			lines("VAROVANI", "SeznamIdAdres", "OrgOdpoved AIFO KOMPROMITOVANO", photo), "G27 X21"},
		{"to-rob-only", items(special(t, "ORG translates to ROB only"), "EopFoto Jmeno Prijmeni ROBCti"),
			lines("VAROVANI", "SeznamIdAdres", "OrgOdpoved AIFO ZNEPLATNENO", read, photo), "G27 G27 O08 O25 X21"},
		{"no-photo", items(special(t, "signature, no photo"), "EopFoto"),
			lines("OK", person, "SeznamIdAdres", verified, "EopOdpoved OK"), "G02 G27 G27 O25 X21"},
		{"withheld", items(special(t, "photo is not given out (UDAJ NEVYDAN)"), "EopFoto"),
			lines("VAROVANI", person, "SeznamIdAdres", verified, "EopOdpoved VAROVANI UDAJ NEVYDAN"), "G27 G27 O25 X21"},
		{"address-not-found", items(special(t, "address not found in RUIAN"), everything),
			lines("VAROVANI (ADRESA NEEXISTUJE by RUIAN)", person, "SeznamIdAdres 21999999:nenalezen", read, "RuianOdpoved addresses=0", photo), "A28 G27 G27 O08 O25 X21"},
		{"address-removed", items(special(t, "address removed from RUIAN"), "EopFoto AdresaPobytu ROBCti RUIANOver"),
			lines("VAROVANI (ADRESA SMAZANA by RUIAN)", person, "SeznamIdAdres 21999901:zrusen", read, photo), "A28 G27 G27 O08 O25 X21"},
		{"period-of-media", items(special(t, "delivery address"), "EopFoto", "--from", "2000-01-01", "--to", "2030-01-01"),
			lines("OK", person, "SeznamIdAdres", verified, "EopOdpoved OK Fotka Fotka Fotka 2021-03-15 2011-03-12 2001-03-09"), "G02 G27 G27 O25 X21"},
		{"no-evidence-item", items(special(t, "delivery address"), "Jmeno Prijmeni ROBCti"), "CHYBA (NEVALIDNI DATA)", ""},
		{"control-words-alone", items(special(t, "delivery address"), "ROBCti RUIANCti"), "CHYBA (NEVALIDNI DATA)", ""},
		{"robcti-without-rob-items", items(special(t, "delivery address"), "EopFoto ROBCti"), "CHYBA (NEVALIDNI DATA)", ""},
		{"item-of-the-other-evidence", items(special(t, "delivery address"), "EcdFoto"), "CHYBA (NEVALIDNI DATA)", ""},
		{"criteria-without-right", items(special(t, "delivery address"), "EopFoto", "--count", "2", "--role", "XR2", "--ais", "999002"),
			"CHYBA (NENI OPRAVNENI)", ""},
		{"hiding-without-right", items(special(t, "delivery address"), "EopFoto", "--hide-log"), "CHYBA (NENI OPRAVNENI)", ""},
		{"input-without-right", []string{"--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--address", "14492253", "--items", "EopFoto", "--role", "XR2", "--ais", "999002"},
			"CHYBA (NENI OPRAVNENI)", ""},
	}
}

// failures are those that show before the first byte of the reply.
var failures = []registries.Failure{registries.FailRefuse, registries.FailHTTP500, registries.FailFault,
	registries.FailWrongNamespace, registries.FailEmpty, registries.FailCut, registries.FailChyba}

// A registry that is down is named and nothing is given out; whoever is asked
// before it has been asked.
func TestRegistryDown(t *testing.T) {
	w := startWorld(t)
	for _, tt := range []struct {
		registry string
		source   string
		want     string
	}{
		{registries.EOP, "Eop", "CHYBA (CHYBA VOLANI AIS by 2)"},
		{registries.ECD, "Ecd", "CHYBA (CHYBA VOLANI AIS by 3)"},
		{registries.ORG, "Eop", "CHYBA (CHYBA VOLANI REGISTRU by ORG)"},
		{registries.ROB, "Eop", "CHYBA (CHYBA VOLANI REGISTRU by ROB)"},
		{registries.RUIAN, "Eop", "CHYBA (CHYBA VOLANI REGISTRU by RUIAN)"},
	} {
		for _, failure := range append(failures, registries.FailMalformed) {
			if failure == registries.FailMalformed && tt.registry == strings.ToLower(tt.source) {
				continue // see TestEvidenceThatBreaksInItsTail
			}
			t.Run(tt.registry+" "+string(failure), func(t *testing.T) {
				w.set(tt.registry, registries.Settings{Failure: failure})
				defer w.set(tt.registry, registries.Settings{})
				items := strings.ReplaceAll(everything, "Eop", tt.source)
				r := w.call("E198", byBirth(special(t, "delivery address"), "--source", tt.source, "--items", items)...)
				if got := r.outline(); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") {
					t.Errorf("got %s, want %s and nothing more", got, tt.want)
				}
			})
		}
	}
	if got := w.call("E198", byBirth(special(t, "delivery address"), "--items", everything)...).statusLine(); got != "OK" {
		t.Errorf("afterwards: %s", got)
	}
}

// An evidence whose answer breaks after its media began to leave breaks the
// reply too: the caller never takes it for a complete one.
func TestEvidenceThatBreaksInItsTail(t *testing.T) {
	w := startWorld(t)
	w.set(registries.EOP, registries.Settings{Failure: registries.FailMalformed})
	body := message(t, "E198", byBirth(special(t, "delivery address"), "--items", everything)...)
	response, err := w.client.Do(w.request("E198", bytes.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := readReply(response); err == nil && !strings.HasPrefix(r.outline(), "CHYBA (CHYBA VOLANI AIS by 2)") {
		t.Errorf("got a complete reply: %s", r.outline())
	}
}

// A call that a registry leaves without an answer ends with its deadline and
// names the registry.
func TestRegistryThatHangs(t *testing.T) {
	w := startWorld(t, func(c *config) {
		u := c.Upstreams["rob"]
		u.Timeout = duration(200_000_000)
		c.Upstreams["rob"] = u
	})
	w.set(registries.ROB, registries.Settings{Failure: registries.FailHang})
	r := w.call("E198", byBirth(special(t, "delivery address"), "--items", everything)...)
	if got := r.outline(); got != "CHYBA (PREKROCEN CAS by ROB)" {
		t.Errorf("got %s, want PREKROCEN CAS by ROB", got)
	}
}

// Whoever is sought by any of the search inputs is found.
func TestEveryWayToSearch(t *testing.T) {
	w := startWorld(t)
	card, noSeries := special(t, "identity card with a series"), special(t, "identity card without a series")
	abroad, district := special(t, "born abroad, two citizenships"), special(t, "born in a district of Prague")
	zoran := special(t, "delivery address")
	name := func(l registries.Listed) string { return l.Jmeno + " " + l.Prijmeni }
	for _, tt := range []struct {
		name  string
		flags []string
	}{
		{"RodneCislo", []string{"--name", name(zoran), "--rc", zoran.RodneCislo}},
		{"birth date", byBirth(zoran)},
		{"birth date, without accents", byBirth(zoran, "--compare", "ascii", "--name", "alena dorucovaci")},
		{"place of birth", byBirth(zoran, "--birthplace", strconv.Itoa(zoran.MistoNarozeni.NarozeniCr))},
		{"place of birth in a district of Prague", byBirth(district, "--district", strconv.Itoa(district.MistoNarozeni.NarozeniCr))},
		{"place of birth abroad", byBirth(abroad, "--abroad", abroad.MistoNarozeni.MistoSvet+"/"+strconv.Itoa(abroad.MistoNarozeni.Stat))},
		{"residence", byBirth(zoran, "--address", strconv.Itoa(zoran.TrvalyPobyt))},
		{"identity card with a series", []string{"--name", name(card), "--op", card.Op[0].Cislo + "/" + card.Op[0].Serie}},
		{"identity card without a series", []string{"--name", name(noSeries), "--op", noSeries.Op[0].Cislo}},
		{"travel document", []string{"--name", name(zoran), "--cd", zoran.Cd[0].Cislo, "--source", "Ecd"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			items := "EopFoto"
			if slices.Contains(tt.flags, "Ecd") {
				items = "EcdFoto"
			}
			r := w.call("E198", append(slices.Clone(tt.flags), "--items", items)...)
			if got := r.statusLine(); got != "OK" || len(findAll(r.root, "Fotka")) != 1 {
				t.Errorf("got\n%s", r.outline())
			}
		})
	}
}
