package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/audit"
	"brana/egon"
	"brana/gateway/metrics"
	"brana/gateway/queue"
)

// jobMargin is the time after the deadline of its call at which a job is lost. Until
// the deadline it tries to leave its answer.
const jobMargin = 2 * time.Second

// reserveRoom takes room in the queue of the caller's AIS for the answer of a job.
func (r *request) reserveRoom(ctx context.Context, h *hold) error {
	lifetime := r.timeout + jobMargin
	err := h.openRoom(ctx, queue.Job{
		Ais:      r.ais(),
		ID:       r.id(),
		Service:  r.service.Code,
		Lifetime: lifetime,
		Lost:     r.refusalReply(refuse(JobLost), false, time.Now().Add(lifetime)),
	})
	switch {
	case errors.Is(err, queue.ErrFull):
		full := refuse(QueueFull)
		full.RetryAfter = time.Minute // somebody has to make room
		return full
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

	kod    string            // VysledekKod of the answer
	size   int64             // bytes of the answer
	digest [sha256.Size]byte // SHA-256 of the answer, if the operator wants it
	result
}

// beginJob begins the job of an asynchronous call, and answers with its number
// alone.
func (r *request) beginJob(h *hold, message []byte) (*egon.Answer, error) {
	j := r.newJob()
	if err := j.reader.Feed(message, true); err != nil {
		j.close()
		return nil, fmt.Errorf("read the message again: %w", err) // it was proven
	}
	j.head = j.reader.Head()
	j.head.Info.Ais = bytes.Clone(r.head.Info.Ais) // the certificate may have said it
	j.head.Enveloped = false                       // its answer stands inside another
	j.hold = h.handOver()
	go j.work()
	reply := egon.AppendReply(nil, r.service, r.head.Enveloped, r.info(egon.OK))
	return answered(reply, egon.OK), nil
}

// newJob makes the job of a request. Its maker closes it.
func (r *request) newJob() *job {
	r.jobs.Add(1)
	j := &job{
		request: request{
			core:     r.core,
			start:    time.Now(),
			service:  r.service,
			route:    r.route,
			timeout:  r.timeout,
			policy:   r.policy,
			decision: r.decision,
			intent:   r.intent,
			origin:   r.origin,
			persons:  r.persons,
			async:    r.async,
			iszrID:   r.id(),
		},
		hold: hold{parts: &r.parts},
	}
	j.read()
	return j
}

// work makes the answer, leaves it in the queue and ends the job.
func (j *job) work() {
	defer j.close()
	j.broken = safely(j.run) // after a panic the queue reports it as lost
	j.end = time.Now()
	j.outcome = j.outcomeOf()
	for _, record := range [...]func(*job){(*job).recordUse, (*job).record} {
		_ = safely(func() error { record(j); return nil })
	}
}

// run makes the answer and leaves it in the queue. The slot is given back before:
// a caller that sees the answer can use it. The error is why the answer is not in the
// queue.
func (j *job) run() error {
	ctx, cancel := context.WithTimeout(j.calls, j.timeout)
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
	if j.cfg.Digests {
		j.digest = sha256.Sum256(body)
	}
	j.hold.release()
	return j.leave(ctx, body)
}

// close gives back what the job holds: the slot, if it still has it, and after the
// records the reader, since they borrow from the head of the request.
func (j *job) close() {
	j.hold.release()
	j.request.release()
	j.jobs.Add(-1)
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
		err := safely(func() error { return j.parts.Queue.Done(ctx, j.ais(), j.iszrID, body) })
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

// outcomeOf is one word of a closed set: the status of the answer, or that it is not in
// the queue.
func (j *job) outcomeOf() string {
	switch {
	case errors.Is(j.broken, queue.ErrGone):
		return metrics.JobDeleted
	case j.broken != nil:
		return metrics.JobUnkept
	}
	return strings.ToLower(j.kod)
}

// recordUse records what came of the job.
func (j *job) recordUse() {
	if j.parts.Record == nil {
		return
	}
	u := j.pools.uses.Get()
	defer j.done(u)
	j.recordEnd(u, j.resultIn(u))
}

// resultIn describes what came of a job that has ended.
func (j *job) resultIn(u *use) *audit.Result {
	u.result = audit.Result{
		Time:          j.end,
		Outcome:       j.outcome,
		IszrZadostId:  j.iszrID,
		Kod:           j.kod,
		SubKody:       u.subKodyOf(j.refusal),
		Job:           true,
		ResponseBytes: j.size,
		Took:          j.end.Sub(j.start),
	}
	if j.cfg.Digests && j.size > 0 {
		u.result.ResponseDigest = j.digest[:]
	}
	return &u.result
}

// record writes the line of the job and counts it.
func (j *job) record() {
	level := j.level()
	switch {
	case isPanic(j.broken):
		level = zap.ErrorLevel
	case j.outcome == metrics.JobUnkept:
		level = zap.WarnLevel
	}
	j.parts.Metrics.JobEnded(j.outcome)
	if !j.cfg.Lines.want(level, j.refusal != nil || j.broken != nil) {
		return
	}
	if entry := j.parts.Log.Check(level, "job"); entry != nil {
		entry.Write(zap.Inline(j), zap.Error(j.broken))
	}
}

// MarshalLogObject writes the line of a job that has ended.
func (j *job) MarshalLogObject(e zapcore.ObjectEncoder) error {
	if err := j.addRequest(e, j.outcome); err != nil {
		return err
	}
	j.addAnswer(e, j.end, j.kod, 0, j.size)
	j.addCause(e)
	return nil
}
