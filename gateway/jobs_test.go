package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
)

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
