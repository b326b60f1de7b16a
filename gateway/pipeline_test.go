package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
	"brana/limits"
)

func TestARelayedMessageAndItsReplyPassUnchanged(t *testing.T) {
	var got []byte
	var head egon.Message
	reply := replyOf("E05", egon.Varovani)
	s := startGateway(t, relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		head = *m
		got, _ = io.ReadAll(m.Body)
		return answerOf(reply), nil
	}))
	message := call{items: []string{"Jmeno"}}.message()
	r := s.post(t, "/publikace/E05", message)
	if diff := cmp.Diff(string(reply), read(t, r)); diff != "" {
		t.Errorf("the reply changed:\n%s", diff)
	}
	if diff := cmp.Diff(string(message), string(got)); diff != "" {
		t.Errorf("the message changed:\n%s", diff)
	}
	if head.Length != int64(len(message)) || head.Service.Code != "E05" || head.Async {
		t.Errorf("message = %+v", head)
	}
	want := map[string]string{
		"RateLimit-Policy": `"hour";q=1000;w=3600`,
		"RateLimit":        `"hour";r=999;t=3600`,
		"Content-Type":     contentType,
		"Retry-After":      "",
		"Server":           "",
	}
	for name, value := range want {
		if got := r.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if got := s.outcome(t); got != "varovani" {
		t.Errorf("outcome = %s", got)
	}
}

// A call that was decided without the shared counts says so: in its answer, in
// the log, and as a metric.
func TestADecisionWithoutCountsIsShown(t *testing.T) {
	var asked limits.Call
	s := startGateway(t, func(s *settings) {
		s.parts.Limiter = &limiterFunc{admit: func(_ context.Context, c limits.Call) (limits.Decision, error) {
			asked = c
			return limits.Decision{
				Verdict:   limits.Admitted,
				Degraded:  limits.Share,
				Quota:     500,
				Remaining: 499,
				Reset:     time.Hour,
			}, nil
		}}
	})
	r := s.post(t, "/publikace/E05", call{}.message())
	if got := r.Header.Get("RateLimit-Policy"); got != `"hour";q=500;w=3600;degraded=share` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
	read(t, r)
	if line := s.lines(t, 1)[0]; line["limits"] != "share" {
		t.Errorf("log line %v", line)
	}
	if got := s.count(t, "brana_limits_degraded_total", "share"); got != 1 {
		t.Errorf("%v calls counted as shared, want 1", got)
	}
	if asked.Policy == "" || asked.WhenDown != limits.Closed {
		t.Errorf("asked for %+v, want the version of the policy and the grant's mode", asked)
	}
}

func TestAFaultOfTheUpstreamPassesWithItsStatus(t *testing.T) {
	fault := egon.AppendFault(nil, egon.FaultServer, "ne", "registry")
	s := startGateway(t, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
		a := answerOf(fault)
		a.HTTPStatus = 500
		return a, nil
	}))
	r := s.post(t, "/publikace/E05", call{}.message())
	if body := read(t, r); r.StatusCode != 500 || body != string(fault) {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	if got := s.outcome(t); got != "fault" {
		t.Errorf("outcome = %s", got)
	}
}

func TestE227IsAnsweredFromTheMatrix(t *testing.T) {
	s := startGateway(t)
	for _, c := range []struct {
		name   string
		triple *egon.RightsQuery
		want   []string
	}{
		{"the caller's own triple", nil, []string{"OK", "Prijmeni", "101-1-5", requestID, iszrID}},
		{
			"a triple without a row",
			&egon.RightsQuery{
				Agenda:       []byte("A1"),
				AgendovaRole: []byte("CR1"),
				Ovm:          []byte("00000001"),
			},
			[]string{"VAROVANI"},
		},
	} {
		body := read(
			t, s.post(t, "/publikace/E227", call{code: "E227", triple: c.triple}.message()),
		)
		parse(t, body)
		for _, w := range c.want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: %q is missing in %s", c.name, w, body)
			}
		}
	}
}

func TestABareMessageIsAnsweredBare(t *testing.T) {
	s := startGateway(t)
	for name, m := range map[string][]byte{
		"E227":             call{code: "E227", bare: true}.message(),
		"a refusal of E05": call{bare: true, ais: "999003"}.message(),
	} {
		path := "/publikace/E05"
		if name == "E227" {
			path = "/publikace/E227"
		}
		root := parse(t, read(t, s.post(t, path, m)))
		if !strings.HasSuffix(root.Local, "Response") {
			t.Errorf("%s: root is %s", name, root.Local)
		}
	}
}

// failing is a relay that fails with err.
func failing(err error) func(*settings) {
	return relayTo(
		func(_ context.Context, m *egon.Message) (*egon.Answer, error) { return nil, err },
	)
}

// admitting decides as d and err say.
func admitting(d limits.Decision, err error) func(*settings) {
	return func(s *settings) {
		s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
			return d, err
		}}
	}
}

func TestRefusals(t *testing.T) {
	ais := egon.Party{Kind: egon.Ais, Code: "42"}
	for _, c := range []struct {
		name   string
		change func(*settings)
		path   string
		call   call
		kind   *Kind
		want   []string // in the answer
	}{
		{
			"unknown AIS", nil, "E05", call{ais: "999003"}, NotGranted,
			[]string{"BR_101: ", "Ais 999003", requestID, iszrID},
		},
		{
			"expired grant", nil, "E05", call{ais: "999002"},
			NotGranted, []string{"BR_101: ", "Platnost"},
		},
		{"service not granted", nil, "E172", call{code: "E172"}, NotGranted, []string{"E172"}},
		{"items beyond the matrix", nil, "E05", call{items: []string{"Jmeno", "Doklad", "Telefon"}}, ItemNotPermitted,
			[]string{"BR_111: Nepovolené položky v SeznamUdaju: Doklad, Telefon. Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227."}},
		{"items beyond the grant", nil, "E05", call{items: []string{"EopPodpis", "Doklad"}}, ItemNotPermitted,
			[]string{
				"BR_111: Nepovolené položky v SeznamUdaju: Doklad. Pro ",
				"BR_111: Nepovolené položky v SeznamUdaju: EopPodpis. Služba E227 je neuvádí",
			}},
		{"words that are no items", nil, "E05", call{items: []string{
			"Jmneo", "Doklad", "jmeno", "Jmeno,Prijmeni", "Jmeno\u00a0Prijmeni",
		}}, InvalidData,
			[]string{
				"BR_301: ",
				"nejsou známé položky: Jmneo, jmeno (správně Jmeno), Jmeno,Prijmeni (obsahuje znak U+002C), Jmeno[U+00A0]Prijmeni (obsahuje znak U+00A0). ",
			}},
		{
			"a word that is longer than any item", nil, "E05",
			call{items: []string{strings.Repeat("x", 5000)}},
			InvalidData, []string{": " + strings.Repeat("x", 64) + ". "},
		},
		{"over the hour", admitting(limits.Decision{
			Verdict:    limits.OverQuota,
			Quota:      10,
			RetryAfter: 90 * time.Second,
		}, nil), "E05", call{}, HourlyQuota,
			[]string{"BR_201: ", "10 volání", "90 s"}},
		{"over concurrency", admitting(limits.Decision{
			Verdict:    limits.OverConcurrency,
			RetryAfter: time.Second,
		}, nil), "E05", call{}, ConcurrencyQuota,
			[]string{"BR_202: ", "nejvýše 2 "}},
		{
			"no decision", admitting(limits.Decision{}, errors.New("no Redis")),
			"E05", call{}, LimitsUnavailable, []string{"BR_203: "},
		},
		{
			"too many exchanges", func(s *settings) { s.cfg.MaxExchanges = -1 },
			"E05", call{}, Overloaded, []string{"BR_204: "},
		},
		{
			"empty id", nil, "E05", call{id: "x"}, InvalidData,
			[]string{"BR_301: ", "AgendaZadostId"},
		},
		{
			"another service in the body", nil, "E05", call{code: "E03"},
			ServiceMismatch, []string{"BR_302: ", "E03", "RobCtiPodleUdajuResponse"},
		},
		{
			"a sync service called async", nil, "E198?async",
			call{code: "E227"}, ServiceMismatch, nil,
		},
		{
			"a local service called async", nil, "E227?async",
			call{code: "E227"}, SyncOnlyKind, []string{"BR_305: ", requestID},
		},
		{
			"the upstream does not answer", failing(&egon.CallError{Err: io.ErrUnexpectedEOF}),
			"E05", call{}, RegistryFailed, []string{"BR_401: ", "ISZR"},
		},
		{
			"the upstream names itself",
			failing(&egon.CallError{Party: ais, Err: io.ErrUnexpectedEOF}),
			"E05", call{}, AisFailed, []string{"BR_402: ", "42"},
		},
		{
			"the deadline", failing(&egon.CallError{Timeout: true, Err: context.DeadlineExceeded}),
			"E05", call{}, Deadline, []string{"BR_403: ", "ISZR"},
		},
		{
			"the upstream's pace",
			failing(&egon.CallError{Busy: true, Err: errors.New("no turn")}), "E05",
			call{}, Overloaded, []string{"BR_204: ", "ISZR", "čeká příliš mnoho"},
		},
		{"the bare deadline", failing(context.DeadlineExceeded), "E05", call{}, Deadline, nil},
		{
			"too large a question", nil, "E227",
			call{code: "E227", inner: strings.Repeat(" ", 64<<10)},
			TooLargeKind, []string{"BR_504: ", "65536"},
		},
		{"no such service", nil, "E999", call{}, UnknownService, []string{"BR_503: "}},
		{"lower case", nil, "e05", call{}, UnknownService, []string{"se píše E05"}},
		{
			"no route", func(s *settings) { s.cfg.Routes.Services["E05"] = Route{} },
			"E05", call{}, UnknownService, []string{"E05 není"},
		},
		{"another query", nil, "E05?async=1", call{}, UnknownService, []string{"async"}},
	} {
		for _, mode := range []StatusMode{EgonMode, HTTPMode} {
			t.Run(fmt.Sprint(c.name, " mode ", mode), func(t *testing.T) {
				s := startGateway(t, func(s *settings) {
					s.cfg.StatusMode = mode
					if c.change != nil {
						c.change(s)
					}
				})
				r := s.post(t, "/publikace/"+c.path, c.call.message())
				checkRefusal(t, r, c.kind, mode, c.want)
				if got := s.outcome(t); got != c.kind.Code {
					t.Errorf("outcome = %s, want %s", got, c.kind.Code)
				}
			})
		}
	}
}

// checkRefusal checks what every refusal has: status, form, code, and the
// sentence within its bound.
func checkRefusal(t *testing.T, r *http.Response, k *Kind, mode StatusMode, want []string) {
	t.Helper()
	body := read(t, r)
	root := parse(t, body)
	status := 200
	switch {
	case mode == HTTPMode:
		status = k.Status
	case k.SubKod == "":
		status = 500
	}
	if r.StatusCode != status {
		t.Errorf("status %d, want %d", r.StatusCode, status)
	}
	want = append(want, fmt.Sprintf("BR_%03d: ", k.Number))
	if k.SubKod == "" {
		want = append(want, "<faultcode>s:"+string(k.Fault)+"<")
		if k.Fault == egon.FaultClient || k.Fault == egon.FaultServer {
			want = append(want, k.Code)
		} else if strings.Contains(body, "<detail") { // SOAP 1.1 §4.4
			t.Errorf("a Fault about the Envelope has a detail: %s", body)
		}
	} else {
		want = append(want, "VysledekKod>CHYBA<", "VysledekSubKod>"+k.SubKod+"<")
	}
	for _, w := range want {
		if !strings.Contains(body, w) {
			t.Errorf("%q is missing in %s", w, body)
		}
	}
	if got := r.Header.Get("Retry-After") != ""; got != (k.SubKod == unavailable) {
		t.Errorf("Retry-After: %q", r.Header.Get("Retry-After"))
	}
	eachPopis(root, func(popis string) {
		if n := len([]rune(popis)); n > 1024 {
			t.Errorf("VysledekPopis has %d characters", n)
		}
	})
}

func TestEveryKindCanBeAnswered(t *testing.T) {
	for _, k := range Kinds() {
		for _, mode := range []StatusMode{EgonMode, HTTPMode} {
			s := startGateway(t, failing(refuse(k)), func(s *settings) { s.cfg.StatusMode = mode })
			checkRefusal(t, s.post(t, "/publikace/E05", call{}.message()), k, mode, nil)
		}
	}
}

// The caller must learn of each refused item, however many there are.
func TestEveryRefusedItemIsNamed(t *testing.T) {
	var items []string
	for i := range 200 {
		items = append(items, fmt.Sprintf("NejakyVelmiDlouhyNeznamyUdaj%03d", i))
	}
	s := startGateway(t)
	body := read(t, s.post(t, "/publikace/E05", call{items: items}.message()))
	for _, item := range items {
		if !strings.Contains(body, item) {
			t.Errorf("%s is not named", item)
		}
	}
	longest := 0
	eachPopis(parse(t, body), func(popis string) { longest = max(longest, len([]rune(popis))) })
	if longest == 0 || longest > 1024 {
		t.Errorf("the longest VysledekPopis has %d characters", longest)
	}
}

// The offence of a broken reply is the registry's, not the caller's.
func TestABrokenReplyIsTheRegistrysFailure(t *testing.T) {
	whole := replyOf("E05", egon.OK)
	for name, reply := range map[string]struct {
		doc    []byte
		length int64
	}{
		"cut":                     {whole[:len(whole)-5], int64(len(whole))},
		"cut, length not known":   {whole[:len(whole)-5], -1},
		"not closed":              {whole[:len(whole)-5], int64(len(whole) - 5)},
		"empty":                   {nil, 0},
		"empty, length not known": {nil, -1},
		"not XML":                 {[]byte("<html><p>Sorry</html>"), 21},
		"another service's": {
			replyOf("E03", egon.OK), int64(len(replyOf("E03", egon.OK))),
		},
		"something after the end": {
			append(whole[:len(whole):len(whole)], '!'), int64(len(whole) + 1),
		},
		"DOCTYPE":                    {append([]byte("<!DOCTYPE x>"), whole...), -1},
		"two documents":              {append(whole[:len(whole):len(whole)], whole...), -1},
		"cut, and the reader breaks": {nil, -2},
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(
				t, relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
					_, _ = io.Copy(io.Discard, m.Body)
					a := answerOf(reply.doc)
					a.Length = reply.length
					if reply.length == -2 {
						a.Length, a.Body = -1, io.NopCloser(
							io.MultiReader(
								strings.NewReader(string(whole[:200])), breaking{errors.New("reset")},
							),
						)
					}
					return a, nil
				}),
			)
			r := s.post(t, "/publikace/E05", call{}.message())
			checkRefusal(t, r, RegistryFailed, EgonMode, []string{"Puvodce", "ISZR"})
		})
	}
}

type breaking struct{ err error }

func (b breaking) Read([]byte) (int, error) { return 0, b.err }

func TestPanicsAreAnswered(t *testing.T) {
	boom := func() { panic("boom") }
	for name, change := range map[string]func(*settings){
		"workflow": func(s *settings) {
			s.parts.Media = workflowFunc(
				func(context.Context, *egon.Head) (*egon.Answer, error) { boom(); return nil, nil },
			)
		},
		"relay": relayTo(
			func(context.Context, *egon.Message) (*egon.Answer, error) { boom(); return nil, nil },
		),
		"limiter": func(s *settings) {
			s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
				boom()
				return limits.Decision{}, nil
			}}
		},
		"policy": func(s *settings) { s.parts.Policy = nil },
		"reply": relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
			return &egon.Answer{HTTPStatus: 200, Length: -1, Body: panicking{}}, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t, change)
			path, message := "/publikace/E05", call{}.message()
			if name == "workflow" {
				path, message = "/publikace/E198", mediaCall()
			}
			for range 2 { // the process lives
				checkRefusal(t, s.post(t, path, message), Internal, EgonMode, nil)
			}
			line := s.lines(t, 2)[0]
			stack, _ := line["stack"].(string)
			if line["outcome"] != "internal" || !strings.Contains(stack, "gateway") {
				t.Errorf("line = %v", line)
			}
		})
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }
func (panicking) Close() error             { panic("boom") }

func TestAPanicInTheMiddleOfAnAnswerCutsIt(t *testing.T) {
	doc := largeReply(256 << 10)
	s := startGateway(t, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
		body := io.MultiReader(strings.NewReader(string(doc[:128<<10])), panicking{})
		return &egon.Answer{HTTPStatus: 200, ContentType: contentType, Length: -1, Body: struct {
			io.Reader
			io.Closer
		}{body, panicking{}}}, nil
	}))
	r := s.post(t, "/publikace/E05", call{}.message())
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("the answer looks complete")
	}
	if line := s.lines(t, 1)[0]; line["outcome"] != "upstream-broke" || line["stack"] == nil {
		t.Errorf("line = %v", line)
	}
}
