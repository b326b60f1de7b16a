package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/audit"
	"brana/egon"
	"brana/policy"
	"brana/upstream"
)

// An arrival is a message as a registry got it.
type arrival struct {
	body   string
	length int64 // Content-Length; -1: chunked
	query  string
}

// startRegistry starts a registry behind a gateway with this rule of items. It answers with
// a document.
func startRegistry(
	t *testing.T, rule policy.ItemRule, reply []byte, change ...func(*settings),
) (*testGateway, <-chan arrival) {
	t.Helper()
	got := make(chan arrival, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the registry reads its message: %v", err)
		}
		got <- arrival{string(body), r.ContentLength, r.URL.RawQuery}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(reply)
	}))
	client, err := upstream.NewClient(upstream.Config{
		Name:    "iszr",
		URL:     server.URL,
		Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(); client.Close() })
	relay := func(s *settings) {
		s.cfg.InlineLimit = 10 << 10
		s.cfg.Routes.Default = Route{
			Kind:  RelayRoute,
			Name:  "iszr",
			Items: rule,
			Relay: upstream.NewRelay(client),
		}
	}
	return startGateway(t, append([]func(*settings){relay}, change...)...), got
}

// listed is a message of E05 with this in the place of AutorizaceInfo, and data of that size
// behind it.
func listed(autorizace string, bare bool, size int) string {
	inner := "<e:Zadost>" + strings.Repeat("x", size) + "</e:Zadost>"
	doc := string(call{bare: bare, inner: inner}.message())
	return strings.Replace(doc, "<e:Zadost>", autorizace+"<e:Zadost>", 1)
}

// lists are ways to write lists: as they come, and as they leave by as-iszr. The caller may
// have DatumNarozeni, Jmeno and Prijmeni.
var lists = []struct{ name, came, left, removed string }{
	{"all permitted", `<abs:AutorizaceInfo><abs:SeznamUdaju>Jmeno</abs:SeznamUdaju></abs:AutorizaceInfo>`,
		`<abs:AutorizaceInfo><abs:SeznamUdaju>Jmeno</abs:SeznamUdaju></abs:AutorizaceInfo>`, ""},
	{"some permitted", `<abs:AutorizaceInfo><abs:SeznamUdaju>Doklad Jmeno
  Telefon Prijmeni Doklad</abs:SeznamUdaju></abs:AutorizaceInfo>`,
		`<abs:AutorizaceInfo><abs:SeznamUdaju>Jmeno
  Prijmeni</abs:SeznamUdaju></abs:AutorizaceInfo>`, "Doklad Telefon"},
	{"in the default namespace, with references", `<AutorizaceInfo xmlns="` + egon.NSAbstract +
		`"><SeznamUdaju>ROBCti D&#111;klad&#32;Jm&#101;no</SeznamUdaju></AutorizaceInfo>`,
		`<AutorizaceInfo xmlns="` + egon.NSAbstract +
			`"><SeznamUdaju>ROBCti Jm&#101;no</SeznamUdaju></AutorizaceInfo>`, "Doklad"},
	{"empty", `<q:AutorizaceInfo xmlns:q="` + egon.NSAbstract + `"><q:MaximalniPocetZaznamu>5` +
		`</q:MaximalniPocetZaznamu><q:SeznamUdaju/></q:AutorizaceInfo>`,
		`<q:AutorizaceInfo xmlns:q="` + egon.NSAbstract + `"><q:MaximalniPocetZaznamu>5` +
			`</q:MaximalniPocetZaznamu><q:SeznamUdaju>DatumNarozeni Jmeno Prijmeni</q:SeznamUdaju>` +
			`</q:AutorizaceInfo>`, ""},
	{"absent", "", `<AutorizaceInfo xmlns="` + egon.NSAbstract +
		`"><SeznamUdaju>DatumNarozeni Jmeno Prijmeni</SeznamUdaju></AutorizaceInfo>`, ""},
}

// By as-iszr the registry gets the message of the caller with another list, and every other
// byte of it; the caller gets the reply with a warning that names what was removed. The
// length of the message is right in each kind of frame.
func TestRequestsAreRewritten(t *testing.T) {
	reply := replyOf("E05", egon.OK)
	s, got := startRegistry(t, policy.AsIszr, reply)
	w := s.dial(t)
	for _, list := range lists {
		for _, size := range []int{10, 300 << 10} {
			for _, bare := range []bool{false, true} {
				for _, framing := range []string{"length", "chunks"} {
					name := fmt.Sprintf("%s/%d/bare=%v/%s", list.name, size, bare, framing)
					t.Run(name, func(t *testing.T) {
						id := freshID([]byte(requestID))
						with := func(doc string) string {
							return strings.Replace(doc, requestID, string(id), 1)
						}
						message := with(listed(list.came, bare, size))
						path := "/publikace/E05?async"
						if bare {
							path = "/publikace/E05"
						}
						if framing == "length" {
							w.write(withLength(path, []byte(message)))
						} else {
							w.write(inPieces(path, message, 1000))
						}
						_, answer := w.answer()
						want := arrival{with(listed(list.left, bare, size)), -1, ""}
						if !bare {
							want.query = "async"
						}
						if framing == "length" || size < 1<<10 {
							want.length = int64(len(want.body))
						}
						if a := <-got; a != want {
							t.Errorf("the registry got %s (%d bytes), want\n%s (%d)", brief(a.body), a.length,
								brief(want.body), want.length)
						}
						checkRemoved(t, reply, answer, strings.Fields(list.removed))
					})
				}
			}
		}
	}
}

// inPieces is a request in chunks.
func inPieces(path, message string, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: brana\r\nContent-Type: text/xml; charset=utf-8\r\n"+
		"Transfer-Encoding: chunked\r\n\r\n", path)
	for piece := range slices.Chunk([]byte(message), size) {
		b.WriteString(chunk(piece))
	}
	return b.String() + "0\r\n\r\n"
}

// checkRemoved checks that an answer is the reply of the registry, with a warning for each of
// these items and nothing else changed.
func checkRemoved(t *testing.T, reply []byte, answer string, items []string) {
	t.Helper()
	var popisy []string
	for _, item := range items {
		popisy = append(popisy, "NENI OPRAVNENI: Údaj "+item+" byl ze SeznamUdaju odebrán, volající k "+
			"němu nemá oprávnění. Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227.")
	}
	want := string(reply)
	if len(items) > 0 {
		want = warnedOf(reply, popisy...)
	}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// By pass the message goes on as it came, and the reply comes back as it was.
func TestRequestsPassUnchanged(t *testing.T) {
	reply := replyOf("E05", egon.OK)
	into, records := recorded(t)
	s, got := startRegistry(t, policy.Pass, reply, into)
	for _, list := range lists {
		message := string(freshID([]byte(listed(list.came, false, 10))))
		answer := read(t, s.post(t, "/publikace/E05", []byte(message)))
		if a := <-got; a.body != message || answer != string(reply) {
			t.Errorf("%s: the registry got %s, the caller %s", list.name, a.body, answer)
		}
	}
	var would []string
	eventually(t, "all is recorded", func() bool { return len(outcomes(records())) == len(lists) })
	for _, r := range records() {
		if r.Decision != nil {
			would = append(would, wordsOf(r.Decision.WouldRemove))
		}
	}
	if diff := cmp.Diff([]string{"", "Doklad Telefon", "Doklad", "", ""}, would); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func outcomes(records []audit.Record) []audit.Record {
	return slices.DeleteFunc(records, func(r audit.Record) bool { return r.Type != audit.TypeOutcome })
}

func wordsOf(list []audit.RecordedRefused) string {
	var words []string
	for _, r := range list {
		words = append(words, r.Word)
	}
	return strings.Join(words, " ")
}

// The record has what was removed and filled in, and never a word that may be anything.
func TestRewrittenRequestsAreRecorded(t *testing.T) {
	for _, tt := range []struct {
		rule                          policy.ItemRule
		items                         []string
		removed, would, filled, asked string
	}{
		{policy.AsIszr, []string{"Jmeno", "Doklad"}, "Doklad", "", "", "Jmeno Doklad"},
		{policy.AsIszr, []string{"ROBCti"}, "", "", "DatumNarozeni Jmeno Prijmeni", "ROBCti"},
		{policy.Pass, []string{"Jmeno", "Novak", "Doklad"}, "", "? Doklad", "", "Jmeno ? Doklad"},
		{policy.Pass, nil, "", "", "", ""},
	} {
		into, records := recorded(t)
		s, got := startRegistry(t, tt.rule, replyOf("E05", egon.OK), into)
		read(t, s.post(t, "/publikace/E05", call{items: tt.items}.message()))
		<-got
		eventually(t, "it is recorded", func() bool { return len(records()) == 2 })
		r := records()[0]
		d := r.Decision
		have := []string{wordsOf(d.Removed), wordsOf(d.WouldRemove), strings.Join(d.Filled, " "),
			strings.Join(r.Asked, " ")}
		if diff := cmp.Diff([]string{tt.removed, tt.would, tt.filled, tt.asked}, have); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.rule, tt.items, diff)
		}
	}
}

// A call under pass goes on without the row that judges it. It waits for the row where its
// reply is filtered by it.
func TestPassingWithoutARow(t *testing.T) {
	reply := replyOf("E05", egon.OK)
	for _, returned := range []egon.ReturnedRule{egon.ObserveReturned, egon.FilterReturned} {
		into, records := recorded(t)
		down := func(context.Context, string) ([]egon.RightsItem, error) { return nil, io.EOF }
		s, got := startRegistry(t, policy.Pass, reply, into, rowsFrom(t, down), func(s *settings) {
			s.cfg.Routes.Default.Items = policy.Pass
			s.cfg.Routes.Default.Returned = returned
		})
		answer := read(t, s.post(t, "/publikace/E05", call{items: []string{"Jmeno"}}.message()))
		switch returned {
		case egon.ObserveReturned:
			if a := <-got; answer != string(reply) || !strings.Contains(a.body, "Jmeno") {
				t.Errorf("the registry got %s, the caller %s", a.body, answer)
			}
			eventually(t, "it is recorded", func() bool { return len(records()) == 2 })
			if d := records()[0].Decision; d.Verdict != "granted" || d.Reason != "row-unavailable" {
				t.Errorf("recorded as %s, %s", d.Verdict, d.Reason)
			}
		default:
			wantIn(t, answer, "BR_113: ")
		}
	}
}
