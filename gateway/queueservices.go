package gateway

import (
	"context"
	"time"

	"brana/egon"
	"brana/gateway/queue"
)

// listAnswers answers E99: the answers that wait for the caller's AIS.
func (x *exchange) listAnswers(ctx context.Context) (*egon.Answer, error) {
	q, err := x.queueQuery()
	if err != nil {
		return nil, err
	}
	page, err := x.g.parts.Queue.List(ctx, x.ais(), queue.Filter{From: q.From, Since: q.Since})
	if err != nil {
		return nil, refuse(QueueUnavailable).because(err)
	}
	page = page.In(x.g.cfg.Zone)
	return x.answered(egon.AppendQueuePage(nil, x.head.Enveloped, x.info(egon.OK), &page), egon.OK), nil
}

// pickUp answers E100: the answer of one job, or when to ask for it again. It
// stays in the queue until it is deleted or expires.
func (x *exchange) pickUp(ctx context.Context) (*egon.Answer, error) {
	q, err := x.queueQuery()
	if err != nil {
		return nil, err
	}
	x.job = q.IDs[0]
	a, err := x.g.parts.Queue.Answer(ctx, x.ais(), x.job)
	switch {
	case err != nil:
		return nil, refuse(QueueUnavailable).because(err)
	case a.State == queue.Missing:
		return nil, refuse(NotInQueue)
	case a.State == queue.Running:
		info := x.info(egon.Varovani, egon.Detail{SubKod: "PROBIHA ZPRACOVANI"})
		info.CekaciCas = int(seconds(askAgain(a.Since)))
		return x.answered(egon.AppendReply(nil, x.service, x.head.Enveloped, info), egon.Varovani), nil
	}
	return x.answered(egon.AppendQueueAnswer(nil, x.head.Enveloped, x.info(egon.OK), a.Body), egon.OK), nil
}

// askAgain is how long to wait for a job that has run for so long: as long again,
// within bounds.
func askAgain(since time.Duration) time.Duration { return min(max(since, time.Second), time.Minute) }

// deleteAnswers answers E101. What is not in the queue is no error: afterwards
// it is not there.
func (x *exchange) deleteAnswers(ctx context.Context) (*egon.Answer, error) {
	q, err := x.queueQuery()
	if err != nil {
		return nil, err
	}
	if q.All {
		err = x.g.parts.Queue.DeleteAll(ctx, x.ais())
	} else {
		err = x.g.parts.Queue.Delete(ctx, x.ais(), q.IDs...)
	}
	if err != nil {
		return nil, refuse(QueueUnavailable).because(err)
	}
	return x.answered(egon.AppendReply(nil, x.service, x.head.Enveloped, x.info(egon.OK)), egon.OK), nil
}

// queueQuery is the question of a queue service. Its message is held whole.
func (x *exchange) queueQuery() (*egon.QueueQuery, error) {
	return egon.ParseQueueQuery(x.body.Whole(), x.service, x.g.cfg.Bounds.XML, x.g.cfg.Zone)
}

// ais names the queue. Only an AIS that a grant names comes here, and a grant
// names it in one spelling.
func (x *exchange) ais() string { return string(x.head.Info.Ais) }
