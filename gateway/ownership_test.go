package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
)

// An exit is one way in which an exchange, or its job, ends.
type exit struct {
	name string
	set  func(*trial, *settings) // what makes it so; nil: nothing
	ask  func(*trial)            // what the caller does; nil: an ordinary call

	outcome string   // in the line of an exchange: the exit was reached
	job     string   // of the line of a job; empty: there is none
	took    []string // what must have been taken on the way
	rooms   int      // that stay with the queue
}

// A trial is a gateway whose takings are counted, and a caller.
type trial struct {
	t *testing.T
	*testGateway
	*stores
	tally *tally
}

// try runs one exit to its end and checks that nothing is out.
func (e *exit) try(t *testing.T) {
	l := newTally()
	tr := &trial{t: t, stores: newStores(t, l), tally: l}
	tr.testGateway = startGateway(t, tr.stores.into, func(s *settings) {
		relayTo(tr.relay)(s)
		s.parts.Media = workflowFunc(func(_ context.Context, h *egon.Head) (*egon.Answer, error) {
			doc := replyOf(h.Service.Code, egon.OK)
			a := l.answer(int64(len(doc)), bytes.NewReader(doc))
			a.Kod = egon.OK
			return a, nil
		})
		if e.set != nil {
			e.set(tr, s)
		}
	})
	if e.ask == nil {
		tr.post("E05", call{}.message())
	} else {
		e.ask(tr)
	}
	eventually(t, "all has ended", func() bool { return tr.Running() == 0 && tr.Jobs() == 0 })
	reached := func(l logEntry) bool { return l.fields["outcome"] == e.outcome }
	if lines := tr.logs.all("exchange"); !slices.ContainsFunc(lines, reached) {
		t.Errorf("it did not end as %s: %v", e.outcome, lines)
	}
	var job string
	if lines := tr.logs.all("job"); len(lines) > 0 {
		job, _ = lines[0].fields["outcome"].(string)
	}
	if job != e.job {
		t.Errorf("its job ended as %q, want %q", job, e.job)
	}
	if n := tr.underWay.Open(); n != 0 {
		t.Errorf("%s: %d are out", deadlines, n)
	}
	l.check(t, e.rooms, e.took...)
}

// relay reads the message and answers OK.
func (tr *trial) relay(_ context.Context, m *egon.Message) (*egon.Answer, error) {
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return nil, err
	}
	doc := replyOf(m.Service.Code, egon.OK)
	return tr.tally.answer(int64(len(doc)), bytes.NewReader(doc)), nil
}

// relays answers with a body of which the length is known, or -1.
func relays(length int64, body func() io.Reader) func(*trial, *settings) {
	return func(tr *trial, s *settings) {
		relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
			_, err := io.Copy(io.Discard, m.Body)
			return tr.tally.answer(length, body()), err
		})(s)
	}
}

// breaks has one operation of the stores fail, or panic when err is nil.
func breaks(what string, err error) func(*trial, *settings) {
	return func(tr *trial, _ *settings) {
		tr.before[what] = func() error {
			if err == nil {
				panic(what)
			}
			return err
		}
	}
}

// both does two of these.
func both(all ...func(*trial, *settings)) func(*trial, *settings) {
	return func(tr *trial, s *settings) {
		for _, f := range all {
			f(tr, s)
		}
	}
}

// post sends a message to a service and reads the answer, whole or not.
func (tr *trial) post(path string, message []byte) {
	r, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Post(
		"http://"+tr.addr+"/publikace/"+path, contentType, bytes.NewReader(message))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body) // an answer that breaks off is one of the exits
		r.Body.Close()
	}
}

func asks(path string, message []byte) func(*trial) {
	return func(tr *trial) { tr.post(path, message) }
}

// later asks for rights and leaves the answer to a job.
var later = asks("E227?async", call{code: "E227"}.message())

var errNoStore = errors.New("no Redis")

// decides has the limiter decide as d says.
func decides(v limits.Verdict) func(*trial, *settings) {
	return func(tr *trial, _ *settings) {
		tr.limiterFunc.admit = func(context.Context, limits.Call) (limits.Decision, error) {
			return limits.Decision{Verdict: v, Quota: 1}, nil
		}
	}
}

// Whatever ends an exchange or a job, and wherever: what it took is given back,
// once.
func TestAllThatIsTakenIsGivenBack(t *testing.T) {
	for _, group := range []struct {
		name  string
		exits []exit
	}{
		{"answered", answeredExits()},
		{"refused", refusedExits()},
		{"upstream fails", upstreamExits()},
		{"cut", cutExits()},
		{"panic", panicExits()},
		{"job", jobExits()},
	} {
		for _, e := range group.exits {
			t.Run(group.name+"/"+e.name, e.try)
		}
	}
}

// A caller whose certificate says that it is another is refused before anything is
// taken at the stores.
func TestARefusedCallerTakesNothingFromTheStores(t *testing.T) {
	l := newTally()
	stores := newStores(t, l)
	s := startTLSGateway(t, strings.Replace(boundOnce, "999001", "999002", 1), stores.into)
	if body, err := s.ask(s.client(t, s.ca.issue(100)), call{}.message()); err != nil || !strings.Contains(body, "BR_102: ") {
		t.Errorf("%s, %v", body, err)
	}
	s.settled(t)
	if s.outcome(t) != "caller-mismatch" || l.taken[claims]+l.taken[slots] > 0 {
		t.Errorf("taken: %v", l.taken)
	}
	l.check(t, 0, readers, buffers)
}

// What was reserved for a call is given back before the caller learns that the call
// is refused, and its slot only when the answer has gone.
func TestWhatWasReservedIsGivenBackBeforeTheRefusal(t *testing.T) {
	for _, path := range []string{"/publikace/E05", "/publikace/E227?async"} {
		l := newTally()
		stores := newStores(t, l)
		stores.before["confirm"] = func() error { return errNoStore }
		message := call{code: strings.TrimSuffix(path[len("/publikace/"):], "?async")}.message()
		loop := newLoop(t, path, message, stores.into)
		loop.body.Reset(message)
		loop.rc.Request.SetBodyStream(&loop.body, len(message))
		loop.g.Handle(&loop.rc)
		if len(l.out[claims])+len(l.out[rooms]) > 0 || len(l.out[slots]) != 1 || l.taken[claims] != 1 {
			t.Errorf("%s: before the answer %v are out of %v", path, l.out, l.taken)
		}
		if !bytes.Contains(loop.rc.Response.Body(), []byte("BR_208: ")) { // which ends the exchange
			t.Error("it was not refused")
		}
		l.check(t, 0, slots, claims)
	}
}

// A job that ends before it has run gives back what it holds.
func TestAJobThatDoesNotRunGivesBack(t *testing.T) {
	l := newTally()
	stores := newStores(t, l)
	g := newGateway(t, stores.into).Gateway
	j := g.newJob(&request{g: g, service: egon.ServiceByCode("E227")})
	if _, err := j.hold.admit(context.Background(), limits.Call{}); err != nil {
		t.Fatal(err)
	}
	j.close()
	if n := g.Jobs(); n != 0 {
		t.Errorf("%d jobs run", n)
	}
	l.check(t, 0, slots, readers)
}

func answeredExits() []exit {
	all := []string{slots, claims, readers, replies, buffers, answers}
	large := largeReply(300 << 10)
	return []exit{
		{name: "relayed", outcome: "ok", took: all},
		{name: "relayed, large both ways", outcome: "ok", took: all,
			set: relays(-1, func() io.Reader { return bytes.NewReader(large) }),
			ask: asks("E05", largeMessage(300<<10))},
		{name: "more held than a pool keeps", outcome: "ok", took: all,
			set: func(_ *trial, s *settings) { s.cfg.InlineLimit = 1 << 20 },
			ask: asks("E05", largeMessage(500<<10))},
		{name: "workflow", outcome: "ok", took: []string{slots, claims, readers, buffers, answers},
			ask: asks("E198", mediaCall())},
		{name: "local", outcome: "ok", took: []string{slots, claims, readers, buffers},
			ask: asks("E227", call{code: "E227"}.message())},
		{name: "a fault of the upstream", outcome: "fault", took: all,
			set: relays(-1, func() io.Reader {
				return bytes.NewReader(egon.AppendFault(nil, egon.FaultServer, "no", "x"))
			})},
	}
}

func refusedExits() []exit {
	read := []string{readers, buffers}
	reserved := []string{readers, buffers, claims}
	admitted := []string{readers, buffers, claims, slots}
	offence := insert(largeMessage(300<<10), 200<<10, []byte("<?x?>"))
	return []exit{
		{name: "by the server", outcome: "bad-http",
			ask: func(tr *trial) { tr.send("NONSENSE\r\n\r\n") }},
		{name: "at the edge", outcome: "unknown-service", ask: asks("E999", call{}.message())},
		{name: "before the message", outcome: "unknown-service", ask: func(tr *trial) {
			tr.send(header("/publikace/E999", "Expect: 100-continue", "Content-Length: 5"))
		}},
		{name: "at the head", outcome: "malformed", took: read, ask: asks("E05", []byte("<a>"))},
		{name: "too large", outcome: "too-large", took: read,
			set: func(_ *trial, s *settings) { s.cfg.MaxMessage = 64 << 10 },
			ask: func(tr *trial) {
				message := largeMessage(100 << 10)
				tr.send(header("/publikace/E05", "Transfer-Encoding: chunked"), fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(message), message))
			}},
		{name: "not granted", outcome: "not-granted", took: read, ask: asks("E05", call{ais: "999003"}.message())},
		{name: "stale", outcome: "stale-time", took: read,
			set: func(_ *trial, s *settings) { s.cfg.TimeTolerance = time.Minute }},
		{name: "a duplicate", outcome: "duplicate-request", took: reserved,
			ask: func(tr *trial) {
				tr.post("E05", call{}.message())
				tr.post("E05", call{}.message())
			}},
		{name: "no store of ids", outcome: "ids-unavailable", took: read, set: breaks("claim", errNoStore)},
		{name: "the queue is full", outcome: "queue-full", took: reserved, set: breaks("open", queue.ErrFull), ask: later},
		{name: "no queue", outcome: "queue-unavailable", took: reserved, set: breaks("open", errNoStore), ask: later},
		{name: "a queue that answers too late", outcome: "queue-unavailable", took: append(reserved, rooms),
			set: breaks("opened", errNoStore), ask: later},
		{name: "over quota", outcome: "hourly-quota", took: reserved, set: decides(limits.OverQuota)},
		{name: "over quota, later", outcome: "hourly-quota", took: append(reserved, rooms),
			set: decides(limits.OverQuota), ask: later},
		{name: "over concurrency", outcome: "concurrency-quota", took: reserved, set: decides(limits.OverConcurrency)},
		{name: "no limits", outcome: "limits-unavailable", took: reserved, set: breaks("admit", errNoStore)},
		{name: "not confirmed", outcome: "ids-unavailable", took: admitted, set: breaks("confirm", errNoStore)},
		{name: "not confirmed, later", outcome: "ids-unavailable", took: append(admitted, rooms),
			set: breaks("confirm", errNoStore), ask: later},
		{name: "neither confirmed nor forgotten", outcome: "ids-unavailable", took: admitted,
			set: both(breaks("confirm", errNoStore), breaks("forget", errNoStore), breaks("release", errNoStore))},
		{name: "an offence in the tail", outcome: "malformed", took: admitted, ask: asks("E05", offence)},
		{name: "an offence in the tail, answered early", outcome: "malformed", took: append(admitted, answers),
			set: relays(5, func() io.Reader { return strings.NewReader("<a/>\n") }), ask: asks("E05", offence)},
		{name: "draining", outcome: "draining", took: read, set: func(tr *trial, s *settings) {
			made := s.made
			s.made = func(g *Gateway) { made(g); g.draining.Store(true) }
		}},
	}
}

func upstreamExits() []exit {
	admitted := []string{readers, buffers, claims, slots}
	answered := append([]string{replies, answers}, admitted...)
	doc, large := replyOf("E05", egon.OK), largeReply(300<<10)
	fails := func(err error) func(*trial, *settings) {
		return func(_ *trial, s *settings) {
			failing(err)(s)
			s.parts.Media = workflowFunc(func(context.Context, *egon.Head) (*egon.Answer, error) { return nil, err })
		}
	}
	return []exit{
		{name: "does not answer", outcome: "registry-failed", took: admitted, set: fails(&egon.CallError{Err: io.ErrUnexpectedEOF})},
		{name: "workflow fails", outcome: "registry-failed", took: admitted, ask: asks("E198", mediaCall()),
			set: fails(&egon.CallError{Party: egon.Party{Kind: egon.Registr, Code: "ROB"}, Err: io.ErrUnexpectedEOF})},
		{name: "too late", outcome: "deadline", took: admitted, set: fails(context.DeadlineExceeded)},
		{name: "a small reply is cut", outcome: "registry-failed", took: answered,
			set: relays(int64(len(doc)), func() io.Reader { return bytes.NewReader(doc[:100]) })},
		{name: "a reply is not XML", outcome: "registry-failed", took: answered,
			set: relays(5, func() io.Reader { return strings.NewReader("<<<<<") })},
		{name: "a large reply is cut", outcome: "upstream-broke", took: answered,
			set: relays(-1, func() io.Reader { return bytes.NewReader(large[:200<<10]) })},
		{name: "a large reply breaks", outcome: "upstream-broke", took: answered,
			set: relays(int64(len(large)), func() io.Reader {
				return io.MultiReader(bytes.NewReader(large[:200<<10]), breaking{errors.New("reset")})
			})},
	}
}

func cutExits() []exit {
	admitted := []string{readers, buffers, claims, slots}
	answered := append([]string{replies, answers}, admitted...)
	message := largeMessage(300 << 10)
	short := func(_ *trial, s *settings) { s.cfg.CutTime = 20 * time.Millisecond }
	endless := relays(-1, func() io.Reader {
		return io.MultiReader(bytes.NewReader(largeReply(100 << 10)[:100<<10]), letters{})
	})
	return []exit{
		{name: "the caller before its head", outcome: "malformed", took: []string{readers, buffers},
			ask: func(tr *trial) {
				tr.leave(header("/publikace/E05", "Content-Length: 90000"), strings.Repeat(" ", 9<<10))
			}},
		{name: "the caller in its message", outcome: "malformed", took: admitted,
			ask: func(tr *trial) { tr.leave(withLength("/publikace/E05", message)[:200<<10]) }},
		{name: "the caller in its answer", outcome: "caller-left", took: answered, set: endless,
			ask: func(tr *trial) {
				w := tr.dial(tr.t)
				w.write(withLength("/publikace/E05", call{}.message()))
				_, _ = w.r.ReadByte()
				_ = w.Conn.(*net.TCPConn).SetLinger(0)
				w.Close()
			}},
		{name: "the caller is too slow", outcome: "bad-http", took: []string{readers, buffers},
			set: func(_ *trial, s *settings) { s.cfg.ReadIdle = 50 * time.Millisecond },
			ask: func(tr *trial) {
				tr.send(header("/publikace/E05", "Content-Length: 90000"), strings.Repeat(" ", 9<<10))
			}},
		{name: "the gateway before the answer", outcome: "draining", took: admitted,
			set: both(short, func(_ *trial, s *settings) { _, _, relay := held(); relay(s) }),
			ask: func(tr *trial) { tr.shutDuring(withLength("/publikace/E05", call{}.message()), admitted...) }},
		{name: "the gateway in the message", outcome: "cut", took: []string{readers, buffers}, set: short,
			ask: func(tr *trial) {
				tr.shutDuring(header("/publikace/E05", "Content-Length: 90000")+strings.Repeat(" ", 9<<10), readers)
			}},
		{name: "the gateway in the answer", outcome: "cut", took: answered, set: both(short, endless),
			ask: func(tr *trial) { tr.shutDuring(withLength("/publikace/E05", call{}.message()), replies) }},
	}
}

func panicExits() []exit {
	reserved := []string{readers, buffers, claims}
	admitted := []string{readers, buffers, claims, slots}
	answered := append([]string{replies, answers}, admitted...)
	large := largeReply(300 << 10)
	return []exit{
		{name: "at the policy", outcome: "internal", took: []string{readers, buffers},
			set: func(_ *trial, s *settings) { s.parts.Policy = nil }},
		{name: "at the claim", outcome: "internal", took: []string{readers, buffers}, set: breaks("claim", nil)},
		{name: "at the room", outcome: "internal", took: reserved, set: breaks("open", nil), ask: later},
		{name: "at the admission", outcome: "internal", took: reserved, set: breaks("admit", nil)},
		{name: "at the confirmation", outcome: "internal", took: admitted, set: breaks("confirm", nil)},
		{name: "at the relay", outcome: "internal", took: admitted,
			set: func(_ *trial, s *settings) {
				relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) { panic("relay") })(s)
			}},
		{name: "in the reply", outcome: "internal", took: answered,
			set: relays(-1, func() io.Reader { return panicking{} })},
		{name: "in the answer", outcome: "upstream-broke", took: answered,
			set: relays(-1, func() io.Reader { return io.MultiReader(bytes.NewReader(large[:200<<10]), panicking{}) })},
		{name: "when the answer is closed", outcome: "ok", took: answered,
			set: func(tr *trial, s *settings) {
				relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
					a, err := tr.relay(ctx, m)
					if err == nil {
						a.Body.(*countedBody).close = func() { panic("close") }
					}
					return a, err
				})(s)
			}},
		{name: "when the id is forgotten", outcome: "hourly-quota", took: reserved,
			set: both(decides(limits.OverQuota), breaks("forget", nil))},
		{name: "when the room is given back", outcome: "hourly-quota", took: append(reserved, rooms), ask: later,
			set: both(decides(limits.OverQuota), breaks("delete", nil))},
		{name: "when the slot is given back", outcome: "ok", took: answered, set: breaks("release", nil)},
		{name: "when the line is written", outcome: "ok", took: answered,
			set: func(_ *trial, s *settings) { s.parts.Log = s.parts.Log.WithOptions(zap.Hooks(panicAt("exchange"))) }},
	}
}

func jobExits() []exit {
	all := []string{readers, buffers, claims, slots, rooms}
	other := &egon.RightsQuery{Agenda: []byte("X998"), AgendovaRole: []byte("XR1"), Ovm: []byte("12345678")}
	hold := func(tr *trial) (begun, letGo chan struct{}) {
		begun, letGo = make(chan struct{}), make(chan struct{})
		tr.before["done"] = func() error { close(begun); <-letGo; return nil }
		return begun, letGo
	}
	return []exit{
		{name: "succeeds", outcome: "ok", job: "ok", took: all, ask: later},
		{name: "fails", outcome: "ok", job: "chyba", took: all,
			set: func(tr *trial, s *settings) {
				rowsFrom(tr.t, func(context.Context, string) ([]egon.RightsItem, error) { return nil, errors.New("no bus") })(s)
			},
			ask: asks("E227?async", call{code: "E227", triple: other}.message())},
		{name: "is deleted", outcome: "ok", job: "deleted", took: all,
			ask: func(tr *trial) {
				begun, letGo := hold(tr)
				tr.post("E227?async", call{code: "E227"}.message())
				<-begun
				if err := tr.Delete(context.Background(), "999001", tr.tally.pieces(rooms)...); err != nil {
					tr.t.Fatal(err)
				}
				close(letGo)
			}},
		{name: "finds no queue", outcome: "ok", job: "unkept", took: all, rooms: 1, ask: later,
			set: func(tr *trial, s *settings) {
				s.cfg.Routes.Services["E227"] = Route{Kind: LocalRoute, Timeout: 100 * time.Millisecond}
				breaks("done", errNoStore)(tr, s)
			}},
		{name: "meets a panic of the queue", outcome: "ok", job: "unkept", took: all, rooms: 1, ask: later,
			set: func(tr *trial, s *settings) {
				s.cfg.Routes.Services["E227"] = Route{Kind: LocalRoute, Timeout: 100 * time.Millisecond}
				breaks("done", nil)(tr, s)
			}},
		{name: "meets a panic of the limiter", outcome: "ok", job: "ok", took: all, ask: later, set: breaks("release", nil)},
		{name: "meets a panic of the log", outcome: "ok", job: "ok", took: all, ask: later,
			set: func(_ *trial, s *settings) { s.parts.Log = s.parts.Log.WithOptions(zap.Hooks(panicAt("job"))) }},
		{name: "is cut", outcome: "ok", job: "unkept", took: all, rooms: 1,
			set: breaks("done", errNoStore),
			ask: func(tr *trial) {
				tr.post("E227?async", call{code: "E227"}.message())
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
				defer cancel()
				_ = tr.Shutdown(ctx)
			}},
	}
}

// panicAt panics when a line is written.
func panicAt(message string) func(zapcore.Entry) error {
	return func(e zapcore.Entry) error {
		if e.Message == message {
			panic(message)
		}
		return nil
	}
}

// send writes parts of a request and reads what is answered to them.
func (tr *trial) send(parts ...string) {
	w := tr.dial(tr.t)
	w.write(parts...)
	w.answer()
	w.Close()
}

// leave writes parts of a request and ends the connection.
func (tr *trial) leave(parts ...string) {
	w := tr.dial(tr.t)
	w.write(parts...)
	_ = w.Conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, w.r)
	w.Close()
}

// shutDuring sends a request and ends the gateway when something of each of what
// is named was taken.
func (tr *trial) shutDuring(request string, taken ...string) {
	w := tr.dial(tr.t)
	w.write(request)
	for _, what := range taken {
		eventually(tr.t, what+" are taken", func() bool {
			tr.tally.mu.Lock()
			defer tr.tally.mu.Unlock()
			return tr.tally.taken[what] > 0
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := tr.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		tr.t.Errorf("Shutdown = %v", err)
	}
}
