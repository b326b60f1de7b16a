package gateway

import (
	"context"
	"errors"
	"io"
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
