package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
)

// An eventLog keeps events in their order.
type eventLog struct {
	mu   sync.Mutex
	list []string
}

func (l *eventLog) add(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, event)
}

func (l *eventLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// A watchedQueue is a real one that logs its operations; a test may hold them, or
// have them fail.
type watchedQueue struct {
	*queue.Memory
	events *eventLog
	open   func() error // before a job is opened
	done   func() error // before its answer is left
}

func (q *watchedQueue) Open(ctx context.Context, j queue.Job) error {
	if q.open != nil {
		if err := q.open(); err != nil {
			return err
		}
	}
	q.events.add("open")
	return q.Memory.Open(ctx, j)
}

func (q *watchedQueue) Done(ctx context.Context, ais, id string, answer []byte) error {
	if q.done != nil {
		if err := q.done(); err != nil {
			return err
		}
	}
	err := q.Memory.Done(ctx, ais, id, answer)
	q.events.add("done")
	return err
}

func (q *watchedQueue) Delete(ctx context.Context, ais string, ids ...string) error {
	q.events.add("delete")
	return q.Memory.Delete(ctx, ais, ids...)
}

// A watchedLimiter logs the slots that it gives and gets back.
type watchedLimiter struct {
	limiterFunc
	events *eventLog
}

func (l *watchedLimiter) Admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	d, err := l.limiterFunc.Admit(ctx, c)
	l.events.add(fmt.Sprint("admit ", d.Verdict))
	return d, err
}

func (l *watchedLimiter) Release(ctx context.Context, s limits.Slot) error {
	l.events.add("release")
	return l.limiterFunc.Release(ctx, s)
}

// A queueGateway is a gateway that answers the queue services.
type queueGateway struct {
	*testGateway
	queue   *watchedQueue
	limiter *watchedLimiter
	events  *eventLog
}

var queueBounds = queue.Config{Keep: time.Hour, Entries: 2, Bytes: 8 * queue.AnswerBytes, Page: 1}

func startQueueGateway(t testing.TB, change ...func(*queueGateway, *settings)) *queueGateway {
	t.Helper()
	d := &queueGateway{events: &eventLog{}}
	memory, err := queue.NewMemory(queueBounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	d.queue = &watchedQueue{Memory: memory, events: d.events}
	d.limiter = &watchedLimiter{limiterFunc: limiterFunc{admit: admitAll}, events: d.events}
	d.testGateway = startGateway(t, func(s *settings) {
		for _, code := range queueServices {
			s.cfg.Routes.Services[code] = Route{Kind: LocalRoute}
		}
		s.parts.Queue, s.parts.Limiter, s.parts.NewID = d.queue, d.limiter, uuid.NewString
		for _, f := range change {
			f(d, s)
		}
	})
	t.Cleanup(func() {
		d.settle(t)
		if n := d.limiter.slots.Load(); n != 0 {
			t.Errorf("%d slots are still held", n)
		}
	})
	return d
}

// settle waits until no job is under way.
func (d *queueGateway) settle(t testing.TB) {
	t.Helper()
	eventually(t, "jobs end", func() bool { return d.Jobs() == 0 && d.Running() == 0 })
}

// ask makes a call and returns its answer.
func (d *queueGateway) ask(t testing.TB, path string, c call) string {
	t.Helper()
	if c.code == "" {
		c.code, _, _ = strings.Cut(path, "?")
	}
	return read(t, d.post(t, "/publikace/"+path, c.message()))
}

// later makes an asynchronous call and returns its number.
func (d *queueGateway) later(t testing.TB, c call) string {
	t.Helper()
	answer := d.ask(t, "E227?async", c)
	id := valueOf(answer, "IszrZadostId")
	if !strings.Contains(answer, "VysledekKod>OK<") || id == "" ||
		strings.Contains(answer, "IszrOdpoved") {
		t.Fatalf("the answer is not a number alone: %s", answer)
	}
	return id
}

func (d *queueGateway) pickUp(t testing.TB, ais, id string) string {
	t.Helper()
	return d.ask(t, "E100", call{ais: ais, queue: &egon.QueueQuery{IDs: []string{id}}})
}

// valueOf is the text of the first element with a local name.
func valueOf(doc, local string) string {
	_, rest, found := strings.Cut(doc, ":"+local+">")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "<")
	return value
}

func wantIn(t testing.TB, doc string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(doc, p) {
			t.Errorf("%q is missing in %s", p, doc)
		}
	}
}

// An asynchronous call is answered with its number. Its job makes the answer
// that a synchronous call would have had, and E99, E100 and E101 reach it.
func TestAsynchronousCall(t *testing.T) {
	for _, bare := range []bool{false, true} {
		d := startQueueGateway(t)
		id := d.later(t, call{bare: bare})
		d.settle(t)
		listed := d.ask(t, "E99", call{bare: bare})
		wantIn(t, listed, "KodAsyncSluzby>E227<", id, "VypisPokracuje>false<")
		answer := d.pickUp(t, "", id)
		wantIn(
			t, answer, "<e:KodAsyncSluzby>E100<", "AsyncDotazDataResponse",
			"<d:KodIszr>Jmeno<", "<reg:IszrZadostId>"+id+"<", "VysledekIszrKodType>OK<",
		)
		if n := strings.Count(answer, "Envelope"); n != 2 {
			t.Errorf("the answer has %d tags of an Envelope", n)
		}
		answer = d.pickUp(t, "", strings.ToUpper(id))
		if !strings.Contains(answer, "KodIszr>Jmeno<") {
			t.Errorf("in capitals the id is another: %s", answer)
		}
		wantIn(
			t, d.ask(t, "E101", call{queue: &egon.QueueQuery{IDs: []string{id}}}),
			"IszrAsyncSmazatFrontuResponse", "VysledekKod>OK<",
		)
		wantIn(t, d.pickUp(t, "", id), "VysledekKod>CHYBA<", "NENALEZENO", "BR_307: ")
	}
}

// The call holds one slot from its admission until its job has its answer, and
// gives it back once, before anybody can see the answer.
func TestAJobHoldsTheSlotOfItsCall(t *testing.T) {
	d := startQueueGateway(t)
	d.later(t, call{})
	d.settle(t)
	want := []string{"open", "admit admitted", "release", "done"}
	if got := d.events.all(); !slices.Equal(got, want) {
		t.Errorf("happened: %v, want %v", got, want)
	}
	job := d.logs.all("job")
	if len(job) != 1 || job[0].fields["outcome"] != "ok" ||
		job[0].fields["agenda_zadost_id"] != requestID ||
		job[0].fields["service"] != "E227" || job[0].fields["caller"] == nil {
		t.Errorf("lines of jobs: %v", job)
	}
	if lines := d.lines(t, 1); lines[0]["iszr_zadost_id"] != job[0].fields["iszr_zadost_id"] {
		t.Errorf("the lines of call and job have different numbers: %v, %v", lines, job)
	}
}

// While a job is under way E100 says so and when to ask again, and E99 does not
// list it.
func TestAJobUnderWay(t *testing.T) {
	hold := make(chan struct{})
	d := startQueueGateway(
		t,
		func(d *queueGateway, _ *settings) { d.queue.done = func() error { <-hold; return nil } },
	)
	id := d.later(t, call{})
	answer := d.pickUp(t, "", id)
	wantIn(
		t, answer, "VysledekKod>VAROVANI<", "PROBIHA ZPRACOVANI",
		"<e:CekaciCas>1</e:CekaciCas></e:OdpovedInfo>",
	)
	if listed := d.ask(t, "E99", call{}); strings.Contains(listed, id) {
		t.Errorf("E99 lists it: %s", listed)
	}
	close(hold)
	d.settle(t)
	wantIn(t, d.pickUp(t, "", id), "KodIszr>Jmeno<")
}

func TestWhenToAskAgain(t *testing.T) {
	for since, want := range map[time.Duration]time.Duration{
		0:               time.Second,
		5 * time.Second: 5 * time.Second,
		time.Hour:       time.Minute,
	} {
		if got := askAgain(since); got != want {
			t.Errorf("askAgain(%v) = %v, want %v", since, got, want)
		}
	}
}

// No service shows an AIS the queue of another, or changes it.
func TestQueuesOfTwoAisAreApart(t *testing.T) {
	const stranger = "999007"
	d := startQueueGateway(t)
	id := d.later(t, call{})
	d.settle(t)
	wantIn(t, d.pickUp(t, stranger, id), "NENALEZENO")
	if listed := d.ask(t, "E99", call{ais: stranger}); strings.Contains(listed, id) {
		t.Errorf("E99 lists it to another AIS: %s", listed)
	}
	for _, q := range []egon.QueueQuery{{IDs: []string{id}}, {All: true}} {
		wantIn(t, d.ask(t, "E101", call{ais: stranger, queue: &q}), "VysledekKod>OK<")
	}
	theirs := d.later(t, call{ais: stranger})
	d.settle(t)
	wantIn(t, d.pickUp(t, "", theirs), "NENALEZENO")
	wantIn(t, d.pickUp(t, "", id), "KodIszr>Jmeno<")
	wantIn(t, d.pickUp(t, stranger, theirs), "KodIszr>Jmeno<")
}

func TestPagesAndFiltersOfE99(t *testing.T) {
	d := startQueueGateway(t)
	first := d.later(t, call{})
	d.settle(t)
	second := d.later(t, call{})
	d.settle(t)
	page := d.ask(t, "E99", call{})
	wantIn(
		t, page, first, "VypisPokracuje>true<",
		"NasledujiciIdTransakce>", "NasledujiciCasVytvoreni>",
	)
	if strings.Contains(page, second) {
		t.Errorf("a page of one has two: %s", page)
	}
	var next uint64
	if _, err := fmt.Sscan(valueOf(page, "NasledujiciIdTransakce"), &next); err != nil {
		t.Fatal(err)
	}
	since, ok := egon.ParseDateTime(valueOf(page, "NasledujiciCasVytvoreni"), time.UTC)
	if !ok {
		t.Fatal(page)
	}
	page = d.ask(t, "E99", call{queue: &egon.QueueQuery{From: next, Since: since}})
	wantIn(t, page, second, "VypisPokracuje>false<")
	page = d.ask(t, "E99", call{queue: &egon.QueueQuery{Since: since.Add(time.Hour)}})
	if strings.Contains(page, first) || strings.Contains(page, second) {
		t.Errorf("the filter does not hold: %s", page)
	}
}

// Id and room are free again before the caller learns that its call was not
// admitted, and no permit is used for a call that has no room in the queue.
func TestAnAsynchronousCallThatIsRefused(t *testing.T) {
	t.Run("over quota", func(t *testing.T) {
		d := startQueueGateway(t, func(d *queueGateway, _ *settings) {
			d.limiter.admit = func(context.Context, limits.Call) (limits.Decision, error) {
				return limits.Decision{Verdict: limits.OverQuota}, nil
			}
		})
		for range 2 * queueBounds.Entries {
			wantIn(t, d.ask(t, "E227?async", call{}), "BR_201: ")
		}
		if got := d.events.all()[:3]; !slices.Equal(got, []string{
			"open", "admit over-quota", "delete",
		}) {
			t.Errorf("happened: %v", got)
		}
	})
	t.Run("the queue is full", func(t *testing.T) {
		d := startQueueGateway(t)
		for range queueBounds.Entries {
			d.later(t, call{})
		}
		d.settle(t)
		before := len(d.events.all())
		answer := d.ask(t, "E227?async", call{})
		wantIn(t, answer, "BR_206: ", "NENI K DISPOZICI", "E101")
		if got := d.events.all()[before:]; !slices.Equal(got, []string{"open"}) {
			t.Errorf("happened: %v", got)
		}
		wantIn(t, d.ask(t, "E227", call{}), "KodIszr>Jmeno<") // a synchronous call needs no room
		d.ask(t, "E101", call{queue: &egon.QueueQuery{All: true}})
		d.later(t, call{})
	})
	t.Run("the queue cannot be had", func(t *testing.T) {
		d := startQueueGateway(t, func(d *queueGateway, _ *settings) {
			d.queue.open = func() error { return errors.New("no Redis") }
		})
		wantIn(t, d.ask(t, "E227?async", call{}), "BR_207: ")
		got := d.events.all()
		if !slices.Equal(got, []string{"delete"}) { // it may have been opened all the same
			t.Errorf("happened: %v", got)
		}
		if got := d.outcome(t); got != "queue-unavailable" {
			t.Errorf("outcome %s", got)
		}
	})
}

// A queue that fails for a while gets the answer later.
func TestAnAnswerIsKeptWhenTheQueueIsBack(t *testing.T) {
	tries := 0
	d := startQueueGateway(t, func(d *queueGateway, _ *settings) {
		d.queue.done = func() error {
			if tries++; tries < 3 {
				return errors.New("no Redis")
			}
			return nil
		}
	})
	id := d.later(t, call{})
	d.settle(t)
	wantIn(t, d.pickUp(t, "", id), "KodIszr>Jmeno<")
}

// A queue that does not come back loses the job, which E100 then says, and the
// log and the metric of this gateway too.
func TestAnAnswerThatCannotBeKept(t *testing.T) {
	d := startQueueGateway(t, func(d *queueGateway, s *settings) {
		s.cfg.Routes.Services["E227"] = Route{Kind: LocalRoute, Timeout: 100 * time.Millisecond}
		d.queue.done = func() error { return errors.New("no Redis") }
	})
	d.later(t, call{})
	d.settle(t)
	job := d.logs.all("job")
	if len(job) != 1 || job[0].fields["outcome"] != "unkept" || job[0].level.String() != "warn" ||
		job[0].fields["error"] != "no Redis" {
		t.Errorf("lines of jobs: %v", job)
	}
	if got := gather(t, d.testGateway)["brana_jobs_total"]; counted(got, "unkept") != 1 {
		t.Errorf("counted %v", got)
	}
}

// A job that was deleted while it was under way leaves nothing.
func TestAJobDeletedUnderWay(t *testing.T) {
	hold := make(chan struct{})
	d := startQueueGateway(
		t,
		func(d *queueGateway, _ *settings) { d.queue.done = func() error { <-hold; return nil } },
	)
	id := d.later(t, call{})
	d.ask(t, "E101", call{queue: &egon.QueueQuery{IDs: []string{id}}})
	close(hold)
	d.settle(t)
	wantIn(t, d.pickUp(t, "", id), "NENALEZENO")
	if job := d.logs.all("job"); len(job) != 1 || job[0].fields["outcome"] != "deleted" {
		t.Errorf("lines of jobs: %v", job)
	}
}

// A defect in a job is an answer too: nobody waits for it in vain.
func TestAJobThatPanics(t *testing.T) {
	d := startQueueGateway(t)
	ctx := t.Context()
	if err := d.queue.Memory.Open(ctx, queue.Job{
		Ais:      "999001",
		ID:       iszrID,
		Service:  "E227",
		Lifetime: time.Minute,
	}); err != nil {
		t.Fatal(err)
	}
	j := (&request{
		core:    &d.core,
		service: egon.ServiceByCode("E227"),
		timeout: time.Minute,
		iszrID:  iszrID,
	}).newJob() // without a policy
	if err := j.reader.Feed(call{code: "E227"}.message(), true); err != nil {
		t.Fatal(err)
	}
	j.head = j.reader.Head()
	j.work()
	wantIn(
		t, d.pickUp(t, "", iszrID), "VysledekKod>OK<", "VysledekKod>CHYBA<",
		"BR_210: ", "IszrVypisOpravneniPolozkyResponse",
	)
	job := d.logs.all("job")
	if len(job) != 1 || job[0].level.String() != "error" || job[0].fields["stack"] == nil {
		t.Errorf("lines of jobs: %v", job)
	}
}

// A lost job leaves an answer that says so, as the service would.
func TestALostJob(t *testing.T) {
	now := time.Now()
	var memory *queue.Memory
	d := startQueueGateway(t, func(d *queueGateway, _ *settings) {
		var err error
		if memory, err = queue.NewMemory(queueBounds, func() time.Time { return now }); err != nil {
			t.Fatal(err)
		}
		d.queue.Memory = memory
		d.queue.done = func() error { return queue.ErrGone } // as of a gateway that died
	})
	defer memory.Close()
	id := d.later(t, call{})
	d.settle(t)
	wantIn(t, d.pickUp(t, "", id), "PROBIHA ZPRACOVANI")
	now = now.Add(60*time.Second + jobMargin)
	answer := d.pickUp(t, "", id)
	wantIn(
		t, answer, "IszrVypisOpravneniPolozkyResponse", "VysledekKod>CHYBA<",
		"BR_209: ", requestID, "<reg:IszrZadostId>"+id+"<",
	)
	if n := strings.Count(answer, "Envelope"); n != 2 {
		t.Errorf("the answer has %d tags of an Envelope", n)
	}
}

// A shutdown waits for jobs, and cuts what does not end.
func TestShutdownWaitsForJobs(t *testing.T) {
	hold := make(chan struct{})
	d := startQueueGateway(
		t,
		func(d *queueGateway, _ *settings) { d.queue.done = func() error { <-hold; return nil } },
	)
	d.later(t, call{})
	ended := make(chan error, 1)
	go func() { ended <- d.Shutdown(context.Background()) }()
	eventually(
		t, "the gateway drains", func() bool { return d.draining.Load() && d.Running() == 0 },
	)
	select {
	case err := <-ended:
		t.Fatalf("the shutdown did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(hold)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := d.events.all(); got[len(got)-1] != "done" {
		t.Errorf("happened: %v", got)
	}
}

func TestShutdownCutsJobs(t *testing.T) {
	d := startQueueGateway(t, func(d *queueGateway, _ *settings) {
		d.queue.done = func() error { return errors.New("no Redis") }
	})
	d.later(t, call{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := d.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "cut 1 ") {
		t.Errorf("Shutdown = %v", err)
	}
	if d.Jobs() != 0 {
		t.Error("a job is still under way")
	}
}

// Whose queue it is, the certificate says when the header does not.
func TestTheQueueOfACertificate(t *testing.T) {
	memory, err := queue.NewMemory(queueBounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	s := startTLSGateway(t, boundOnce, func(s *settings) {
		for _, code := range queueServices {
			s.cfg.Routes.Services[code] = Route{Kind: LocalRoute}
		}
		s.parts.Queue, s.parts.NewID = memory, uuid.NewString
	})
	client := s.client(t, s.ca.issue(100))
	nameless := func(c call) []byte {
		return bytes.Replace(
			c.message(), []byte("<reg:Ais>999001</reg:Ais>"), nil, 1,
		)
	}
	said, err := s.askFor(client, "E227?async", nameless(call{code: "E227"}))
	if err != nil {
		t.Fatal(err)
	}
	id := valueOf(said, "IszrZadostId")
	eventually(t, "the job ends", func() bool { return s.Jobs() == 0 })
	for _, message := range [][]byte{
		nameless(call{code: "E100", queue: &egon.QueueQuery{IDs: []string{id}}}),
		call{code: "E100", queue: &egon.QueueQuery{IDs: []string{id}}}.message(),
	} {
		said, err := s.askFor(client, "E100", message)
		if err != nil {
			t.Fatal(err)
		}
		wantIn(t, said, "KodIszr>Jmeno<")
	}
}

// Who may be called how.
func TestModesOfServices(t *testing.T) {
	local, relayed, workflow := Route{Kind: LocalRoute}, Route{Kind: RelayRoute}, Route{Kind: WorkflowRoute}
	both, sync, async, unknown := &egon.Service{Mode: egon.SyncAndAsync}, &egon.Service{Mode: egon.SyncOnly}, &egon.Service{Mode: egon.AsyncOnly}, &egon.Service{}
	queued := &Gateway{core: core{cfg: Config{Routes: Routes{Services: map[string]Route{
		"E99":  local,
		"E100": local,
		"E101": local,
	}}}}}
	without := &Gateway{}
	for _, c := range []struct {
		name    string
		g       *Gateway
		service *egon.Service
		route   Route
		want    bool
	}{
		{"local with a queue", queued, both, local, true},
		{"local, only async, with a queue", queued, async, local, true},
		{"local without a queue", without, both, local, false},
		{"local and only sync", queued, sync, local, false},
		{"a queue service itself", queued, unknown, local, false},
		{"relayed", without, both, relayed, true},
		{"relayed, of unknown mode", without, unknown, relayed, true},
		{"relayed and only sync", queued, sync, relayed, false},
		{"workflow", queued, both, workflow, false},
	} {
		if got := c.g.servesAsync(c.service, c.route); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	d := startQueueGateway(t)
	wantIn(t, d.ask(t, "E198?async", call{
		code:  "E198",
		items: []string{"EopFoto"},
		inner: mediaInner(),
	}), "JENOM SYNC")
	x := d.begin(nil)
	x.service = async
	defer d.running.Add(-1)
	var refusal *Refusal
	if err := x.checkMode(); !errors.As(err, &refusal) || refusal.Kind != AsyncOnlyKind {
		t.Errorf("an async service called sync: %v", err)
	}
}

// A client that calls everything with ?async reaches its queue all the same:
// the queue answers at once, and no job is made of the question.
func TestQueueServicesCalledAsynchronously(t *testing.T) {
	d := startQueueGateway(t)
	id := d.later(t, call{})
	d.settle(t)
	wantIn(t, d.ask(t, "E99?async", call{}), "IszrAsyncVypisFrontyResponse", "VysledekKod>OK<", id)
	wantIn(
		t, d.ask(t, "E100?async", call{queue: &egon.QueueQuery{IDs: []string{id}}}),
		"VysledekKod>OK<", "AsyncDotazDataResponse", "KodIszr>Jmeno<",
	)
	wantIn(
		t, d.ask(t, "E101?async", call{queue: &egon.QueueQuery{IDs: []string{id}}}),
		"IszrAsyncSmazatFrontuResponse", "VysledekKod>OK<",
	)
	wantIn(
		t, d.ask(t, "E100?async", call{queue: &egon.QueueQuery{IDs: []string{id}}}),
		"VysledekKod>CHYBA<", "NENALEZENO", "BR_307: ",
	)
	d.settle(t)
	if opened := strings.Count(strings.Join(d.events.all(), " "), "open"); opened != 1 {
		t.Errorf("%d jobs were opened, want that of E227 alone: %v", opened, d.events.all())
	}
}

func TestRoutesOfTheQueue(t *testing.T) {
	local, relay := Route{Kind: LocalRoute}, Route{Kind: RelayRoute, Relay: relayFunc(relayOK)}
	for _, c := range []struct {
		name            string
		e99, e100, e101 Route
		queue           Queue
		want            string
	}{
		{"all local", local, local, local, &watchedQueue{}, ""},
		{"all relayed", relay, relay, relay, nil, ""},
		{"some local", local, local, relay, &watchedQueue{}, "belong to one queue"},
		{"one refused", Route{}, local, local, &watchedQueue{}, "belong to one queue"},
		{"without a queue", local, local, local, nil, "need a queue"},
	} {
		_, err := New(Config{Routes: Routes{
			Default:  relay,
			Services: map[string]Route{"E99": c.e99, "E100": c.e100, "E101": c.e101},
		}}, Parts{Queue: c.queue})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A relayed call goes on as it was made, with ?async or without, and its answer
// comes back as it is; the upstream has the queue.
func TestRelayedAsynchronousCall(t *testing.T) {
	var asked []bool
	d := startQueueGateway(t, func(_ *queueGateway, s *settings) {
		relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
			asked = append(asked, m.Async)
			return relayOK(ctx, m)
		})(s)
	})
	wantIn(t, d.ask(t, "E05?async", call{}), string(replyOf("E05", egon.OK)))
	wantIn(t, d.ask(t, "E05", call{}), string(replyOf("E05", egon.OK)))
	if !slices.Equal(asked, []bool{true, false}) {
		t.Errorf("relayed as async: %v", asked)
	}
	d.settle(t)
	if got := d.events.all(); slices.Contains(got, "open") {
		t.Errorf("happened: %v", got)
	}
}

// A gateway that relays the queue services leaves them alone, and a question
// that is wrong is the upstream's matter.
func TestRelayedQueueServices(t *testing.T) {
	s := startGateway(t)
	for _, code := range queueServices {
		r := s.post(t, "/publikace/"+code, call{
			code: code,
			inner: `<z:Zadost xmlns:z="` + egon.ServiceByCode(code).Namespace +
				`"><z:Cokoli/></z:Zadost>`,
		}.message())
		wantIn(t, read(t, r), egon.ServiceByCode(code).Response, "VysledekKod>OK<")
	}
}
