package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway/metrics"
	"brana/gateway/queue"
)

// A Queue keeps the answers of asynchronous calls, each AIS's apart. An error is
// one of package queue, or means that the queue could not be had.
type Queue interface {
	Open(ctx context.Context, j queue.Job) error
	Done(ctx context.Context, ais, id string, answer []byte) error
	List(ctx context.Context, ais string, f queue.Filter) (egon.QueuePage, error)
	Answer(ctx context.Context, ais, id string) (queue.Answer, error)
	Delete(ctx context.Context, ais string, ids ...string) error
	DeleteAll(ctx context.Context, ais string) error
}

// ofQueue reports whether the call is one to a queue that is kept here. It is
// answered at once, also with ?async: a client that calls everything so, as the
// reference client does, would ask for its answers in vain.
func (c *edgeCall) ofQueue() bool {
	return c.route.Kind == LocalRoute && slices.Contains(queueServices, c.service.Code)
}

// jobMargin is how much longer than the deadline of its call a job may take
// until it is lost. It tries to leave its answer until the deadline.
const jobMargin = 2 * time.Second

// openJob takes room in the queue of the caller's AIS for the answer of a job.
func (g *Gateway) openJob(ctx context.Context, x *exchange) error {
	lifetime := x.timeout + jobMargin
	lost := x.refusalReply(refuse(JobLost), false, time.Now().Add(lifetime))
	err := g.parts.Queue.Open(ctx, queue.Job{Ais: string(x.head.Info.Ais), ID: x.id(), Service: x.service.Code, Lifetime: lifetime, Lost: lost})
	switch {
	case errors.Is(err, queue.ErrFull):
		r := refuse(QueueFull)
		r.RetryAfter = time.Minute // somebody has to make room
		return r
	case err != nil:
		x.opened = true // it may have been, and the answer came too late
		return refuse(QueueUnavailable).because(err)
	}
	x.opened = true
	return nil
}

// later begins the job of an asynchronous call, and answers with its number
// alone. The job is an exchange without a caller: it has the question read
// anew, since this exchange ends before it, and takes over the slot.
func (g *Gateway) later(x *exchange) (*egon.Answer, error) {
	reader := g.readers.Get().(*egon.Reader)
	reader.Reset(x.service)
	if err := reader.Feed(x.body.Whole(), true); err != nil {
		return nil, fmt.Errorf("read the message again: %w", err) // it was proven
	}
	j := &exchange{g: g, start: time.Now(), service: x.service, route: x.route, timeout: x.timeout, reader: reader, head: reader.Head(),
		policy: x.policy, decision: x.decision, iszrID: x.id(), slot: x.slot, admitted: true}
	j.head.Info.Ais = bytes.Clone(x.head.Info.Ais) // the certificate may have said it
	j.head.Enveloped = false                       // its answer stands inside another
	x.admitted, x.opened = false, false
	g.jobs.Add(1)
	go g.work(j)
	return x.answered(egon.AppendReply(nil, x.service, x.head.Enveloped, x.info(egon.OK)), egon.OK), nil
}

// work makes the answer of a job and leaves it in the queue. The slot is given
// back before: whoever sees the answer can use it.
func (g *Gateway) work(j *exchange) {
	defer g.jobs.Add(-1)
	var broken error
	defer func() {
		if broken != nil { // its slot frees itself, and the queue says that it is lost
			g.parts.Log.Error("job", zap.Error(broken))
		}
	}()
	defer recoverTo(&broken) // on a goroutine of its own a panic would end the process
	ctx, cancel := context.WithTimeout(g.calls, j.timeout)
	defer cancel()
	body, err := g.make(ctx, j)
	if err != nil {
		j.refusal, j.kod = asRefusal(err), egon.Chyba
		if j.refusal.Kind.SubKod == "" { // a Fault is no reply of the service
			j.refusal = &Refusal{Kind: JobFailed, Cause: err}
		}
		body = j.refusalReply(j.refusal, false, time.Now())
	}
	j.release()
	err = g.keep(ctx, j, body)
	_ = safely(func() error { g.recordJob(j, err, int64(len(body))); return nil }) // a log that panics is no matter of the answer
	g.readers.Put(j.reader)
}

// make answers the question of a job.
func (g *Gateway) make(ctx context.Context, j *exchange) (body []byte, err error) {
	err = safely(func() error {
		a, err := g.answerLocally(ctx, j)
		if err != nil {
			return err
		}
		defer a.Body.Close()
		j.kod = a.Kod
		body, err = io.ReadAll(a.Body)
		return err
	})
	if err == nil && len(body) > queue.AnswerBytes {
		err = queue.ErrTooLarge
	}
	return body, err
}

// keep leaves the answer of a job in the queue. It tries again until the time of
// the call is over; then the job is lost, which the queue finds out by itself.
func (g *Gateway) keep(ctx context.Context, j *exchange, body []byte) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := safely(func() error { return g.parts.Queue.Done(ctx, string(j.head.Info.Ais), j.iszrID, body) })
		if err == nil || errors.Is(err, queue.ErrGone) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// recordJob writes the line of a job and counts it; err is why its answer is not
// in the queue, or nil.
func (g *Gateway) recordJob(j *exchange, err error, size int64) {
	j.end, j.written = time.Now(), size
	j.outcome = strings.ToLower(j.kod)
	level := j.level()
	switch {
	case errors.Is(err, queue.ErrGone):
		j.outcome = metrics.JobDeleted
	case err != nil:
		j.outcome, level = metrics.JobUnkept, zap.WarnLevel
	}
	g.parts.Metrics.JobEnded(j.outcome)
	if entry := g.parts.Log.Check(level, "job"); entry != nil {
		entry.Write(zap.Inline(j), zap.Error(err))
	}
}

// Jobs is the number of jobs under way at this moment.
func (g *Gateway) Jobs() int64 { return g.jobs.Load() }

// awaitJobs waits until no job is under way, or until ctx is done, which is the
// error then.
func (g *Gateway) awaitJobs(ctx context.Context) error {
	for g.Jobs() > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAgain):
		}
	}
	return nil
}

// awaitCutJobs waits for CutTime until the jobs that were cut have ended: their
// stores are closed next.
func (g *Gateway) awaitCutJobs() {
	ctx, cancel := context.WithTimeout(context.Background(), g.cfg.CutTime)
	defer cancel()
	_ = g.awaitJobs(ctx) // what hangs is lost
}
