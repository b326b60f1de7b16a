package gateway

import (
	"context"
	"time"

	"brana/egon"
	"brana/gateway/queue"
)

// listAnswers answers E99: the answers in the queue of the caller's AIS.
func (r *request) listAnswers(ctx context.Context, message []byte) (*egon.Answer, error) {
	q, err := r.queueQuery(message)
	if err != nil {
		return nil, err
	}
	page, err := r.parts.Queue.List(ctx, r.ais(), queue.Filter{From: q.From, Since: q.Since})
	if err != nil {
		return nil, refuse(QueueUnavailable).because(err)
	}
	page = page.In(r.cfg.Zone)
	reply := egon.AppendQueuePage(nil, r.head.Enveloped, r.info(egon.OK), &page)
	return answered(reply, egon.OK), nil
}

// pickUp answers E100: the answer of one job, or when to ask for it again. The answer
// stays in the queue until it is deleted or expires.
func (r *request) pickUp(ctx context.Context, message []byte) (*egon.Answer, error) {
	q, err := r.queueQuery(message)
	if err != nil {
		return nil, err
	}
	r.asked = q.IDs[0]
	a, err := r.parts.Queue.Answer(ctx, r.ais(), r.asked)
	switch {
	case err != nil:
		return nil, refuse(QueueUnavailable).because(err)
	case a.State == queue.Missing:
		return nil, refuse(NotInQueue)
	case a.State == queue.Running:
		info := r.info(egon.Varovani, egon.Detail{SubKod: "PROBIHA ZPRACOVANI"})
		info.CekaciCas = int(seconds(askAgain(a.Since)))
		reply := egon.AppendReply(nil, r.service, r.head.Enveloped, info)
		return answered(reply, egon.Varovani), nil
	}
	reply := egon.AppendQueueAnswer(nil, r.head.Enveloped, r.info(egon.OK), a.Body)
	return answered(reply, egon.OK), nil
}

// askAgain is the time after which to ask for a job again: as long as it has run,
// within bounds.
func askAgain(run time.Duration) time.Duration { return min(max(run, time.Second), time.Minute) }

// deleteAnswers answers E101. An id that is not in the queue is no error.
func (r *request) deleteAnswers(ctx context.Context, message []byte) (*egon.Answer, error) {
	q, err := r.queueQuery(message)
	if err != nil {
		return nil, err
	}
	if q.All {
		err = r.parts.Queue.DeleteAll(ctx, r.ais())
	} else {
		err = r.parts.Queue.Delete(ctx, r.ais(), q.IDs...)
	}
	if err != nil {
		return nil, refuse(QueueUnavailable).because(err)
	}
	reply := egon.AppendReply(nil, r.service, r.head.Enveloped, r.info(egon.OK))
	return answered(reply, egon.OK), nil
}

// queueQuery reads the message of a queue service, once.
func (r *request) queueQuery(message []byte) (q *egon.QueueQuery, err error) {
	if r.query == nil {
		r.query, err = egon.ParseQueueQuery(message, r.service, r.cfg.Bounds.XML, r.cfg.Zone)
	}
	return r.query, err
}
