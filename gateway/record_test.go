package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"net/http/httptest"

	"brana/egon"
	"brana/gateway/conn"
	"brana/policy"
)

func TestOneLineAnExchange(t *testing.T) {
	s := startGateway(t)
	message := call{}.message()
	reply := read(t, s.post(t, "/publikace/E05", message))
	line := s.lines(t, 1)[0]
	var times []time.Time
	for _, name := range []string{"request_in", "request_out", "response_in", "response_out"} {
		at, ok := line[name].(time.Time)
		if !ok {
			t.Fatalf("%s is missing in %v", name, line)
		}
		times = append(times, at)
		delete(line, name)
	}
	if !slices.IsSortedFunc(times, time.Time.Compare) {
		t.Errorf("the timestamps are out of order: %v", times)
	}
	took := line["took"].(time.Duration)
	if (took - times[3].Sub(times[0])).Abs() > time.Millisecond {
		t.Errorf("took = %v", took)
	}
	delete(line, "took")
	want := map[string]any{
		"outcome": "ok", "service": "E05", "kod": "OK",
		"caller": map[string]any{
			"agenda": "X999",
			"role":   "XR1",
			"ovm":    "12345678",
			"ais":    "999001",
		},
		"agenda_zadost_id": requestID, "iszr_zadost_id": iszrID,
		"request_bytes": int64(len(message)), "response_bytes": int64(len(reply)),
		"policy": s.parts.Policy.Current().Version(),
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("the line differs (-want +got):\n%s", diff)
	}
}

// A call for which nothing was sent has no time at which it was.
func TestNothingWasSent(t *testing.T) {
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default = Route{
			Kind:  RelayRoute,
			Name:  "iszr",
			Items: policy.Pass,
			Relay: unsent{},
		}
	})
	s.post(t, "/publikace/E05", call{}.message())
	line := s.lines(t, 1)[0]
	if line["outcome"] != RegistryFailed.Code || line["cause"] != "call iszr: the breaker is open" {
		t.Errorf("line = %v", line)
	}
	for _, name := range []string{"request_out", "response_in"} {
		if at, ok := line[name]; ok {
			t.Errorf("%s = %v", name, at)
		}
	}
}

// unsent is a relay that sends nothing.
type unsent struct{}

func (unsent) Send(
	context.Context, *egon.Message, *egon.Trace,
) (*egon.Answer, time.Time, error) {
	return nil, time.Time{}, &egon.CallError{Name: "iszr", Err: errors.New("the breaker is open")}
}

// Nothing of what is asked about whom may come to the log: not the search
// values, not the subject, not a value in a place where it does not belong.
func TestNoPersonalDataInTheLog(t *testing.T) {
	const secret = "Tajemnik"
	question := func(inner string) string {
		return string(call{inner: inner}.message())
	}
	s := startGateway(t)
	for path, message := range map[string]string{
		"E05?1": question("<Zadost><Jmeno>" + secret + "</Jmeno></Zadost>"),
		"E05?2": strings.Replace(question(""), "<reg:Ovm>12345678", "<reg:Ovm>"+secret, 1),
		"E05?3": question("<Jmeno>" + secret),
		"E05?4": question("<Jmeno>" + secret + "&x;</Jmeno>"),
		"E05?5": question(secret),
		"E198": strings.Replace(
			string(mediaCall()), "Prijmeni>Vosáhlo", "Prijmeni>"+secret, 1,
		),
		"E999":          question(secret),
		"E05?" + secret: question(""),
	} {
		path, _, _ = strings.Cut(path, "?")
		s.post(t, "/publikace/"+path, []byte(message))
	}
	s.settled(t)
	for _, e := range s.logs.all("") {
		fields := e.fields
		if caller, ok := fields["caller"].(map[string]any); ok {
			delete(caller, "ovm") // an id by its place, whatever it holds
		}
		b, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), secret) {
			t.Errorf("the log has %s", b)
		}
	}
}

// The number in the log is the one that the caller has in its hands.
func TestTheNumberOfAWorkflowsReplyIsLogged(t *testing.T) {
	const other = "99999999-2222-4333-8444-555555555555"
	s := startGateway(t, func(s *settings) {
		s.parts.Media = workflowFunc(func(ctx context.Context, h *egon.Head) (*egon.Answer, error) {
			a, err := serveOK(ctx, h)
			a.IszrZadostId = other
			return a, err
		})
	})
	if body := read(t, s.post(t, "/publikace/E198", mediaCall())); !strings.Contains(body, ">OK<") {
		t.Fatal(body)
	}
	if line := s.lines(t, 1)[0]; line["iszr_zadost_id"] != other || line["outcome"] != "ok" {
		t.Errorf("line = %v", line)
	}
}

// The line of a refusal does not have the status with which a broken reply began.
func TestARefusalHasNoStatusOfABrokenReply(t *testing.T) {
	doc := replyOf("E05", egon.OK)
	for name, broken := range map[string][]byte{
		"cut":       doc[:len(doc)-10],
		"malformed": append(doc[:len(doc):len(doc)], '<'),
	} {
		s := startGateway(t, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
			return answerOf(broken), nil
		}))
		read(t, s.post(t, "/publikace/E05", call{}.message()))
		line := s.lines(t, 1)[0]
		if kod, said := line["kod"]; said || line["outcome"] != "registry-failed" {
			t.Errorf("%s: outcome %v, kod %v", name, line["outcome"], kod)
		}
	}
}

func TestAnIdIsQuotedWithinBounds(t *testing.T) {
	s := startGateway(t)
	s.post(t, "/publikace/E05", call{
		id:  strings.Repeat("x", 10_000),
		ais: strings.Repeat("9", 10_000),
	}.message())
	line := s.lines(t, 1)[0]
	if n := len(line["agenda_zadost_id"].(string)); n > maxIDBytes {
		t.Errorf("%d bytes of AgendaZadostId", n)
	}
	if n := len(line["caller"].(map[string]any)["ais"].(string)); n > maxIDBytes {
		t.Errorf("%d bytes of Ais", n)
	}
}

func TestLevels(t *testing.T) {
	for _, k := range Kinds() {
		if k == LogUnavailable { // which has no line
			continue
		}
		s := startGateway(t, failing(refuse(k)))
		s.post(t, "/publikace/E05", call{}.message())
		s.lines(t, 1)
		want := "info"
		switch k {
		case Internal, JobFailed:
			want = "error"
		case LimitsUnavailable, MatrixUnavailable, QueueUnavailable, IDsUnavailable,
			AuditUnavailable, RegistryFailed, AisFailed, Deadline:
			want = "warn"
		}
		if got := s.logs.all("exchange")[0].level.String(); got != want {
			t.Errorf("%s is logged as %s, want %s", k.Code, got, want)
		}
	}
}

func gather(t *testing.T, s *testGateway) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := s.parts.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

// No request brings a label from outside the closed sets.
func TestLabelsAreFromClosedSets(t *testing.T) {
	s := startGateway(t)
	for _, path := range []string{
		"/publikace/E05", "/publikace/E05?x", "/publikace/Evil", "/other", "/publikace/e05",
	} {
		s.post(t, path, call{}.message())
		s.post(t, path, []byte("<x>"))
	}
	w := s.dial(t)
	w.write("EVIL\r\n\r\n")
	w.answer()
	s.lines(t, 11)
	services := []string{"unknown"}
	for _, service := range egon.Services() {
		services = append(services, service.Code)
	}
	outcomes := []string{
		"ok", "varovani", "chyba", "unknown", "fault",
		"upstream-broke", "caller-left", "cut", "wsdl",
	}
	for _, k := range Kinds() {
		outcomes = append(outcomes, k.Code)
	}
	sets := map[string][]string{
		"service": services,
		"outcome": outcomes,
		"kind":    outcomes,
		"direction": {
			"in", "out",
		},
		"limit":  conn.Limits(),
		"reason": conn.Reasons(),
		"mode": {
			"share", "open",
		},
		"verdict": {
			"admitted", "over-quota", "over-concurrency", "unavailable",
		},
		"result": {"ok", "varovani", "chyba", "deleted", "unkept", "lost"},
	}
	for _, b := range bounds {
		sets["bound"] = append(sets["bound"], b.name)
	}
	for name, f := range gather(t, s) {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if !slices.Contains(sets[l.GetName()], l.GetValue()) {
					t.Errorf("%s has %s=%q", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
}

// counted is the value of a counter whose only label has a value.
func counted(f *dto.MetricFamily, label string) float64 {
	for _, m := range f.GetMetric() {
		if m.GetLabel()[0].GetValue() == label {
			return m.GetCounter().GetValue()
		}
	}
	return 0
}

// While the log takes no lines, calls are refused without a line of their own, or
// served, as the operator has set. Readiness shows both.
func TestALogThatTakesNoLines(t *testing.T) {
	blocked := errors.New("nobody reads it")
	for _, drop := range []bool{false, true} {
		s := startGateway(t, func(s *settings) {
			s.cfg.DropLines = drop
			s.parts.LogBlocked = func() error { return blocked }
		})
		r := s.post(t, "/publikace/E05", call{}.message())
		ready := httptest.NewRecorder()
		s.Admin("").ServeHTTP(
			ready, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil),
		)
		if drop {
			read(t, r)
			got := s.outcome(t)
			if got != "ok" || ready.Code != 200 ||
				!strings.Contains(ready.Body.String(), "[!] log: nobody reads it\n") {
				t.Errorf("served: %s; /readyz: %d %s", got, ready.Code, ready.Body)
			}
			continue
		}
		checkRefusal(t, r, LogUnavailable, EgonMode, nil)
		s.settled(t)
		n := len(s.logs.all("exchange"))
		if n != 0 || ready.Code != 503 ||
			!strings.Contains(ready.Body.String(), "[-] log: nobody reads it\n") {
			t.Errorf("refused: %d lines; /readyz: %d %s", n, ready.Code, ready.Body)
		}
		got := gather(t, s)["brana_refusals_total"].GetMetric()
		if len(got) != 1 || got[0].GetCounter().GetValue() != 1 {
			t.Errorf("refusals counted: %v", got)
		}
	}
}
