package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"brana/cmd/brana/config"
	"brana/egon"
)

// A generousAiseo answers X11 with the same items of a person, asked for or not.
type generousAiseo struct {
	url   string
	asked atomic.Value // the list that came last; "nothing" when none did
}

func startGenerousAiseo(t *testing.T, person string) *generousAiseo {
	t.Helper()
	a := &generousAiseo{}
	a.asked.Store("nothing")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // the gateway has proven it
		_, list, _ := strings.Cut(string(body), "AisSeznamUdaju xmlns:l=\""+egon.NSReg+"\">")
		list, _, _ = strings.Cut(list, "<")
		a.asked.Store(list)
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		fmt.Fprintf(w, `<s:Envelope xmlns:s="%s"><s:Body><e:AiseoSyncCtiAifoResponse xmlns:e="%s"`+
			` xmlns:reg="%s"><e:OdpovedInfo><reg:CasOdpovedi>2026-03-04T12:00:00Z</reg:CasOdpovedi>`+
			`<reg:Status><reg:VysledekKod>OK</reg:VysledekKod></reg:Status>`+
			`<reg:AgendaZadostId>a75167b3-b260-49a0-aac6-4d763538b259</reg:AgendaZadostId>`+
			`</e:OdpovedInfo><e:AiseoOdpoved><e:AiseoCtiAifoDataResponseV01>`+
			`<d:AiseoAplikacniStatus xmlns:d="urn:cz:isvs:aiseo:schemas:AiseoDotazyData:v1">`+
			`<t:VysledekAiseoKodType xmlns:t="urn:cz:isvs:aiseo:schemas:AiseoTypy:v1">OK`+
			`</t:VysledekAiseoKodType></d:AiseoAplikacniStatus><e:Aifo>1</e:Aifo>`+
			`<e:OsobaEO xmlns:t="urn:cz:isvs:aiseo:schemas:AiseoTypy:v1">%s</e:OsobaEO>`+
			`</e:AiseoCtiAifoDataResponseV01></e:AiseoOdpoved></e:AiseoSyncCtiAifoResponse>`+
			`</s:Body></s:Envelope>`,
			egon.NSEnvelope, egon.ServiceByCode("X11").Namespace, egon.NSReg, person)
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// What AISEO may return of a person.
const (
	rodneCislo = "<t:RodneCislo>7705033237</t:RodneCislo>"
	jmenoEO    = "<t:Jmeno>ZORAN</t:Jmeno>"
	rodStav    = "<t:RodStavTxt>ženatý</t:RodStavTxt>" // the caller may not have it
)

// The rules of a route decide before a publisher what becomes of a list and of a reply, as
// they do elsewhere. The caller may have Jmeno and RodneCislo.
func TestRulesBeforeAPublisher(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "matrix.csv"), "agenda,role,ovm,kod_iszr,kod_rpp\n")
	write(t, filepath.Join(dir, "grants.yaml"), `grants:
  - {agenda: X999, role: XR1, ovm: "12345678", ais: 999001, environment: test,
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [E159], items: {aiseo: [Jmeno, RodneCislo]},
     limits: {working_hours: 1000/h, off_hours: 1000/h, concurrent: 20}}
`)
	const permitted = rodneCislo + jmenoEO
	answers := &replyArchive{}
	for _, tt := range []struct {
		name   string
		route  config.Route
		list   string // of the message
		person string // that AISEO returns
		asked  string // of AISEO
		status string
		says   string // in the details of the status
		left   string // of the person
	}{
		{"all permitted", config.Route{}, "Jmeno RodneCislo", permitted,
			"Jmeno RodneCislo", egon.OK, "", permitted},
		{"strict, one not permitted", config.Route{}, "Jmeno RodStavTxt", permitted,
			"nothing", "CHYBA (NENI OPRAVNENI)", "BR_111: Nepovolené položky v SeznamUdaju: RodStavTxt.", ""},
		{"strict, an empty list", config.Route{}, "", permitted,
			"nothing", "CHYBA (NENI OPRAVNENI)", "BR_111: ", ""},
		{"as-iszr, one not permitted", config.Route{Items: config.AsIszr}, "Jmeno RodStavTxt", jmenoEO,
			"Jmeno", "VAROVANI (NENI OPRAVNENI", "RodStavTxt", jmenoEO},
		{"as-iszr, none permitted", config.Route{Items: config.AsIszr}, "RodStavTxt", permitted,
			"nothing", "CHYBA (NENI OPRAVNENI)", "RodStavTxt", ""},
		{"as-iszr, an empty list", config.Route{Items: config.AsIszr}, "", permitted,
			"Jmeno RodneCislo", egon.OK, "", permitted},
		{"pass, one not permitted", config.Route{Items: config.Pass, Returned: config.Observe},
			"Jmeno RodStavTxt", jmenoEO + rodStav, "Jmeno RodStavTxt", egon.OK, "", jmenoEO + rodStav},
		{"refuse, one returned without a right", config.Route{}, "Jmeno RodneCislo", permitted + rodStav,
			"Jmeno RodneCislo", "CHYBA (CHYBA VOLANI AIS by 4)", "BR_402: ", ""},
		{"refuse, one returned unasked", config.Route{}, "Jmeno", permitted,
			"Jmeno", "CHYBA (CHYBA VOLANI AIS by 4)", "BR_402: ", ""},
		{"filter, one returned without a right", config.Route{Returned: config.Filter},
			"Jmeno RodneCislo", permitted + rodStav,
			"Jmeno RodneCislo", "VAROVANI (NENI OPRAVNENI", "RodStavTxt", permitted},
		{"filter, one returned unasked", config.Route{Returned: config.Filter}, "Jmeno", permitted,
			"Jmeno", "VAROVANI (SPECIFIKACE V POPISU", "RodneCislo", jmenoEO},
		{"observe, one returned without a right", config.Route{Returned: config.Observe},
			"Jmeno", permitted + rodStav, "Jmeno", egon.OK, "", permitted + rodStav},
	} {
		t.Run(tt.name, func(t *testing.T) {
			aiseo := startGenerousAiseo(t, tt.person)
			w := startWorldWith(t, devCmd{Policy: dir}, func(c *config.Config) {
				c.Place = config.Publisher
				c.Upstreams["aiseo"] = config.Upstream{URL: aiseo.url, Ais: 4}
				tt.route.To = "relay aiseo"
				c.Routes = config.Routes{"default": tt.route}
			})
			r := w.post("X11", inward{
				code: "X11",
				ids:  egon.Quadruple{Agenda: "X999", Role: "XR1", Ovm: "12345678", Ais: "999001"},
				list: tt.list,
			}.message())
			if got := aiseo.asked.Load(); got != tt.asked {
				t.Errorf("AISEO was asked for %q, want %q", got, tt.asked)
			}
			if got := r.statusLine(); !strings.HasPrefix(got, tt.status) {
				t.Errorf("status %s, want %s", got, tt.status)
			}
			if said := r.sentences(); !strings.Contains(said, tt.says) {
				t.Errorf("said %q, want %q", said, tt.says)
			}
			for _, item := range []string{rodneCislo, jmenoEO, rodStav} {
				if got := strings.Contains(string(r.body), item); got != strings.Contains(tt.left, item) {
					t.Errorf("%s is in the answer: %v", item, got)
				}
			}
			answers.keep(tt.name, "X11", r.payload())
		})
	}
	answers.validate(t)
}
