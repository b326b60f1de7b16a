package audittest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"brana/egon"
)

// An office is a caller with its habits.
type office struct {
	info     egon.ZadostInfo // without ids and user
	users    []string
	services []string
	peer     netip.Addr
	serial   string
	rule     string  // the grant, as file:line
	wrong    float64 // share of calls that ask for more than is granted
	quota    int64
}

// items are what services are asked for. They return those and no others.
var items = map[string][]string{
	"E198": {"EopFoto", "EopPodpis", "EcdFoto", "EcdPodpis", "Jmeno", "Prijmeni", "DatumNarozeni"},
	"E05":  {"Jmeno", "Prijmeni", "DatumNarozeni", "AdresaPobytu", "Doklad", "Obcanstvi"},
	"E08":  {"Jmeno", "Prijmeni", "DatumUmrti", "AdresaPobytu"},
	"E278": {"Jmeno", "Prijmeni", "DatumNarozeni", "RodinnyStav", "DatovaSchrankaROB"},
	"E183": {"RodneCislo", "StavOsoby", "AdresaTP"},
	"E20":  {"ObchodniNazev", "PravniForma", "AdresaSidla", "StatutarniOrgan"},
}

// local is the service that the gateway answers itself, often by a job. It has no items.
const local = "E227"

// services are the keys of items in the order of their use.
var services = []string{"E198", "E05", "E278", "E08", "E183", "E20"}

var (
	surnames = []string{
		"novak", "svobodova", "dvorak", "cerna", "prochazka", "kucerova", "vesely", "horak",
	}
	reasons = []string{
		"vydani občanského průkazu", "ověření totožnosti",
		"kontrola údajů žadatele", "řízení o přestupku",
	}
)

// newOffices makes callers.
func newOffices(r *rand.Rand, count int) []*office {
	offices := make([]*office, count)
	for i := range offices {
		o := &office{
			info: egon.ZadostInfo{
				Agenda:       fmt.Appendf(nil, "A%d", 100+r.IntN(count/4+1)),
				AgendovaRole: fmt.Appendf(nil, "CR%d", 1000+r.IntN(20)),
				Ovm:          fmt.Appendf(nil, "%08d", 100000+i*7919),
				Ais:          fmt.Appendf(nil, "%d", 1000+i),
				Subjekt:      fmt.Appendf(nil, "Městský úřad %d", i+1),
				DuvodUcel:    []byte(reasons[r.IntN(len(reasons))]),
			},
			services: services[:1+r.IntN(len(services))],
			peer:     netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 5}),
			serial:   fmt.Sprintf("%016x", r.Uint64()),
			rule:     fmt.Sprintf("grants.yaml:%d", 3+i*12),
			wrong:    r.Float64() * r.Float64() * 0.1,
			quota:    5000,
		}
		for n := range 2 + r.IntN(20) {
			o.users = append(o.users, fmt.Sprintf("%s%d", surnames[r.IntN(len(surnames))], n))
		}
		offices[i] = o
	}
	return offices
}

// drawOffice draws a caller: the first ones call most.
func drawOffice(r *rand.Rand, offices []*office) *office {
	f := r.Float64()
	return offices[int(f*f*f*float64(len(offices)))]
}
