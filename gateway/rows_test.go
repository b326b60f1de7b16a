package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/policy"
)

// value is the sum of a metric's series with a label value, "" for all.
func value(t *testing.T, s *testGateway, name, label string) (sum float64) {
	t.Helper()
	for _, m := range gather(t, s)[name].GetMetric() {
		if label == "" || len(m.GetLabel()) > 0 && m.GetLabel()[0].GetValue() == label {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// The first call waits for its row; of many at once one asks.
func TestACallWaitsForItsRow(t *testing.T) {
	rights := &fakeRights{
		rows: map[string]string{ownTriple: "Jmeno Prijmeni"},
		hold: make(chan struct{}),
	}
	s := startGateway(t, rowsFrom(t, rights.fetch))
	ended := make(chan string, 20)
	for i := range cap(ended) {
		items := [][]string{{"Jmeno"}, {"Doklad"}}[i%2]
		go func() {
			ended <- items[0] + read(
				t, s.post(t, "/publikace/E05", call{items: items}.message()),
			)
		}()
	}
	eventually(
		t, "calls run",
		func() bool { return s.Running() == int64(cap(ended)) && rights.questions() > 0 },
	)
	body := read(t, s.post(t, "/publikace/E35a", call{code: "E35a"}.message()))
	if !strings.Contains(body, "VysledekKod>OK<") {
		t.Errorf("a call that needs no row waits for it: %s", body)
	}
	close(rights.hold)
	for range cap(ended) {
		got := <-ended
		granted := strings.HasPrefix(got, "Jmeno")
		if granted != strings.Contains(got, "VysledekKod>OK<") ||
			granted == strings.Contains(got, "BR_111") {
			t.Errorf("got %s", got)
		}
	}
	if n := rights.questions(); n != 1 {
		t.Errorf("%d questions, want 1", n)
	}
	versions := map[any]bool{}
	for _, line := range s.lines(t, cap(ended)+1) {
		versions[line["policy"]] = true
	}
	if len(versions) != 2 { // of the call that needed no row, and of the others
		t.Errorf("decided by the versions %v", versions)
	}
	if got := value(t, s, "brana_matrix_refreshes_total", "row"); got != 1 {
		t.Errorf("%v refreshes were counted", got)
	}
}

// A call whose row is unavailable is refused with a kind of its own: never as if the
// triple had no row, and never granted.
func TestACallWhoseRowIsUnavailable(t *testing.T) {
	for _, c := range []struct {
		name  string
		table *fakeRights
		wait  time.Duration
		cause string
	}{
		{
			"the bus fails", &fakeRights{err: errors.New("no bus")},
			time.Minute, "row of " + ownTriple + ": no bus",
		},
		{
			"the bus does not answer in time", &fakeRights{hold: make(chan struct{})},
			50 * time.Millisecond, "wait for the row: context deadline exceeded",
		},
	} {
		for _, mode := range []StatusMode{EgonMode, HTTPMode} {
			t.Run(fmt.Sprint(c.name, " mode ", mode), func(t *testing.T) {
				s := startGateway(
					t, rowsFrom(t, c.table.fetch),
					func(s *settings) { s.cfg.RowWait, s.cfg.StatusMode = c.wait, mode },
				)
				checkRefusal(
					t, s.post(t, "/publikace/E05", call{items: []string{"Jmeno"}}.message()),
					MatrixUnavailable, mode, nil,
				)
				line := s.lines(t, 1)[0]
				if line["outcome"] != "matrix-unavailable" ||
					!strings.Contains(fmt.Sprint(line["cause"]), c.cause) {
					t.Errorf("logged %v", line)
				}
				if n := s.limiter.slots.Load(); n != 0 {
					t.Errorf("%d slots are held", n)
				}
				checkRefusal(
					t, s.post(t, "/publikace/E227", call{code: "E227"}.message()),
					MatrixUnavailable, mode, nil,
				)
			})
		}
	}
}

// E227 is answered for any triple, whose row is fetched when it is asked for.
func TestE227OfARowThatIsFetched(t *testing.T) {
	rights := &fakeRights{rows: map[string]string{"A1/R1/00000001": "Ico"}}
	s := startGateway(t, rowsFrom(t, rights.fetch))
	ask := func(agenda string) string {
		return read(t, s.post(t, "/publikace/E227", call{code: "E227",
			triple: &egon.RightsQuery{
				Agenda:       []byte(agenda),
				AgendovaRole: []byte("R1"),
				Ovm:          []byte("00000001"),
			}}.message()))
	}
	for range 3 {
		if body := ask("A1"); !strings.Contains(body, "KodIszr>Ico<") {
			t.Errorf("got %s", body)
		}
		body := ask("A2")
		if !strings.Contains(body, "S227_001") || strings.Contains(body, "KodIszr") {
			t.Errorf("got %s", body)
		}
	}
	if n := rights.questions(); n != 2 {
		t.Errorf("%d questions, want one for each triple", n)
	}
}

// An upstream that refuses what the row permits has its row read again, once,
// and the next call is refused by the gateway itself.
func TestARefusalOfTheUpstreamRefreshesTheRow(t *testing.T) {
	rights := &fakeRights{rows: map[string]string{ownTriple: "Jmeno Doklad"}}
	refusing := func(subs ...string) []byte {
		var details []egon.Detail
		for _, sub := range subs {
			details = append(details, egon.Detail{SubKod: sub})
		}
		return egon.AppendReply(nil, egon.ServiceByCode("E05"), true, &egon.OdpovedInfo{
			CasOdpovedi:    time.Unix(0, 0).UTC(),
			Status:         egon.Status{Kod: egon.Chyba, Details: details},
			AgendaZadostId: requestID,
			IszrZadostId:   iszrID,
		})
	}
	subs := []string{"NENI K DISPOZICI"}
	s := startGateway(
		t, relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
			return answerOf(refusing(subs...)), nil
		}),
		rowsFrom(t, rights.fetch),
	)
	post := func(items ...string) string {
		return read(t, s.post(t, "/publikace/E05", call{items: items}.message()))
	}
	post("Jmeno", "Doklad")
	post("Jmeno", "Doklad")
	s.settled(t)
	if n := rights.questions(); n != 1 {
		t.Errorf("%d questions after another refusal, want 1", n)
	}
	subs = []string{"SPECIFIKACE V POPISU", "NENI OPRAVNENI"} // among other things
	read(t, s.post(t, "/publikace/E35a", call{code: "E35a"}.message()))
	s.settled(t)
	if n := rights.questions(); n != 1 {
		t.Errorf("%d questions after a refusal that the row has nothing to do with, want 1", n)
	}
	rights.set(func() { rights.rows[ownTriple] = "Jmeno" })
	for range 5 {
		if body := post("Jmeno"); !strings.Contains(body, "NENI OPRAVNENI<") {
			t.Errorf("the caller got %s", body)
		}
	}
	eventually(
		t, "the row is read again",
		func() bool { return strings.Contains(post("Doklad"), "BR_111") },
	)
	if n := rights.questions(); n != 2 {
		t.Errorf("%d questions, want one more", n)
	}
}

// So does a registry that refuses a step of E198, be it among other things or in
// an answer that goes out all the same.
func TestARefusedStepRefreshesTheRow(t *testing.T) {
	no := func(subs ...string) (*egon.Answer, error) {
		failure := &egon.CallError{
			Party: egon.Party{Kind: egon.Registr, Code: "ROB"},
			Name:  "rob",
			Sent:  true,
			Err:   errors.New("no"),
		}
		for _, sub := range subs {
			failure.Detail = append(failure.Detail, egon.Detail{SubKod: sub})
		}
		return nil, failure
	}
	warned := func(barred bool) (*egon.Answer, error) {
		a := answerOf(egon.AppendReply(nil, egon.ServiceByCode("E198"), true, &egon.OdpovedInfo{
			CasOdpovedi:    time.Unix(0, 0).UTC(),
			Status:         egon.Status{Kod: egon.Varovani},
			AgendaZadostId: requestID,
			IszrZadostId:   iszrID,
		}))
		a.Kod, a.Barred = egon.Varovani, barred
		return a, nil
	}
	for name, answers := range map[string]struct{ other, barred func() (*egon.Answer, error) }{
		"refused": {
			func() (*egon.Answer, error) { return no("NENI K DISPOZICI") },
			func() (*egon.Answer, error) { return no("NENI OPRAVNENI") },
		},
		"refused among other things": {func() (*egon.Answer, error) {
			return no("NENI K DISPOZICI", "NENI OPRAVNENI EGON")
		},
			func() (*egon.Answer, error) { return no("NENI K DISPOZICI", "NENI OPRAVNENI") }},
		"warned": {
			func() (*egon.Answer, error) { return warned(false) },
			func() (*egon.Answer, error) { return warned(true) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			rights := &fakeRights{rows: map[string]string{ownTriple: "Jmeno Prijmeni DatumNarozeni"}}
			answer := answers.other
			s := startGateway(t, rowsFrom(t, rights.fetch), func(s *settings) {
				s.parts.Media = workflowFunc(
					func(context.Context, *egon.Head) (*egon.Answer, error) { return answer() },
				)
			})
			post := func() string { return read(t, s.post(t, "/publikace/E198", mediaCall())) }
			post()
			if body := post(); strings.Contains(body, "BR_111") {
				t.Errorf("the caller got %s", body)
			}
			s.settled(t)
			if n := rights.questions(); n != 1 {
				t.Errorf("%d questions after another answer, want 1", n)
			}
			answer = answers.barred
			rights.set(func() { rights.rows[ownTriple] = "Jmeno Prijmeni" })
			post()
			eventually(
				t, "the row is read again",
				func() bool { return strings.Contains(post(), "BR_111") },
			)
			if n := rights.questions(); n != 2 {
				t.Errorf("%d questions, want one more", n)
			}
		})
	}
}

// A row whose refresh is due decides, and is counted.
func TestStaleRowsAreCounted(t *testing.T) {
	rights := &fakeRights{rows: map[string]string{ownTriple: "Jmeno"}}
	s := startGateway(
		t,
		rowsFrom(t, rights.fetch, func(c *policy.RowsConfig) { c.Ages.Fresh = time.Nanosecond }),
	)
	for range 3 {
		body := read(t, s.post(t, "/publikace/E05", call{items: []string{"Jmeno"}}.message()))
		if !strings.Contains(body, "VysledekKod>OK<") {
			t.Errorf("got %s", body)
		}
	}
	if n := rights.questions(); n != 1 {
		t.Errorf("%d questions, want 1: the agenda refreshes, calls do not", n)
	}
	if got := value(t, s, "brana_matrix_stale_serves_total", ""); got != 3 {
		t.Errorf("%v stale serves were counted, want 3", got)
	}
	for state, want := range map[string]float64{
		"fresh":   0,
		"stale":   1,
		"too-old": 0,
		"unknown": 0,
	} {
		if got := value(t, s, "brana_matrix_rows", state); got != want {
			t.Errorf("%v rows are %s, want %v", got, state, want)
		}
	}
}

// Readiness shows the state of the rows; without a usable row the gateway is not
// ready.
func TestReadinessShowsTheRows(t *testing.T) {
	t.Parallel() // it waits
	rights := &fakeRights{rows: map[string]string{ownTriple: "Jmeno"}, err: errors.New("no bus")}
	s := startGateway(t, rowsFrom(t, rights.fetch))
	age := regexp.MustCompile(`\b\d+s\b`)
	ready := func() (int, string) {
		r := httptest.NewRecorder()
		s.Admin("test").ServeHTTP(
			r, httptest.NewRequest(http.MethodGet, "http://localhost/readyz?verbose", nil),
		)
		for line := range strings.Lines(r.Body.String()) {
			if strings.Contains(line, "matrix") {
				return r.Code, age.ReplaceAllString(strings.TrimSpace(line), "Ns")
			}
		}
		t.Fatalf("nothing is said of the matrix: %s", r.Body)
		return 0, ""
	}
	post := func() {
		read(
			t, s.post(t, "/publikace/E05", call{items: []string{"Jmeno"}}.message()),
		)
	}

	status, said := ready()
	if status != 503 ||
		said != "[-] matrix by E227: 0 of 1 rows in use, 1 never fetched: "+
			"no caller's items can be decided" {
		t.Errorf("before the first call: %d %s", status, said)
	}
	post()
	status, said = ready()
	if status != 503 ||
		said != "[-] matrix by E227: 0 of 1 rows in use, 1 never fetched; last asked Ns ago for "+
			ownTriple+": failed; no bus: no caller's items can be decided" {
		t.Errorf("after a failure: %d %s", status, said)
	}
	rights.set(func() { rights.err = nil })
	eventually(
		t, "the row is there", func() bool { post(); status, _ := ready(); return status == 200 },
	)
	_, said = ready()
	want := "[+] matrix by E227: 1 of 1 rows in use, the oldest is Ns old; last asked Ns ago for " +
		ownTriple + ": row"
	if !strings.HasPrefix(said, want) {
		t.Errorf("with the row: %s", said)
	}
}

// Who may call may change while a call waits for its row: the certificate that
// is blocked by then opens nothing.
func TestACertificateBlockedWhileItsCallWaits(t *testing.T) {
	rights := &fakeRights{rows: map[string]string{ownTriple: "Jmeno"}, hold: make(chan struct{})}
	s := startTLSGateway(
		t, boundOnce, func(c *settings) { rowsOver(t, c.parts.Policy, rights.fetch)(c) },
	)
	said := make(chan string, 1)
	go func() {
		answer, err := s.ask(s.client(t, s.ca.issue(100)), call{items: []string{"Jmeno"}}.message())
		said <- fmt.Sprint(answer, err)
	}()
	eventually(t, "the call waits", func() bool { return rights.questions() == 1 })
	blocked := strings.Replace(boundOnce, "agendas:", "blocked_from: 2020-01-01, agendas:", 1)
	s.bound.Store(&blocked)
	if err := s.policy.Reload(); err != nil {
		t.Fatal(err)
	}
	close(rights.hold)
	if got := <-said; !strings.Contains(got, "BR_102: Certifikát volajícího je zablokován.") {
		t.Errorf("said %s", got)
	}
}
