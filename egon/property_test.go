package egon

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brana/egon/xmltext"
)

// A field is a place of a value from outside: write writes a document with v in it, and
// path is the place of v below the root.
type field struct {
	name  string
	write func(v string) []byte
	path  string // local names; @ begins an attribute
}

func replyField(name, path string, set func(*OdpovedInfo, string)) field {
	return field{name, func(v string) []byte {
		info := testInfo(Chyba, Detail{})
		set(info, v)
		return AppendReply(nil, ServiceByCode("E05"), true, info)
	}, "Body RobCtiPodleUdajuResponse OdpovedInfo " + path}
}

func headerField(name string, of func(*ZadostInfo) *[]byte) field {
	return field{"ZadostInfo " + name, func(v string) []byte {
		info := testZadostInfo()
		*of(info) = []byte(v)
		return AppendRequest(nil, &Request{Service: ServiceByCode("E05"), Enveloped: true,
			Info: info})
	}, "Body RobCtiPodleUdaju ZadostInfo " + name}
}

func queryField(kind QueryKind, path string, of func(*MediaQuery) *[]byte) field {
	const below = "IszrAgendaMediaCtiPodleUdajuData "
	return field{"MediaQuery " + path, func(v string) []byte {
		m := &MediaQuery{Kind: kind, Photos: Criteria{Used: true}, Signatures: Criteria{Used: true}}
		*of(m) = []byte(v)
		return AppendMediaQuestion(nil, m)
	}, below + path}
}

func fields() []field {
	return slices.Concat(replyFields(), headerFields(), queryFields(), rightsFields(), mapFields(),
		stepFields())
}

func replyFields() []field {
	const detail = "Status VysledekDetail "
	fault := func(text, kind string) []byte { return AppendFault(nil, FaultClient, text, kind) }
	return []field{
		replyField("VysledekKod", "Status VysledekKod",
			func(i *OdpovedInfo, v string) { i.Status.Kod = v }),
		replyField("SubKod", detail+"VysledekSubKod",
			func(i *OdpovedInfo, v string) { i.Status.Details[0].SubKod = v }),
		replyField("Popis", detail+"VysledekPopis",
			func(i *OdpovedInfo, v string) { i.Status.Details[0].Popis = v }),
		replyField("Registr", detail+"Puvodce Registr",
			func(i *OdpovedInfo, v string) { i.Status.Details[0].Puvodce = Party{Registr, v} }),
		replyField("Ais", detail+"Puvodce Ais", func(i *OdpovedInfo,
			v string) {
			i.Status.Details[0].Puvodce = Party{Ais, v}
		}),
		replyField("Agenda", detail+"Puvodce Agenda",
			func(i *OdpovedInfo, v string) { i.Status.Details[0].Puvodce = Party{Agenda, v} }),
		replyField("IszrZadostId", "IszrZadostId",
			func(i *OdpovedInfo, v string) { i.IszrZadostId = v }),
		{"faultstring", func(v string) []byte { return fault(v, "k") }, "Body Fault faultstring"},
		{"fault kind", func(v string) []byte { return fault("t", v) }, "Body Fault detail Kind"},
	}
}

func headerFields() []field {
	return []field{
		headerField("CasZadosti", func(i *ZadostInfo) *[]byte { return &i.CasZadosti }),
		headerField("Agenda", func(i *ZadostInfo) *[]byte { return &i.Agenda }),
		headerField("AgendovaRole", func(i *ZadostInfo) *[]byte { return &i.AgendovaRole }),
		headerField("Ovm", func(i *ZadostInfo) *[]byte { return &i.Ovm }),
		headerField("Ais", func(i *ZadostInfo) *[]byte { return &i.Ais }),
		headerField("Subjekt", func(i *ZadostInfo) *[]byte { return &i.Subjekt }),
		headerField("Uzivatel", func(i *ZadostInfo) *[]byte { return &i.Uzivatel }),
		headerField("DuvodUcel", func(i *ZadostInfo) *[]byte { return &i.DuvodUcel }),
		headerField("AgendaZadostId", func(i *ZadostInfo) *[]byte { return &i.AgendaZadostId }),
		headerField("PredchoziZadostId",
			func(i *ZadostInfo) *[]byte { return &i.PredchoziZadostId }),
		headerField("IszrZadostId", func(i *ZadostInfo) *[]byte { return &i.IszrZadostId }),
		headerField("AisKontrola", func(i *ZadostInfo) *[]byte { return &i.AisKontrola }),
		headerField("IszrKontrola", func(i *ZadostInfo) *[]byte { return &i.IszrKontrola }),
		headerField("PrioritaAis", func(i *ZadostInfo) *[]byte { return &i.PrioritaAis }),
	}
}

func queryFields() []field {
	const dotaz = "Dotaz AisSeMediaCtiPodleUdajuData "
	return []field{
		queryField(NoQuery, "AgendaZdroj", func(m *MediaQuery) *[]byte { return &m.AgendaZdroj }),
		queryField(NoQuery, "Ais", func(m *MediaQuery) *[]byte { return &m.Ais }),
		queryField(NoQuery, "Dotaz @verzeSluzby",
			func(m *MediaQuery) *[]byte { return &m.VerzeSluzby }),
		queryField(NoQuery, dotaz+"@typPorovnani",
			func(m *MediaQuery) *[]byte { return &m.TypPorovnani }),
		queryField(NoQuery, dotaz+"@znepristupniLog",
			func(m *MediaQuery) *[]byte { return &m.ZnepristupniLog }),
		queryField(NoQuery, dotaz+"KriteriaProFotky DatumOd",
			func(m *MediaQuery) *[]byte { return &m.Photos.DatumOd }),
		queryField(NoQuery, dotaz+"KriteriaProFotky DatumDo",
			func(m *MediaQuery) *[]byte { return &m.Photos.DatumDo }),
		queryField(NoQuery, dotaz+"KriteriaProPodpis Pocet",
			func(m *MediaQuery) *[]byte { return &m.Signatures.Pocet }),
		queryField(NoQuery, dotaz+"KlicProSifrovani",
			func(m *MediaQuery) *[]byte { return &m.Klic }),
		queryField(Dotaz1JmPrijRC, dotaz+"Dotaz1JmPrijRC Jmeno",
			func(m *MediaQuery) *[]byte { return &m.Jmeno }),
		queryField(Dotaz1JmPrijRC, dotaz+"Dotaz1JmPrijRC Prijmeni",
			func(m *MediaQuery) *[]byte { return &m.Prijmeni }),
		queryField(Dotaz1JmPrijRC, dotaz+"Dotaz1JmPrijRC RodneCislo",
			func(m *MediaQuery) *[]byte { return &m.RodneCislo }),
		queryField(Dotaz2JmPrijDatNar, dotaz+"Dotaz2JmPrijDatNar DatumNarozeni",
			func(m *MediaQuery) *[]byte { return &m.DatumNarozeni }),
		queryField(Dotaz3JmPrijDatNarMN, dotaz+"Dotaz3JmPrijDatNarMN MistoNarozeni NarozeniCr",
			func(m *MediaQuery) *[]byte { return &m.NarozeniCr }),
		queryField(Dotaz3JmPrijDatNarMN,
			dotaz+"Dotaz3JmPrijDatNarMN MistoNarozeni NarozeniSvet MistoSvet",
			func(m *MediaQuery) *[]byte { return &m.MistoSvet }),
		queryField(Dotaz3JmPrijDatNarMN,
			dotaz+"Dotaz3JmPrijDatNarMN MistoNarozeni NarozeniSvet Stat",
			func(m *MediaQuery) *[]byte { return &m.Stat }),
		queryField(Dotaz4JmPrijDatNarTP, dotaz+"Dotaz4JmPrijDatNarTP TrvalyPobyt",
			func(m *MediaQuery) *[]byte { return &m.TrvalyPobyt }),
		queryField(Dotaz5JmPrijDokladOp, dotaz+"Dotaz5JmPrijDoklad Op OpCislo",
			func(m *MediaQuery) *[]byte { return &m.OpCislo }),
		queryField(Dotaz5JmPrijDokladOp, dotaz+"Dotaz5JmPrijDoklad Op OpSerie",
			func(m *MediaQuery) *[]byte { return &m.OpSerie }),
		queryField(Dotaz5JmPrijDokladCd, dotaz+"Dotaz5JmPrijDoklad Cd CdCislo",
			func(m *MediaQuery) *[]byte { return &m.CdCislo }),
		queryField(Dotaz5JmPrijDokladCd, dotaz+"Dotaz5JmPrijDoklad Cd CdDruh",
			func(m *MediaQuery) *[]byte { return &m.CdDruh }),
	}
}

func rightsFields() []field {
	const polozka = "Body IszrVypisOpravneniPolozkyResponse IszrOdpoved IszrVypisOpravneniPolozkyDataResponse Polozka "
	rights := func(items ...RightsItem) []byte {
		return AppendRights(nil, true, testInfo(OK),
			&RightsQuery{}, items)
	}
	query := func(name string, of func(*RightsQuery) *[]byte) field {
		return field{"RightsQuery " + name, func(v string) []byte {
			q := &RightsQuery{}
			*of(q) = []byte(v)
			return AppendRightsQuestion(nil, q)
		}, "IszrVypisOpravneniPolozkyData " + name}
	}
	return []field{
		{"KodIszr", func(v string) []byte { return rights(RightsItem{KodIszr: v}) }, polozka +
			"KodIszr"},
		{"KodRpp", func(v string) []byte { return rights(RightsItem{"x", v}) }, polozka + "KodRpp"},
		query("Agenda", func(q *RightsQuery) *[]byte { return &q.Agenda }),
		query("AgendovaRole", func(q *RightsQuery) *[]byte { return &q.AgendovaRole }),
		query("Ovm", func(q *RightsQuery) *[]byte { return &q.Ovm }),
	}
}

func mapFields() []field {
	const prevod = "MapaAifo PrevodAifo "
	media := func(b MediaBlocks) []byte {
		b.Source, _ = SourceOf([]byte("Eop"))
		return AppendMediaTail(AppendMediaHead(nil, false, testInfo(OK), &b), false, b.Source)
	}
	entry := func(p PrevodAifo) []byte { return media(MediaBlocks{Map: []PrevodAifo{p}}) }
	return []field{
		{"GlobalniAifo", func(v string) []byte { return entry(PrevodAifo{Global: v}) }, prevod +
			"GlobalniAifo"},
		{"agenda", func(v string) []byte { return entry(PrevodAifo{Global: "g", Agenda: v}) },
			prevod + "@agenda"},
		{"ais", func(v string) []byte { return entry(PrevodAifo{Global: "g", Ais: v}) }, prevod +
			"@ais"},
		{"prevodAifoStatus", func(v string) []byte {
			return entry(PrevodAifo{Global: "g",
				Status: v})
		},
			prevod + "LokalniAifo @prevodAifoStatus"},
		{"stavOvereniPrvku", func(v string) []byte {
			return media(
				MediaBlocks{Places: []Place{{Kod: 1, Stav: v}}})
		},
			"SeznamIdAdres AdresniMisto @stavOvereniPrvku"},
	}
}

func stepFields() []field {
	step := func() *Step { return testStep(&MediaQuery{Kind: Dotaz1JmPrijRC}, "EopFoto") }
	target := func(a AgendaAis) []byte {
		return AppendTranslate(nil, step(), OrgCtiAifo,
			&Translation{Target: a})
	}
	return []field{
		{"target agenda", func(v string) []byte { return target(AgendaAis{Agenda: v}) },
			"Body OrgCtiAifoRequest OrgAgendaAis Agenda"},
		{"target AIS", func(v string) []byte { return target(AgendaAis{Ais: v}) },
			"Body OrgCtiAifoRequest OrgAgendaAis AIS"},
		{"step's IszrZadostId", func(v string) []byte {
			st := step()
			st.IszrZadostId = v
			return AppendPlaces(nil, st, true, nil)
		}, "Body CtiProRobRequest ZadostInfo IszrZadostId"},
		{"items of ROB", func(v string) []byte {
			return AppendRead(nil, step(), testPerson(),
				[]string{v})
		},
			"Body RobSyncDotaz AutorizaceInfo SeznamUdaju RobSeznamUdaju"},
	}
}

// find follows a path of local names from n and returns the text at its end.
func find(n *xmltext.Node, path string) (string, bool) {
	for _, name := range strings.Fields(path) {
		if attribute, ok := strings.CutPrefix(name, "@"); ok {
			return n.AttrValue(attribute)
		}
		i := slices.IndexFunc(n.Children, func(c *xmltext.Node) bool { return c.Local == name })
		if i < 0 {
			return "", false
		}
		n = n.Children[i]
	}
	return n.Text, true
}

// legal generates strings of characters that XML allows, the awkward ones often.
func legal() *rapid.Generator[string] {
	awkward := rapid.SampledFrom([]rune("<>&\"']]>\t\n\r \u0085\u2028\uFFFD\U0010FFFF"))
	anyOther := rapid.Rune().Filter(func(r rune) bool {
		return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 &&
			r <= 0xFFFD || r >= 0x10000
	})
	return rapid.StringOfN(rapid.OneOf(awkward, anyOther), 1, 40, -1)
}

// With any legal text in a field, the document is well-formed and has that text in its
// place.
func TestTextSurvives(t *testing.T) {
	for _, f := range fields() {
		t.Run(f.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				v := legal().Draw(t, "value")
				doc := f.write(v)
				root, err := xmltext.Parse(doc, xmltext.DefaultBounds())
				if err != nil {
					t.Fatalf("%v in %s", err, doc)
				}
				if got, ok := find(root, f.path); !ok || got != v {
					t.Fatalf("%s = %q, want %q in %s", f.path, got, v, doc)
				}
			})
		})
	}
}

// With any bytes in a field, the document is well-formed, for another parser too.
func TestAnyBytesStayInside(t *testing.T) {
	for _, f := range fields() {
		t.Run(f.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				doc := f.write(string(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "value")))
				if _, err := xmltext.Parse(doc, xmltext.DefaultBounds()); err != nil {
					t.Fatalf("%v in %q", err, doc)
				}
				for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
					if _, err := d.Token(); errors.Is(err, io.EOF) {
						return
					} else if err != nil {
						t.Fatalf("%v in %q", err, doc)
					}
				}
			})
		})
	}
}
