package gateway

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"brana/audit"
	"brana/egon"
	"brana/policy"
)

// The result of a call is what the caller saw: the number of the answer, its bytes in any
// framing, and its times.
func TestTheResultIsWhatTheCallerSaw(t *testing.T) {
	const number = "99999999-2222-4333-8444-555555555555"
	for _, size := range []int{0, 3 << 20} {
		reply := bytes.Replace(largeReply(size), []byte(iszrID), []byte(number), 1)
		into, records := recorded(t)
		s := startGateway(t, into, relayTo(
			func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
				if _, err := relayOK(ctx, m); err != nil {
					return nil, err
				}
				a := answerOf(reply)
				a.Length = -1 // it comes in chunks
				return a, nil
			}))
		message := largeMessage(1000 + size)
		began := time.Now()
		answer := read(t, s.post(t, "/publikace/E05", message))
		end := s.lastRecord(t, records)
		took := time.Since(began)
		if end.IszrZadostId != number {
			t.Errorf("the number is %s, in the answer %s", end.IszrZadostId, number)
		}
		if int(end.RequestBytes) != len(message) || int(end.ResponseBytes) != len(answer) {
			t.Errorf("%d bytes came and %d went, of %d and %d", end.RequestBytes,
				end.ResponseBytes, len(message), len(answer))
		}
		intent := records()[0]
		if intent.Time.Before(began.Truncate(time.Microsecond)) || end.Time.Before(intent.Time) {
			t.Errorf("sent at %v, came at %v, ended at %v", began, intent.Time, end.Time)
		}
		recorded := time.Duration(end.TookMicros) * time.Microsecond
		between := end.Time.Sub(intent.Time)
		if recorded <= 0 || recorded > took || (recorded-between).Abs() > 2*time.Microsecond {
			t.Errorf("took %v, by the times %v; the caller saw %v", recorded, between, took)
		}
	}
}

// An answer that broke before its first byte has returned nothing.
func TestNothingReturnedWithoutAByte(t *testing.T) {
	into, records := recorded(t)
	s := startGateway(t, into, func(s *settings) { s.parts.Media = unreadable{} })
	w := s.dial(t)
	w.write(withLength("/publikace/E198", mediaCall()))
	_, _ = io.Copy(io.Discard, w.r)
	end := s.lastRecord(t, records)
	if end.Outcome != "upstream-broke" || end.ResponseBytes > 0 || len(end.Returned) > 0 {
		t.Errorf("%s: %d bytes, returned %v", end.Outcome, end.ResponseBytes, end.Returned)
	}
}

// An unreadable workflow has an item in an answer that breaks at once.
type unreadable struct{}

func (unreadable) Serve(
	ctx context.Context, h *egon.Head, tr *egon.Trace,
) (*egon.Answer, time.Time, error) {
	a, err := serveOK(ctx, h)
	if err != nil {
		return nil, time.Time{}, err
	}
	tr.ReturnsItem("EopFoto")
	a.Body = io.NopCloser(breaking{io.ErrUnexpectedEOF})
	return a, time.Now(), nil
}

// Of a message that did not come there is no digest.
func TestNoDigestOfNoMessage(t *testing.T) {
	into, records := recorded(t)
	s := startGateway(t, into, func(s *settings) { s.cfg.Digests = true })
	w := s.dial(t)
	w.write(get("/publikace/E05", "Host: a"))
	w.answer()
	if r := s.lastRecord(t, records); r.RequestSHA256 != "" || r.ResponseSHA256 == "" {
		t.Errorf("digests %q and %q", r.RequestSHA256, r.ResponseSHA256)
	}
}

// A description of a service is no use of data.
func TestADescriptionIsNotRecorded(t *testing.T) {
	into, records := recorded(t)
	s := startGateway(t, into, described)
	w := s.dial(t)
	w.write(get("/publikace/E05?wsdl", "Host: a"))
	if a, _ := w.answer(); a.StatusCode != 200 {
		t.Fatalf("status %d", a.StatusCode)
	}
	w.write(withLength("/publikace/E05", call{ais: "999003"}.message()))
	w.answer()
	s.lastRecord(t, records)
	if list := records(); len(list) != 1 || list[0].Type != audit.TypeRefusal {
		t.Errorf("%d records, the first is of %s %s", len(list), list[0].Service, list[0].Outcome)
	}
}

// What a record borrowed from its call is not kept for the next one.
func TestAUseKeepsNothing(t *testing.T) {
	u := &use{items: []egon.Word{{Text: []byte("EopFoto")}}}
	u.refused = append(u.refused, audit.Refused{Word: policy.HideLog})
	u.clear()
	if items := u.items[:cap(u.items)]; len(items) == 0 || items[0].Text != nil {
		t.Errorf("it keeps %v", items)
	}
	if u.call.Head != nil || len(u.refused)+len(u.items) > 0 {
		t.Errorf("it keeps %v", u)
	}
}

// What nobody has checked is cut in the record of a refused call.
func TestTheRecordOfARefusedCallIsShort(t *testing.T) {
	long := strings.Repeat("ř", 1000)
	into, records := recorded(t)
	s := startGateway(t, into)
	message := bytes.Replace(call{}.message(), []byte("X999"), []byte(long), 1)
	for _, element := range []string{"Subjekt", "Uzivatel", "DuvodUcel"} {
		i := bytes.Index(message, []byte(element+">"))
		message = slices.Insert(message, i+len(element)+1, []byte(long)...)
	}
	read(t, s.post(t, "/publikace/E05", message))
	r := s.lastRecord(t, records)
	for _, f := range []struct {
		name, text string
		most       int
	}{
		{"agenda", r.Agenda, 32},
		{"subjekt", r.Subjekt, 65},
		{"uzivatel", r.Uzivatel, 100},
		{"duvod_ucel", r.DuvodUcel, 255},
	} {
		if n := len([]rune(f.text)); n != f.most || strings.ContainsRune(f.text, '\ufffd') {
			t.Errorf("%s has %d characters, want %d: %s", f.name, n, f.most, f.text)
		}
	}
}

// An unintended record takes no intent.
type unintended struct{ Record }

func (unintended) Intend(*audit.Call) (uint64, error) { return 0, errNoDisk }

// A late record has each person of the request once, also those that came after its intent
// could not be written.
func TestPersonsOfALateRecord(t *testing.T) {
	key := personKey(t)
	into, records := recorded(t)
	s := startGateway(t, into, func(s *settings) {
		s.parts.Record = unintended{s.parts.Record}
		s.parts.PersonKey = key
		s.cfg.ServeUnrecorded = true
	})
	pad := "<x>" + strings.Repeat("y", 1<<20) + "</x>"
	read(t, s.post(t, "/publikace/E05",
		call{inner: mapaAifo("A1") + pad + mapaAifo("A2", "A1")}.message()))
	late := s.lastRecord(t, records)
	want := []string{key.Hash([]byte("A1")), key.Hash([]byte("A2"))}
	if late.Type != audit.TypeLate || !slices.Equal(late.Persons, want) {
		t.Errorf("%s of %v, want %v", late.Type, late.Persons, want)
	}
}

// The outcome of a job that fails has the codes of the answer that waits in the queue.
func TestTheOutcomeOfAJobThatFails(t *testing.T) {
	into, records := recorded(t)
	s := startGateway(t, into, queued(t),
		rowsFrom(t, func(context.Context, string) ([]egon.RightsItem, error) {
			return nil, errNoDisk
		}))
	triple := &egon.RightsQuery{
		Agenda:       []byte("X998"),
		AgendovaRole: []byte("XR1"),
		Ovm:          []byte("12345678"),
	}
	read(t, s.post(t, "/publikace/E227?async", call{code: "E227", triple: triple}.message()))
	var job audit.Record
	eventually(t, "the outcome of the job", func() bool {
		list := records()
		i := slices.IndexFunc(list, func(r audit.Record) bool { return r.Job })
		if i >= 0 {
			job = list[i]
		}
		return i >= 0
	})
	const want = "outcome = chyba CHYBA [NENI K DISPOZICI] 0 job"
	if got := plain(job); got != want || job.IszrZadostId != iszrID {
		t.Errorf("%s of %s, want %s", got, job.IszrZadostId, want)
	}
}

// A kept is a pool of one value.
type kept[T any] struct{ value T }

func (p kept[T]) Get() T { return p.value }
func (kept[T]) Put(T)    {}

// Nothing of a call is in the record of the next one, which has its memory.
func TestNothingOfACallIsInTheNextRecord(t *testing.T) {
	into, records := recorded(t)
	s := startGateway(t, into, func(s *settings) {
		s.parts.Media = onceTraced{new(bool)}
		s.made = func(g *Gateway) {
			g.pools.traces = kept[*egon.Trace]{&egon.Trace{}}
			g.pools.uses = kept[*use]{&use{}}
		}
	})
	read(t, s.post(t, "/publikace/E198", mediaCall()))
	first := s.lastRecord(t, records)
	if len(first.Returned) != 1 || len(first.Registries) != 1 || len(first.Unpermitted) != 1 {
		t.Fatalf("the first record has %v, %v", first.Returned, first.Registries)
	}
	read(t, s.post(t, "/publikace/E198", mediaCall()))
	eventually(t, "four records", func() bool { return len(records()) == 4 })
	const want = "outcome = ok OK [] 200"
	if got := plain(records()[3]); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// onceTraced is a workflow that asks and returns something only the first time.
type onceTraced struct{ done *bool }

func (w onceTraced) Serve(
	ctx context.Context, h *egon.Head, tr *egon.Trace,
) (*egon.Answer, time.Time, error) {
	if !*w.done {
		tr.End(tr.Begin("eop", "X21"), egon.SpanOK, time.Millisecond)
		tr.ReturnsItem("EcdFoto")
		*w.done = true
	}
	a, err := serveOK(ctx, h)
	return a, time.Now(), err
}

// A caller whose certificate is taken away while its call waits for its row is refused for
// that, and so says the record.
func TestACertificateTakenAwayUnderWay(t *testing.T) {
	var identities atomic.Pointer[string]
	bound, none := boundOnce, "identities: []\n"
	identities.Store(&bound)
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"p/a.yaml": {Data: []byte(grants)},
			"p/b.yaml": {Data: []byte(*identities.Load())},
		}, policy.Config{Dir: "p", Environment: policy.Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	into, records := recorded(t)
	s := startTLSGateway(t, boundOnce, into,
		rowsOver(t, store, func(context.Context, string) ([]egon.RightsItem, error) {
			identities.Store(&none)
			return []egon.RightsItem{{KodIszr: "Jmeno"}}, store.Reload()
		}))
	message := call{items: []string{"Jmeno"}}.message()
	if _, err := s.ask(s.client(t, s.ca.issue(100)), message); err != nil {
		t.Fatal(err)
	}
	r := s.lastRecord(t, records)
	if r.Outcome != "caller-mismatch" || r.Decision.Verdict != "caller-mismatch" ||
		r.Decision.Rule+r.Decision.Row != "" || r.Decision.Policy != store.Current().Version() {
		t.Errorf("%s, decision %+v", r.Outcome, *r.Decision)
	}
}

// A word of a refused call is recorded when a list, a grant of any caller or the caller's row
// has it. Another one may be anything.
func TestWordsOfARefusedCall(t *testing.T) {
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"p/a.yaml": {Data: []byte(strings.Replace(grants, "[EopFoto]", "[EopFoto, OfGrant]", 1))},
		}, policy.Config{Dir: "p", Environment: policy.Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"Jmeno", "OfRow", "OfGrant", "Vosahlo"}
	for _, tt := range []struct {
		name string
		call call
		want []string
	}{
		{"decided", call{items: words}, []string{"Jmeno", "OfRow", "OfGrant", "?"}},
		{"of another caller", call{ais: "999003", items: words}, []string{"Jmeno", "?", "OfGrant", "?"}},
		{"not decided", call{time: "soon", items: words}, []string{"Jmeno", "?", "?", "?"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			into, records := recorded(t)
			s := startGateway(t, into,
				rowsOver(t, store, func(context.Context, string) ([]egon.RightsItem, error) {
					return []egon.RightsItem{{KodIszr: "Jmeno"}, {KodIszr: "OfRow"}}, nil
				}))
			read(t, s.post(t, "/publikace/E05", tt.call.message()))
			if r := s.lastRecord(t, records); !slices.Equal(r.Asked, tt.want) {
				t.Errorf("%s: asked %q, want %q", r.Outcome, r.Asked, tt.want)
			}
		})
	}
}
