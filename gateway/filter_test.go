package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"brana/audit"
	"brana/egon"
	"brana/policy"
)

// returning has the default route relay to r and treat the items of replies by a rule.
func returning(rule egon.ReturnedRule, r relayFunc) func(*settings) {
	return func(s *settings) {
		relayTo(r)(s)
		s.cfg.Routes.Default.Returned = rule
	}
}

// inChunks is a registry that answers without Content-Length.
func inChunks(r relayFunc) relayFunc {
	return func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		a, err := r(ctx, m)
		if a != nil {
			a.Length = -1
		}
		return a, err
	}
}

// The children of a person: the caller may have Jmeno, Prijmeni and DatumNarozeni, and
// asks for the first two.
const (
	permittedItems = "<Jmeno>X</Jmeno><Prijmeni>Y</Prijmeni>"
	unaskedItem    = "<DatumNarozeni>2000-01-01</DatumNarozeni>"
	foreignItem    = "<Telefon>+420 123 456 789</Telefon>"
	unknownItem    = "<Nove>secret</Nove>"
)

var asksForNames = call{items: []string{"Jmeno", "Prijmeni"}}.message()

// warnedOf is a reply with status OK as it leaves when items were taken out of it.
func warnedOf(doc []byte, popisy ...string) string {
	const end = "</reg:VysledekKod>"
	return strings.Replace(string(doc), egon.OK+end, egon.Varovani+detailsOf(popisy...), 1)
}

// detailsOf are the end of VysledekKod and details behind it.
func detailsOf(popisy ...string) string {
	var details strings.Builder
	details.WriteString("</reg:VysledekKod>")
	for _, p := range popisy {
		sub, popis, _ := strings.Cut(p, ": ")
		fmt.Fprintf(&details, `<reg:VysledekDetail xmlns:reg="%s"><reg:VysledekSubKod>%s`+
			`</reg:VysledekSubKod><reg:VysledekPopis>BR_111: %s</reg:VysledekPopis></reg:VysledekDetail>`,
			egon.NSReg, sub, popis)
	}
	return details.String()
}

const (
	telefonOut = "NENI OPRAVNENI: Údaj Telefon byl z odpovědi odebrán, volající k němu nemá oprávnění. " +
		"Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227."
	birthOut = "SPECIFIKACE V POPISU: Údaj DatumNarozeni byl z odpovědi odebrán, nebyl požadován. " +
		"Potřebujete-li jej, uveďte jej v SeznamUdaju."
	noveOut = "NENI OPRAVNENI: Prvek Nove byl z odpovědi odebrán, brána jej nezná. Oznamte to správci brány."
)

// filler is data behind the persons that makes a reply large.
func filler(doc []byte, size int) []byte {
	return bytes.Replace(doc, []byte("</e:RobOdpoved>"),
		[]byte("</e:RobOdpoved><MapaAifo>"+strings.Repeat("x", size)+"</MapaAifo>"), 1)
}

// An answer is filtered: what is not permitted or was not asked for does not leave, the
// status names it, and all else leaves unchanged.
func TestAnswersAreFiltered(t *testing.T) {
	clean := personReply(permittedItems)
	dirty := personReply(permittedItems + foreignItem + unaskedItem + unknownItem)
	for _, c := range []struct {
		name     string
		doc      []byte
		ask      []byte
		want     string
		filtered string
	}{
		{"nothing to remove", clean, asksForNames, string(clean), ""},
		{"nobody", replyOf("E05", egon.OK), asksForNames, string(replyOf("E05", egon.OK)), ""},
		{"three items", dirty, asksForNames,
			warnedOf(clean, birthOut, telefonOut, noveOut), "DatumNarozeni Telefon ?Nove"},
		{"of a call without a list", dirty, call{}.message(),
			warnedOf(personReply(permittedItems+unaskedItem), telefonOut, noveOut), "Telefon ?Nove"},
		{"of a call with a control word alone", dirty, call{items: []string{"ROBCti"}}.message(),
			warnedOf(personReply(permittedItems+unaskedItem), telefonOut, noveOut), "Telefon ?Nove"},
		{"without values", personReply(permittedItems + "<Telefon/><Nove> </Nove>"), asksForNames,
			string(personReply(permittedItems + "<Telefon/><Nove> </Nove>")), ""},
		{"a large one", filler(dirty, 1<<20), asksForNames,
			warnedOf(filler(clean, 1<<20), birthOut, telefonOut, noveOut),
			"DatumNarozeni Telefon ?Nove"},
		{"a large one without any", filler(clean, 1<<20), asksForNames,
			string(filler(clean, 1<<20)), ""},
		{"an item behind what is held", personReply(permittedItems + strings.Repeat(" ", 1<<20) +
			foreignItem), asksForNames,
			string(personReply(permittedItems + strings.Repeat(" ", 1<<20))), "Telefon"},
		{"a Fault", egon.AppendFault(nil, egon.FaultServer, "no", "x"), asksForNames,
			string(egon.AppendFault(nil, egon.FaultServer, "no", "x")), ""},
	} {
		for framing, relay := range map[string]relayFunc{
			"length": replying(c.doc), "chunks": inChunks(replying(c.doc)),
		} {
			t.Run(c.name+", "+framing, func(t *testing.T) {
				into, records := recorded(t)
				s := startGateway(t, returning(egon.FilterReturned, relay), into)
				w := s.dial(t)
				for range 2 { // the connection stays in use
					w.write(withLength("/publikace/E05", freshID(c.ask)))
					r, got := w.answer()
					if got != c.want {
						t.Fatalf("got\n%s\nwant\n%s", brief(got), brief(c.want))
					}
					if length := r.Header.Get("Content-Length"); length != "" &&
						length != strconv.Itoa(len(c.want)) {
						t.Errorf("Content-Length: %s of %d bytes", length, len(c.want))
					} else if small := len(c.doc) <= 256<<10; length == "" && small {
						t.Error("a small answer went in chunks")
					}
				}
				w.Close()
				s.settled(t)
				if got := filteredBy(t, records); got != c.filtered {
					t.Errorf("recorded %q, want %q", got, c.filtered)
				}
				line := s.lines(t, 2)[0]
				if words, _ := line["filtered"].([]any); fmt.Sprint(words) != "["+c.filtered+"]" {
					t.Errorf("logged %v, want %s", words, c.filtered)
				}
			})
		}
	}
}

// freshID is a call with an id that no call before it had.
func freshID(message []byte) []byte {
	calls++
	return bytes.Replace(message, []byte(requestID), []byte(fmt.Sprintf("%08x", calls)+requestID[8:]), 1)
}

var calls int

func brief(doc string) string {
	if len(doc) > 4000 {
		return doc[:2000] + "…" + doc[len(doc)-2000:]
	}
	return doc
}

// filteredBy waits for the first outcome of a record and returns what was filtered.
func filteredBy(t *testing.T, records func() []audit.Record) (items string) {
	t.Helper()
	eventually(t, "an outcome is recorded", func() bool {
		for _, r := range records() {
			if r.Type == audit.TypeOutcome {
				items = strings.Join(r.Filtered, " ")
				return true
			}
		}
		return false
	})
	return items
}

// A reply with an item that may not leave is refused before its first byte, and a longer
// one is cut before the item.
func TestAnswersAreRefusedForAnItem(t *testing.T) {
	for name, c := range map[string]struct{ item, filtered string }{
		"not permitted": {foreignItem, "Telefon"},
		"not asked for": {unaskedItem, "DatumNarozeni"},
		"not known":     {unknownItem, "?Nove"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := personReply(permittedItems + c.item)
			into, records := recorded(t)
			s := startGateway(t, returning(egon.RefuseReturned, replying(doc)), into)
			got := read(t, s.post(t, "/publikace/E05", asksForNames))
			if !strings.Contains(got, "CHYBA VOLANI REGISTRU") ||
				!strings.Contains(got, "<reg:Registr>ISZR</reg:Registr>") ||
				!strings.Contains(got, "opakované volání nepomůže") ||
				strings.Contains(got, "secret") || strings.Contains(got, "420") {
				t.Errorf("got %s", got)
			}
			s.settled(t)
			line := s.lines(t, 1)[0]
			if line["outcome"] != "registry-failed" || line["broken"] != "upstream" {
				t.Errorf("line = %v", line)
			}
			if got := filteredBy(t, records); got != c.filtered {
				t.Errorf("recorded %q, want %q", got, c.filtered)
			}
		})
		t.Run(name+", large", func(t *testing.T) {
			doc := personReply(permittedItems + strings.Repeat(" ", 1<<20) + c.item)
			into, records := recorded(t)
			s := startGateway(t, returning(egon.RefuseReturned, replying(doc)), into)
			r := s.post(t, "/publikace/E05", asksForNames)
			got, err := io.ReadAll(r.Body)
			if err == nil || !bytes.HasPrefix(doc, got) || bytes.Contains(got, []byte(c.item[:5])) {
				t.Errorf("%d bytes left, %v", len(got), err)
			}
			s.settled(t)
			if line := s.lines(t, 1)[0]; line["outcome"] != "upstream-broke" {
				t.Errorf("line = %v", line)
			}
			if got := filteredBy(t, records); got != c.filtered {
				t.Errorf("recorded %q, want %q", got, c.filtered)
			}
		})
	}
	t.Run("nothing to refuse", func(t *testing.T) {
		doc := personReply(permittedItems + "<Telefon/>")
		s := startGateway(t, returning(egon.RefuseReturned, replying(doc)))
		if got := read(t, s.post(t, "/publikace/E05", asksForNames)); got != string(doc) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("of an evidence", func(t *testing.T) {
		s := startGateway(t, returning(egon.RefuseReturned, replying(personReply(foreignItem))),
			func(s *settings) { s.cfg.Routes.Default.Party = egon.Party{Kind: egon.Ais, Code: "2"} })
		read(t, s.post(t, "/publikace/E05", asksForNames))
		if outcome := s.outcome(t); outcome != "ais-failed" {
			t.Errorf("outcome %s", outcome)
		}
	})
}

// The upstream breaks within an element that is being removed: the answer breaks too, and
// nothing of the element has left.
func TestAnAnswerBreaksInAFilteredElement(t *testing.T) {
	whole := personReply(permittedItems + "<Telefon>" + strings.Repeat("6", 1<<20) + "</Telefon>")
	cut := bytes.Index(whole, []byte("666")) + 600<<10
	for framing, length := range map[string]int64{"length": int64(len(whole)), "chunks": -1} {
		t.Run(framing, func(t *testing.T) {
			s := startGateway(t, returning(egon.FilterReturned, func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
				a, err := replying(nil)(ctx, m)
				if a != nil {
					a.Length = length
					a.Body = io.NopCloser(io.MultiReader(
						bytes.NewReader(whole[:cut]), brokenReader{io.ErrUnexpectedEOF}))
				}
				return a, err
			}))
			r := s.post(t, "/publikace/E05", asksForNames)
			got, err := io.ReadAll(r.Body)
			if err == nil || bytes.Contains(got, []byte("6666")) || bytes.Contains(got, []byte("Telefon>")) {
				t.Errorf("%s left, %v", brief(string(got)), err)
			}
			s.settled(t)
			if line := s.lines(t, 1)[0]; line["outcome"] != "upstream-broke" {
				t.Errorf("line = %v", line)
			}
		})
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// The reply that E100 delivers is judged as one of its own service.
func TestAnAnswerOfTheQueueIsFilteredByTheServiceInside(t *testing.T) {
	inside := func(items string) []byte {
		inner := string(personReply(items))
		from := strings.Index(inner, "<e:RobCti")
		inner = inner[from : strings.LastIndex(inner, "Response>")+len("Response>")]
		return bytes.Replace(replyOf("E100", egon.OK), []byte("</e:IszrAsyncOdpovedZFrontyResponse>"),
			[]byte("<e:IszrOdpoved><e:IszrAsyncOdpovedZFrontyDataResponse>"+
				"<e:AsyncDotazDataResponse>"+inner+"</e:AsyncDotazDataResponse>"+
				"</e:IszrAsyncOdpovedZFrontyDataResponse></e:IszrOdpoved>"+
				"</e:IszrAsyncOdpovedZFrontyResponse>"), 1)
	}
	const id = "11111111-2222-4333-8444-555555555555"
	ask := call{code: "E100", queue: &egon.QueueQuery{IDs: []string{id}}}.message()
	rows := &fakeRights{rows: map[string]string{ownTriple: "Jmeno Prijmeni DatumNarozeni"}}
	down := func(context.Context, string) ([]egon.RightsItem, error) { return nil, io.EOF }
	for _, c := range []struct {
		name string
		rows func(*settings)
		want []string
	}{
		{"by a file", func(*settings) {}, []string{permittedItems + unaskedItem, "Údaj Telefon byl z odpovědi odebrán"}},
		{"by a row that is fetched", rowsFrom(t, rows.fetch),
			[]string{permittedItems + unaskedItem, "Údaj Telefon byl z odpovědi odebrán"}},
		{"without the row", rowsFrom(t, down), []string{"BR_113"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			relay := replying(inside(permittedItems + unaskedItem + foreignItem))
			s := startGateway(t, returning(egon.FilterReturned, relay), c.rows)
			got := read(t, s.post(t, "/publikace/E100", ask))
			for _, want := range c.want {
				if !strings.Contains(got, want) || strings.Contains(got, "420") {
					t.Errorf("got %s", got)
				}
			}
		})
	}
}

// A route that observes lets all of it leave, and records what may not: also what was not
// asked for, but for what comes unasked.
func TestWhatMayNotLeaveIsObserved(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  []byte
		want string
	}{
		{"a list", asksForNames, "DatumNarozeni Telefon ?Nove"},
		{"no list", call{}.message(), "Telefon ?Nove"},
	} {
		t.Run(c.name, func(t *testing.T) {
			into, records := recorded(t)
			doc := personReply("<Aifo>1</Aifo>" + permittedItems + unaskedItem + foreignItem + unknownItem)
			s := startGateway(t, returning(egon.ObserveReturned, replying(doc)), into)
			if got := read(t, s.post(t, "/publikace/E05", c.ask)); got != string(doc) {
				t.Errorf("got %s", got)
			}
			s.settled(t)
			var got string
			eventually(t, "the outcome is recorded", func() bool {
				list := records()
				got = strings.Join(list[len(list)-1].Unpermitted, " ")
				return list[len(list)-1].Type == audit.TypeOutcome
			})
			if got != c.want {
				t.Errorf("recorded %q, want %q", got, c.want)
			}
		})
	}
}

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

// An item that the operator has declared for AISEO may leave like one of the schemas, for
// whoever has the right to it and has asked for it. Another new element is not known.
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
