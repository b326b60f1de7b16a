package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"brana/audit"
	"brana/egon"
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
