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
// one of package queue, or means that the queue is unavailable.
type Queue interface {
	Open(ctx context.Context, j queue.Job) error
	Done(ctx context.Context, ais, id string, answer []byte) error
	List(ctx context.Context, ais string, f queue.Filter) (egon.QueuePage, error)
	Answer(ctx context.Context, ais, id string) (queue.Answer, error)
	Delete(ctx context.Context, ais string, ids ...string) error
	DeleteAll(ctx context.Context, ais string) error
}

// ofQueue reports whether the call is one to a queue that is kept here. Such a call
// is answered at once, also with ?async: the reference client calls everything so,
// and would ask for its answers in vain.
func (c *edgeCall) ofQueue() bool {
	return c.route.Kind == LocalRoute && slices.Contains(queueServices, c.service.Code)
}

// jobMargin is the time after the deadline of its call at which a job is lost. Until
// the deadline it tries to leave its answer.
const jobMargin = 2 * time.Second

// reserveRoom takes room in the queue of the caller's AIS for the answer of a job.
func (g *Gateway) reserveRoom(ctx context.Context, x *exchange) error {
	lifetime := x.timeout + jobMargin
	err := x.hold.openRoom(ctx, queue.Job{
		Ais:      x.ais(),
		ID:       x.id(),
		Service:  x.service.Code,
		Lifetime: lifetime,
		Lost:     x.refusalReply(refuse(JobLost), false, time.Now().Add(lifetime)),
	})
	switch {
	case errors.Is(err, queue.ErrFull):
		r := refuse(QueueFull)
		r.RetryAfter = time.Minute // somebody has to make room
		return r
	case err != nil:
		return refuse(QueueUnavailable).because(err)
	}
	return nil
}

// A job makes the answer of an asynchronous call and leaves it in the queue. It has
// the request of its call, read anew, since the exchange ends before it, and the
// slot of the call. It has one end, close.
type job struct {
	request
	hold hold

	kod  string // VysledekKod of the answer
	size int64  // bytes of the answer
	result
}

// beginJob begins the job of an asynchronous call, and answers with its number
// alone.
func (g *Gateway) beginJob(x *exchange) (*egon.Answer, error) {
	j := g.newJob(&x.request)
	if err := j.reader.Feed(x.proof.Whole(), true); err != nil {
		j.close()
		return nil, fmt.Errorf("read the message again: %w", err) // it was proven
	}
	j.head = j.reader.Head()
	j.head.Info.Ais = bytes.Clone(x.head.Info.Ais) // the certificate may have said it
	j.head.Enveloped = false                       // its answer stands inside another
	j.hold = x.hold.handOver()
	go j.work()
	reply := egon.AppendReply(nil, x.service, x.head.Enveloped, x.info(egon.OK))
	return answered(reply, egon.OK), nil
}

// newJob makes the job of a request. Whoever makes it closes it.
func (g *Gateway) newJob(of *request) *job {
	g.jobs.Add(1)
	j := &job{
		request: request{
			g:        g,
			start:    time.Now(),
			service:  of.service,
			route:    of.route,
			timeout:  of.timeout,
			policy:   of.policy,
			decision: of.decision,
			iszrID:   of.id(),
		},
		hold: hold{parts: &g.parts},
	}
	j.read()
	return j
}

// work makes the answer, leaves it in the queue and ends the job.
func (j *job) work() {
	defer j.close()
	if err := safely(j.run); err != nil { // the queue reports it as lost
		j.g.parts.Log.Error("job", zap.Error(err))
	}
}

// run makes the answer and leaves it in the queue. The slot is given back before:
// whoever sees the answer can use it.
func (j *job) run() error {
	ctx, cancel := context.WithTimeout(j.g.calls, j.timeout)
	defer cancel()
	body, err := j.answer(ctx)
	if err != nil {
		j.refusal, j.kod = asRefusal(err), egon.Chyba
		if j.refusal.Kind.SubKod == "" { // a Fault is no reply of the service
			j.refusal = &Refusal{Kind: JobFailed, Cause: err}
		}
		body = j.refusalReply(j.refusal, false, time.Now())
	}
	j.size = int64(len(body))
	j.hold.release()
	err = j.leave(ctx, body)
	_ = safely(func() error { j.record(err); return nil }) // the answer is left, whatever the log does
	return nil
}

// close gives back what the job holds: the slot, if it still has it, and after the
// line of the log the reader, since the head of the request borrows from it.
func (j *job) close() {
	j.hold.release()
	j.request.release()
	j.g.jobs.Add(-1)
}

// answer answers the request of the job.
func (j *job) answer(ctx context.Context) (body []byte, err error) {
	err = safely(func() error {
		a, err := j.answerLocally(ctx, nil)
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

// leave leaves the answer in the queue. It tries again until the time of the call
// is over; then the job is lost, which the queue finds out by itself.
func (j *job) leave(ctx context.Context, body []byte) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := safely(func() error { return j.g.parts.Queue.Done(ctx, j.ais(), j.iszrID, body) })
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

// record writes the line of the job and counts it; err is why its answer is not in
// the queue, or nil.
func (j *job) record(err error) {
	j.end = time.Now()
	j.outcome = strings.ToLower(j.kod)
	level := j.level()
	switch {
	case errors.Is(err, queue.ErrGone):
		j.outcome = metrics.JobDeleted
	case err != nil:
		j.outcome, level = metrics.JobUnkept, zap.WarnLevel
	}
	j.g.parts.Metrics.JobEnded(j.outcome)
	if entry := j.g.parts.Log.Check(level, "job"); entry != nil {
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
		case <-time.After(pollTime):
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
