package gateway

import (
	"context"
	"time"

	"brana/egon"
	"brana/gateway/queue"
)

// listAnswers answers E99: the answers that wait for the caller's AIS.
func (r *request) listAnswers(ctx context.Context, message []byte) (*egon.Answer, error) {
	q, err := r.queueQuery(message)
	if err != nil {
		return nil, err
	}
	page, err := r.g.parts.Queue.List(ctx, r.ais(), queue.Filter{From: q.From, Since: q.Since})
	if err != nil {
		return nil, refuse(QueueUnavailable).because(err)
	}
	page = page.In(r.g.cfg.Zone)
	return answered(egon.AppendQueuePage(nil, r.head.Enveloped, r.info(egon.OK), &page), egon.OK), nil
}

// pickUp answers E100: the answer of one job, or when to ask for it again. It
// stays in the queue until it is deleted or expires.
func (r *request) pickUp(ctx context.Context, message []byte) (*egon.Answer, error) {
	q, err := r.queueQuery(message)
	if err != nil {
		return nil, err
	}
	r.asked = q.IDs[0]
	a, err := r.g.parts.Queue.Answer(ctx, r.ais(), r.asked)
	switch {
	case err != nil:
		return nil, refuse(QueueUnavailable).because(err)
	case a.State == queue.Missing:
		return nil, refuse(NotInQueue)
	case a.State == queue.Running:
		info := r.info(egon.Varovani, egon.Detail{SubKod: "PROBIHA ZPRACOVANI"})
		info.CekaciCas = int(seconds(askAgain(a.Since)))
		return answered(egon.AppendReply(nil, r.service, r.head.Enveloped, info), egon.Varovani), nil
	}
	return answered(egon.AppendQueueAnswer(nil, r.head.Enveloped, r.info(egon.OK), a.Body), egon.OK), nil
}

// askAgain is how long to wait for a job that has run since then: as long again,
// within bounds.
func askAgain(since time.Duration) time.Duration { return min(max(since, time.Second), time.Minute) }

// deleteAnswers answers E101. What is not in the queue is no error: afterwards
// it is not there.
func (r *request) deleteAnswers(ctx context.Context, message []byte) (*egon.Answer, error) {
	q, err := r.queueQuery(message)
	if err != nil {
		return nil, err
	}
	if q.All {
		err = r.g.parts.Queue.DeleteAll(ctx, r.ais())
	} else {
		err = r.g.parts.Queue.Delete(ctx, r.ais(), q.IDs...)
	}
	if err != nil {
		return nil, refuse(QueueUnavailable).because(err)
	}
	return answered(egon.AppendReply(nil, r.service, r.head.Enveloped, r.info(egon.OK)), egon.OK), nil
}

// queueQuery is the question of a queue service.
func (r *request) queueQuery(message []byte) (*egon.QueueQuery, error) {
	return egon.ParseQueueQuery(message, r.service, r.g.cfg.Bounds.XML, r.g.cfg.Zone)
}
