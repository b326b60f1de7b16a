package main

import (
	"strings"
	"testing"

	"brana/egon"
)

// elevenItems is what the description of E227 gives as its example, in its
// order.
const elevenItems = `Prijmeni 101-1-1
Obcanstvi 101-1-10
Doklad 101-1-11
DatovaSchrankaROB 101-1-12
Jmeno 101-1-2
AdresaPobytu 101-1-3
DorucovaciAdresa 101-1-4
DatumNarozeni 101-1-5
MistoNarozeni 101-1-6
Ico 102-1-1
AdresaSidla 102-1-14`

func TestRightsOfATriple(t *testing.T) {
	r := startWorld(t).call("E227", "--triple", "A1185/CR8359/00372498")
	if got := r.statusLine(); got != egon.OK || text(r.root, "VysledekIszrKodType") != egon.OK {
		t.Errorf("status %s, application status %s, want OK", got, text(r.root, "VysledekIszrKodType"))
	}
	var pairs []string
	for _, p := range findAll(r.root, "Polozka") {
		pairs = append(pairs, text(p, "KodIszr")+" "+text(p, "KodRpp"))
	}
	if got := strings.Join(pairs, "\n"); got != elevenItems {
		t.Errorf("got\n%s\nwant\n%s", got, elevenItems)
	}
	golden(t, "e227-eleven-items", r)
}

func TestTripleWithoutRights(t *testing.T) {
	r := startWorld(t).call("E227", "--triple", "A115/CT239/00007064")
	app := find(r.root, "IszrAplikacniStatus")
	if r.statusLine() != egon.Varovani || text(app, "VysledekIszrKodType") != egon.Varovani ||
		text(app, "VysledekSubKod") != "ZAZNAM NENALEZEN" ||
		text(app, "VysledekPopis") != "S227_001: Nejsou evidována žádná oprávnění na položky pro A115/CT239/00007064." {
		t.Errorf("status %s, application status %s", r.statusLine(), allText(app))
	}
	golden(t, "e227-no-items", r)
}

func TestMissingParameterOfE227(t *testing.T) {
	w := startWorld(t)
	whole := string(message(t, "E227", "--triple", "A1185/CR8359/00372498"))
	for _, parameter := range []string{"Agenda", "AgendovaRole", "Ovm"} {
		t.Run(parameter, func(t *testing.T) {
			at := strings.LastIndex(whole, parameter+">"+map[string]string{"Agenda": "A1185", "AgendovaRole": "CR8359", "Ovm": "00372498"}[parameter])
			start := strings.LastIndex(whole[:at], "<")
			end := at + strings.Index(whole[at:], "</")
			end += strings.Index(whole[end:], ">") + 1
			r := w.post("E227", []byte(whole[:start]+whole[end:]))
			if got := r.outline(); got != "CHYBA (NEVALIDNI DATA)" || !strings.Contains(text(r.root, "VysledekPopis"), parameter) {
				t.Errorf("got %s: %s", got, text(r.root, "VysledekPopis"))
			}
			golden(t, "e227-without-"+strings.ToLower(parameter), r)
		})
	}
}
