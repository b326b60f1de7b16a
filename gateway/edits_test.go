package gateway

import (
	"brana/audit"
	"brana/egon"
	"brana/policy"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// editing has the default route treat items as the bus does, in both directions.
func editing(s *settings) {
	s.cfg.Routes.Default.Items, s.cfg.Routes.Default.Returned = policy.AsIszr, egon.FilterReturned
}

// What is removed from the request is in the status of the answer, once, whether the
// registry returns it or not; a reply that is large or has a status of its own gets it too.
func TestTheAnswerSaysWhatTheRequestLost(t *testing.T) {
	const gone = "Údaj Telefon byl ze SeznamUdaju odebrán, volající k němu nemá oprávnění. " +
		"Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227."
	warning := bytes.Replace(personReply(permittedItems), []byte("OK</reg:VysledekKod>"),
		[]byte("VAROVANI</reg:VysledekKod>"), 1)
	failure := replyOf("E05", egon.Chyba)
	clean, dirty := personReply(permittedItems), personReply(permittedItems+foreignItem)
	for _, c := range []struct {
		name  string
		rule  egon.ReturnedRule
		reply []byte
		want  string
	}{
		{"filtered", egon.FilterReturned, dirty, warnedOf(clean, "NENI OPRAVNENI: "+gone)},
		{"not returned", egon.FilterReturned, clean, warnedOf(clean, "NENI OPRAVNENI: "+gone)},
		{"observed", egon.ObserveReturned, dirty, warnedOf(dirty, "NENI OPRAVNENI: "+gone)},
		{"refusing", egon.RefuseReturned, clean, warnedOf(clean, "NENI OPRAVNENI: "+gone)},
		{"large", egon.ObserveReturned, filler(clean, 1<<20),
			warnedOf(filler(clean, 1<<20), "NENI OPRAVNENI: "+gone)},
		{"a warning", egon.FilterReturned, warning, strings.Replace(string(warning),
			"</reg:VysledekKod>", detailsOf("NENI OPRAVNENI: "+gone), 1)},
		{"an error", egon.FilterReturned, failure, string(failure)},
	} {
		for framing, chunked := range map[string]bool{"length": false, "chunks": true} {
			t.Run(c.name+", "+framing, func(t *testing.T) {
				sent := make(chan string, 1)
				relay := replying(c.reply)
				if chunked {
					relay = inChunks(relay)
				}
				s := startGateway(t, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
					text, err := io.ReadAll(m.Body)
					if err != nil || int64(len(text)) != m.Length {
						t.Errorf("%d bytes went on, Length %d, %v", len(text), m.Length, err)
					}
					sent <- string(text)
					return relay(ctx, m)
				}), editing, func(s *settings) { s.cfg.Routes.Default.Returned = c.rule })
				ask := call{items: []string{"Jmeno", "Telefon", "Prijmeni", "ROBCti"}}.message()
				got := read(t, s.post(t, "/publikace/E05", ask))
				if got != c.want {
					t.Errorf("got\n%s\nwant\n%s", brief(got), brief(c.want))
				}
				if want := strings.Replace(string(ask), " Telefon", "", 1); <-sent != want {
					t.Error("the request is not the call without the item")
				}
				if got, want := s.edited(t), "Telefon removed 1"; !strings.Contains(got, want) {
					t.Errorf("counted %q, want %q", got, want)
				}
				line := s.lines(t, 1)[0]
				if words, _ := line["removed"].([]any); fmt.Sprint(words) != "[Telefon]" {
					t.Errorf("logged %v", line["removed"])
				}
			})
		}
	}
}

// What is filled in counts as asked for.
func TestWhatIsFilledInMayLeave(t *testing.T) {
	into, records := recorded(t)
	sent := make(chan string, 1)
	doc := personReply(permittedItems + unaskedItem)
	s := startGateway(t, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		text, err := io.ReadAll(m.Body)
		sent <- string(text)
		if err != nil {
			return nil, err
		}
		return replying(doc)(ctx, m)
	}), editing, into)
	if got := read(t, s.post(t, "/publikace/E05", call{}.message())); got != string(doc) {
		t.Errorf("got %s", got)
	}
	if text := <-sent; !strings.Contains(text, ">DatumNarozeni Jmeno Prijmeni</") {
		t.Errorf("sent %s", text)
	}
	if got, want := s.edited(t), "DatumNarozeni filled 1, Jmeno filled 1, Prijmeni filled 1"; got != want {
		t.Errorf("counted %q, want %q", got, want)
	}
	if words, _ := s.lines(t, 1)[0]["filled"].([]any); len(words) != 3 {
		t.Errorf("logged %v", words)
	}
	filteredBy(t, records)
	for _, r := range records() {
		if r.Type == audit.TypeIntent && strings.Join(r.Decision.Filled, " ") != "DatumNarozeni Jmeno Prijmeni" {
			t.Errorf("recorded %v", r.Decision.Filled)
		}
	}
}

// What is filtered is counted, once for each answer.
func TestFilteredItemsAreCounted(t *testing.T) {
	s := startGateway(t, returning(egon.FilterReturned,
		replying(personReply(permittedItems+foreignItem+unknownItem+"<Nove2>y</Nove2>"))))
	read(t, s.post(t, "/publikace/E05", asksForNames))
	if got, want := s.counted(t), "Jmeno yes 1, Prijmeni yes 1"; got != want {
		t.Errorf("counted %q, want %q", got, want)
	}
	if got, want := s.edited(t), "? filtered 1, Telefon filtered 1"; got != want {
		t.Errorf("counted edits %q, want %q", got, want)
	}
}

// edited returns what brana_items_edited_total counts, in alphabetical order.
func (s *testGateway) edited(t *testing.T) string {
	t.Helper()
	s.settled(t)
	var lines []string
	for _, m := range gather(t, s)["brana_items_edited_total"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		lines = append(lines, fmt.Sprint(labels["item"], " ", labels["edit"], " ",
			m.GetCounter().GetValue()))
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

// An item that the operator has declared for AISEO may leave like one of the schemas, to a
// caller that has the right to it and has asked for it. Another new element is not known.
func TestDeclaredItemsMayLeave(t *testing.T) {
	text := strings.NewReplacer("E05, E189", "E159, E05, E189", "items: [EopFoto]",
		"items: {aiseo: [Jmeno, CisloPasu, Vyska, AdresaTP]}").Replace(grants) +
		"vocabulary: {aiseo: [CisloPasu, Vyska, Vaha]}\n"
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{"grants/a.yaml": {Data: []byte(text)}},
			policy.Config{Dir: "grants", Environment: policy.Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	e159 := egon.ServiceByCode("E159")
	person := func(children string) []byte {
		return []byte(strings.Replace(string(replyOf("E159", egon.OK)), "</e:"+e159.Response+">",
			`<e:AiseoOdpoved><e:AiseoCtiAifoDataResponse>`+
				`<OsobaEO xmlns="urn:cz:isvs:aiseo:schemas:AiseoCtiAifo:v1">`+
				strings.ReplaceAll(children, ">x", ` xmlns="urn:cz:isvs:aiseo:schemas:AiseoTypy:v1">x`)+
				`</OsobaEO></e:AiseoCtiAifoDataResponse></e:AiseoOdpoved></e:`+e159.Response+">", 1))
	}
	for _, c := range []struct {
		children, filtered string
		items              []string
		because            string // in the status
	}{
		{"<Jmeno>x</Jmeno><CisloPasu>x</CisloPasu>", "", []string{"Jmeno", "CisloPasu"}, "OK<"},
		{"<CisloPasu>x</CisloPasu><Vyska>x</Vyska>", "?Vyska", []string{"CisloPasu"},
			"Údaj Vyska byl z odpovědi odebrán, nebyl požadován."},
		{"<CisloPasu>x</CisloPasu><Vaha>x</Vaha>", "?Vaha", []string{"CisloPasu"},
			"Prvek Vaha byl"},
		{"<CisloPasu>x</CisloPasu><Nove>x</Nove>", "?Nove", []string{"CisloPasu"},
			"Prvek Nove byl"},
		{"<Jmeno>x</Jmeno><AdresaTP>x</AdresaTP>", "?AdresaTP", []string{"Jmeno", "AdresaTP"},
			"Prvek AdresaTP byl"}, // an item of E270, whose schema is another
	} {
		for _, rule := range []egon.ReturnedRule{
			egon.ObserveReturned, egon.RefuseReturned, egon.FilterReturned,
		} {
			doc := person(c.children)
			into, records := recorded(t)
			s := startGateway(t, returning(rule, replying(doc)), into,
				func(s *settings) { s.parts.Policy = store })
			got := read(t, s.post(t, "/publikace/E159", call{code: "E159", items: c.items}.message()))
			s.settled(t)
			last := "<" + strings.TrimPrefix(c.filtered, "?")
			if rule == egon.FilterReturned && !strings.Contains(got, c.because) {
				t.Errorf("%s: the status lacks %q: %s", c.children, c.because, got)
			}
			switch unchanged := got == string(doc); {
			case rule == egon.ObserveReturned || c.filtered == "":
				if !unchanged {
					t.Errorf("%s, %s: got %s", c.children, rule, got)
				}
			case unchanged || strings.Contains(got, last):
				t.Errorf("%s, %s: left", c.children, rule)
			}
			recorded := filteredBy(t, records)
			if rule == egon.ObserveReturned {
				outcome := records()[len(records())-1]
				recorded = strings.Join(outcome.Unpermitted, " ")
			}
			if recorded != c.filtered {
				t.Errorf("%s, %s: recorded %q, want %q", c.children, rule, recorded, c.filtered)
			}
		}
	}
}
