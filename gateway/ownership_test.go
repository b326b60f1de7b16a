package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/audit"
	"brana/egon"
	"brana/limits"
)

// An exit is one way in which an exchange, or its job, ends.
type exit struct {
	name string
	set  func(*exitRun, *settings) // what makes it so; nil: nothing
	ask  func(*exitRun)            // what the caller does; nil: an ordinary call

	outcome string   // in the line of an exchange: the exit was reached
	job     string   // of the line of a job; empty: there is none
	took    []string // what must have been taken on the way
	rooms   int      // that stay with the queue
	unsent  bool     // no upstream was asked
	records records  // of use; zero: as an ordinary call that ends so has them
}

// records are numbers of records by type.
type records map[string]int

// usual are the records of one exchange with this outcome, and of its job.
func (e *exit) usual(intended, exchanges int) records {
	all := records{}
	if intended > 0 {
		all[audit.TypeIntent], all[audit.TypeOutcome] = intended, intended
	}
	if intended < exchanges {
		all[audit.TypeRefusal] = exchanges - intended
	}
	if e.job != "" {
		all[jobOutcome] = 1
	}
	return all
}

// An exitRun is a gateway whose takings are counted, and a caller.
type exitRun struct {
	t *testing.T
	*testGateway
	*countedStores
	tally *tally
	asked atomic.Int64 // calls of the upstreams, where an exit has none of its own
}

// try runs one exit to its end and checks that nothing is out.
func (e *exit) try(t *testing.T) {
	l := newTally()
	run := &exitRun{t: t, countedStores: newStores(t, l), tally: l}
	run.testGateway = startGateway(t, run.countedStores.into, func(s *settings) {
		relayTo(run.relay)(s)
		s.parts.Media = workflowFunc(func(_ context.Context, h *egon.Head) (*egon.Answer, error) {
			run.asked.Add(1)
			doc := replyOf(h.Service.Code, egon.OK)
			a := l.answer(int64(len(doc)), bytes.NewReader(doc))
			a.Kod = egon.OK
			return a, nil
		})
		if e.set != nil {
			e.set(run, s)
		}
	})
	if e.ask == nil {
		run.post("E05", call{}.message())
	} else {
		e.ask(run)
	}
	eventually(t, "all has ended", func() bool { return run.Running() == 0 && run.Jobs() == 0 })
	reached := func(l logEntry) bool { return l.fields["outcome"] == e.outcome }
	if lines := run.logs.all("exchange"); !slices.ContainsFunc(lines, reached) {
		t.Errorf("it did not end as %s: %v", e.outcome, lines)
	}
	var job string
	if lines := run.logs.all("job"); len(lines) > 0 {
		job, _ = lines[0].fields["outcome"].(string)
	}
	if job != e.job {
		t.Errorf("its job ended as %q, want %q", job, e.job)
	}
	if n := run.underWay.Open(); n != 0 {
		t.Errorf("%s: %d are out", deadlines, n)
	}
	e.checkRecords(t, run)
	l.check(t, e.rooms, e.took...)
}

// checkRecords checks that each exchange has its records: an intent with one outcome, or a
// record that has all.
func (e *exit) checkRecords(t *testing.T, run *exitRun) {
	ended := run.exchangesEnded(t)
	run.record.mu.Lock()
	defer run.record.mu.Unlock()
	want := e.records
	if want == nil {
		want = e.usual(run.record.recorded[audit.TypeIntent], ended)
	}
	if d := cmp.Diff(want, records(run.record.recorded)); d != "" {
		t.Errorf("records of %d exchanges (-want +got):\n%s", ended, d)
	}
	if n := run.asked.Load(); e.unsent && n > 0 {
		t.Errorf("an upstream was asked %d times", n)
	}
}

// exchangesEnded is the number of exchanges that were counted.
func (run *exitRun) exchangesEnded(t *testing.T) (n int) {
	t.Helper()
	families, err := run.parts.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "brana_exchanges_total" {
			for _, m := range f.GetMetric() {
				n += int(m.GetCounter().GetValue())
			}
		}
	}
	return n
}

// relay reads the message and answers OK.
func (run *exitRun) relay(_ context.Context, m *egon.Message) (*egon.Answer, error) {
	run.asked.Add(1)
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return nil, err
	}
	doc := replyOf(m.Service.Code, egon.OK)
	return run.tally.answer(int64(len(doc)), bytes.NewReader(doc)), nil
}

// relays answers with a body of which the length is known, or -1.
func relays(length int64, body func() io.Reader) func(*exitRun, *settings) {
	return func(run *exitRun, s *settings) {
		relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
			_, err := io.Copy(io.Discard, m.Body)
			return run.tally.answer(length, body()), err
		})(s)
	}
}

// returns has the default route treat the items of replies by a rule.
func returns(rule egon.ReturnedRule) func(*exitRun, *settings) {
	return func(_ *exitRun, s *settings) { s.cfg.Routes.Default.Returned = rule }
}

// breaks has one operation of the stores fail, or panic when err is nil.
func breaks(what string, err error) func(*exitRun, *settings) {
	return func(run *exitRun, _ *settings) {
		run.before[what] = func() error {
			if err == nil {
				panic(what)
			}
			return err
		}
	}
}

// both does two of these.
func both(all ...func(*exitRun, *settings)) func(*exitRun, *settings) {
	return func(run *exitRun, s *settings) {
		for _, f := range all {
			f(run, s)
		}
	}
}

// post sends a message to a service and reads the answer, whole or not.
func (run *exitRun) post(path string, message []byte) {
	r, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Post(
		"http://"+run.addr+"/publikace/"+path, contentType, bytes.NewReader(message))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body) // an answer that breaks off is one of the exits
		r.Body.Close()
	}
}

func asks(path string, message []byte) func(*exitRun) {
	return func(run *exitRun) { run.post(path, message) }
}

// later asks for rights and leaves the answer to a job.
var later = asks("E227?async", call{code: "E227"}.message())

var errNoStore = errors.New("no Redis")

// decides has the limiter decide as d says.
func decides(v limits.Verdict) func(*exitRun, *settings) {
	return func(run *exitRun, _ *settings) {
		run.limiterFunc.admit = func(context.Context, limits.Call) (limits.Decision, error) {
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
		{"audit", auditExits()},
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
	body, err := s.ask(s.client(t, s.ca.issue(100)), call{}.message())
	if err != nil || !strings.Contains(body, "BR_102: ") {
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
		reserved := len(l.out[claims]) + len(l.out[rooms])
		if reserved > 0 || len(l.out[slots]) != 1 || l.taken[claims] != 1 {
			t.Errorf("%s: before the answer %v are out of %v", path, l.out, l.taken)
		}
		if !bytes.Contains(loop.rc.Response.Body(), []byte("BR_208: ")) { // which ends the exchange
			t.Error("it was not refused")
		}
		l.check(t, 0, slots, claims)
	}
}

// An end that comes again does nothing.
func TestEndsMayComeAgain(t *testing.T) {
	l := newTally()
	doc := replyOf("E05", egon.OK)
	relay := relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		_, err := io.Copy(io.Discard, m.Body)
		return l.answer(int64(len(doc)), bytes.NewReader(doc)), err
	})
	message := call{}.message()
	loop := newLoop(t, "/publikace/E05", message, newStores(t, l).into, relay)
	loop.body.Reset(message)
	loop.rc.Request.SetBodyStream(&loop.body, len(message))
	loop.g.Handle(&loop.rc)
	x := loop.rc.Response.BodyStream().(*exchange)
	for range 2 {
		x.out.close(&x.pools)
	}
	for range 2 {
		if err := x.CloseWithError(nil); err != nil {
			t.Error(err)
		}
	}
	x.hold.release()
	x.inbound.release()
	if n := loop.g.Running(); n != 0 {
		t.Errorf("%d exchanges run", n)
	}
	l.check(t, 0, slots, claims, readers, replies, buffers, answers)
}

// A job that ends before it has run gives back what it holds.
func TestAJobThatDoesNotRunGivesBack(t *testing.T) {
	l := newTally()
	stores := newStores(t, l)
	g := newGateway(t, stores.into).Gateway
	j := (&request{core: &g.core, service: egon.ServiceByCode("E227")}).newJob()
	if _, err := j.hold.admit(context.Background(), limits.Call{}); err != nil {
		t.Fatal(err)
	}
	j.close()
	if n := g.Jobs(); n != 0 {
		t.Errorf("%d jobs run", n)
	}
	l.check(t, 0, slots, readers)
}

// panicsAt has the log panic when a line is written.
func panicsAt(message string) func(*exitRun, *settings) {
	return func(_ *exitRun, s *settings) {
		s.parts.Log = s.parts.Log.WithOptions(zap.Hooks(func(e zapcore.Entry) error {
			if e.Message == message {
				panic(message)
			}
			return nil
		}))
	}
}

// send writes parts of a request and reads what is answered to them.
func (run *exitRun) send(parts ...string) {
	w := run.dial(run.t)
	w.write(parts...)
	w.answer()
	w.Close()
}

// leave writes parts of a request and ends the connection.
func (run *exitRun) leave(parts ...string) {
	w := run.dial(run.t)
	w.write(parts...)
	_ = w.Conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, w.r)
	w.Close()
}

// shutDuring sends a request and ends the gateway when something of each of what
// is named was taken.
func (run *exitRun) shutDuring(request string, taken ...string) {
	w := run.dial(run.t)
	w.write(request)
	for _, what := range taken {
		eventually(run.t, what+" are taken", func() bool {
			run.tally.mu.Lock()
			defer run.tally.mu.Unlock()
			return run.tally.taken[what] > 0
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := run.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		run.t.Errorf("Shutdown = %v", err)
	}
}
