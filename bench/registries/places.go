package registries

// The states of an element of RUIAN (StavOvereniPrvkuRuianType).
const (
	Existuje  = "existuje"
	Nenalezen = "nenalezen"
	Zrusen    = "zrusen"
)

// The kinds of a place that is not an address (TypAdresniLokalityType).
const (
	Obec       = "OB" // municipality
	ObvodPrahy = "MP" // district of Prague
)

// Address is an address of RUIAN, with the fields of AdresaPolozkovaType and
// under its names. A field that is zero or empty does not apply.
type Address struct {
	Kod   int    // AdresniMistoKod
	State string // [Existuje], [Nenalezen] or [Zrusen]; the fields below hold only for the first

	OkresKod               int
	OkresNazev             string
	ObecKod                int
	ObecNazev              string
	CastObceKod            int
	CastObceNazev          string
	UliceKod               int
	UliceNazev             string
	PostaKod               int // PSČ
	PostaNazev             string
	StavebniObjektKod      int
	TypCislaDomovnihoKod   int // 1: číslo popisné
	CisloDomovni           int
	CisloOrientacni        int
	CisloOrientacniPismeno string
	MopKod                 int // district of Prague
	MopNazev               string
}

// Place is a place of birth or death: in the Czech Republic by its code, abroad by
// its name. The zero Place is unknown.
type Place struct {
	Kod       int    // municipality, or district of Prague; 0 abroad
	Obec      bool   // true: Kod is a municipality
	MistoSvet string // abroad
	Stat      int    // state abroad, by the list of countries of the Czech Statistical Office
}

// Typ returns the kind of a place in the Czech Republic as RUIAN names it.
func (p Place) Typ() string {
	if p.Obec {
		return Obec
	}
	return ObvodPrahy
}

// gazetteer is the part of RUIAN that the population lives in. It is the same
// for every seed.
type gazetteer struct {
	addresses []Address
	byKod     map[int]int // AdresniMistoKod → index
}

// address returns the address of a code, never nil: an unknown one has the
// state Nenalezen. The caller must not change it.
func (g *gazetteer) address(kod int) *Address {
	if i, ok := g.byKod[kod]; ok {
		return &g.addresses[i]
	}
	return &Address{Kod: kod, State: Nenalezen}
}

func (g *gazetteer) add(a Address) {
	g.byKod[a.Kod] = len(g.addresses)
	g.addresses = append(g.addresses, a)
}

// The codes that are used by name. The first three are the addresses of special
// persons, kodNenalezen is in no register.
const (
	kodRolnicka  = 14492253
	kodBloomberg = 10014
	kodZruseny   = 21999901
	kodNenalezen = 21999999
	kodPrahy     = 554782
	kodCeska     = 203

	firstAddress    = 21690000
	firstStreet     = 700_000
	housesPerStreet = 14
)

func newGazetteer() *gazetteer {
	g := &gazetteer{byKod: make(map[int]int)}
	for town := range towns {
		for street := range streets {
			for house := range housesPerStreet {
				g.add(houseAt(town, street, house))
			}
		}
	}
	for town, kod := range []int{kodRolnicka, kodBloomberg, kodZruseny} {
		a := houseAt(town, 0, housesPerStreet)
		a.Kod, a.State = kod, Existuje
		if kod == kodZruseny {
			a = Address{Kod: kod, State: Zrusen}
		}
		g.add(a)
	}
	return g
}

// houseAt makes the address of one house. Codes follow from the position, so
// that they never change.
func houseAt(town, street, house int) Address {
	t, s := towns[town], town*len(streets)+street
	a := Address{
		Kod:                  firstAddress + 3*(s*housesPerStreet+house),
		State:                Existuje,
		OkresKod:             t.okresKod,
		OkresNazev:           t.okres,
		ObecKod:              t.kod,
		ObecNazev:            t.nazev,
		CastObceKod:          400_000 + town,
		CastObceNazev:        t.nazev,
		UliceKod:             firstStreet + s,
		UliceNazev:           streets[street],
		PostaKod:             t.psc,
		PostaNazev:           t.nazev,
		StavebniObjektKod:    24_000_000 + s*(housesPerStreet+1) + house,
		TypCislaDomovnihoKod: 1,
		CisloDomovni:         100 + 37*street + 11*house,
		CisloOrientacni:      1 + 2*house,
	}
	if house%5 == 4 {
		a.CisloOrientacniPismeno = "a"
	}
	if t.kod == kodPrahy {
		d := districts[street%len(districts)]
		a.CastObceKod, a.CastObceNazev = 490_000+d.kod, d.cast
		a.MopKod, a.MopNazev = d.kod, d.nazev
		a.PostaKod, a.PostaNazev = d.psc, d.nazev
	}
	return a
}

// lokalita returns the name of a municipality (OB) or of a district of Prague
// (MP).
func lokalita(kod int, typ string) (nazev string, ok bool) {
	if typ == ObvodPrahy {
		for _, d := range districts {
			if d.kod == kod {
				return d.nazev, true
			}
		}
		return "", false
	}
	for _, t := range towns {
		if t.kod == kod {
			return t.nazev, true
		}
	}
	return "", false
}

var streets = []string{"Hlavní", "Nádražní", "Školní", "Zahradní", "Krátká", "Na Příkopě",
	"Palackého", "Husova", "Komenského", "Lipová"}

type town struct {
	kod      int
	nazev    string
	okresKod int
	okres    string
	psc      int
}

var towns = []town{
	{kodPrahy, "Praha", 3100, "Praha", 11000},
	{582786, "Brno", 3702, "Brno-město", 60200},
	{554821, "Ostrava", 3807, "Ostrava-město", 70200},
	{554791, "Plzeň", 3405, "Plzeň-město", 30100},
	{563889, "Liberec", 3505, "Liberec", 46001},
	{500496, "Olomouc", 3805, "Olomouc", 77900},
	{544256, "České Budějovice", 3301, "České Budějovice", 37001},
	{569810, "Hradec Králové", 3602, "Hradec Králové", 50002},
	{554804, "Ústí nad Labem", 3510, "Ústí nad Labem", 40001},
	{555134, "Pardubice", 3606, "Pardubice", 53002},
	{585068, "Zlín", 3705, "Zlín", 76001},
	{555088, "Havířov", 3803, "Karviná", 73601},
	{532053, "Kladno", 3203, "Kladno", 27201},
	{567027, "Most", 3508, "Most", 43401},
	{505927, "Opava", 3806, "Opava", 74601},
	{598003, "Frýdek-Místek", 3802, "Frýdek-Místek", 73801},
	{586846, "Jihlava", 3707, "Jihlava", 58601},
	{567442, "Teplice", 3509, "Teplice", 41501},
	{562335, "Děčín", 3502, "Děčín", 40502},
	{562971, "Chomutov", 3503, "Chomutov", 43001},
	{554961, "Karlovy Vary", 3403, "Karlovy Vary", 36001},
	{563510, "Jablonec nad Nisou", 3504, "Jablonec nad Nisou", 46601},
	{535419, "Mladá Boleslav", 3207, "Mladá Boleslav", 29301},
	{589250, "Prostějov", 3709, "Prostějov", 79601},
	{511382, "Přerov", 3808, "Přerov", 75002},
	{561380, "Česká Lípa", 3501, "Česká Lípa", 47001},
	{590266, "Třebíč", 3710, "Třebíč", 67401},
	{552046, "Tábor", 3308, "Tábor", 39001},
	{593711, "Znojmo", 3713, "Znojmo", 66902},
	{533165, "Kolín", 3204, "Kolín", 28002},
	{539911, "Příbram", 3211, "Příbram", 26101},
	{554481, "Cheb", 3402, "Cheb", 35002},
	{549240, "Písek", 3305, "Písek", 39701},
	{579025, "Trutnov", 3610, "Trutnov", 54101},
	{588296, "Kroměříž", 3708, "Kroměříž", 76701},
	{541630, "Vsetín", 3810, "Vsetín", 75501},
	{523704, "Šumperk", 3809, "Šumperk", 78701},
	{584291, "Břeclav", 3704, "Břeclav", 69002},
	{592005, "Uherské Hradiště", 3711, "Uherské Hradiště", 68601},
	{586021, "Hodonín", 3706, "Hodonín", 69501},
	{564567, "Litoměřice", 3506, "Litoměřice", 41201},
	{568414, "Havlíčkův Brod", 3601, "Havlíčkův Brod", 58001},
	{599191, "Nový Jičín", 3804, "Nový Jičín", 74101},
	{597520, "Krnov", 3801, "Bruntál", 79401},
	{560286, "Sokolov", 3409, "Sokolov", 35601},
}

type district struct {
	kod   int
	nazev string
	cast  string
	psc   int
}

var districts = []district{
	{19, "Praha 1", "Staré Město", 11000}, {27, "Praha 2", "Vinohrady", 12000},
	{35, "Praha 3", "Žižkov", 13000},
	{43, "Praha 4", "Nusle", 14000}, {51, "Praha 5", "Smíchov", 15000},
	{60, "Praha 6", "Dejvice", 16000},
	{78, "Praha 7", "Holešovice", 17000}, {86, "Praha 8", "Karlín", 18600},
	{94, "Praha 9", "Vysočany", 19000},
	{108, "Praha 10", "Vršovice", 10100},
}
