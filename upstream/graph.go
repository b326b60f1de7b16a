package upstream

import (
	"context"
	"time"

	"brana/egon"
)

// A passage is one call of E198 on its way through the graph, which begins when
// the evidence has named a person.
type workflow struct {
	m      *Media
	head   *egon.Head
	plan   plan
	person egon.PrevodAifo // as the evidence knows it
	source egon.AgendaAis  // the evidence's
	family family
	found  // each branch writes what is its own
}

// gather is the graph of E198. A step without effects runs as early as its
// input is there; G02, which makes an AIFO, and O08, which leaves a record, wait
// for ROB's yes.
//
//	evidence ─┬─ G27 to ROB ── O25 ──yes──┬─ O08 ─ A28
//	          └─ G27 to the caller ───────┴─ G02, if the caller has no AIFO yet
func (p *workflow) gather(ctx context.Context) error {
	if !p.evidence.Found {
		return nil
	}
	verified := make(chan bool, 1) // closed without a word: no
	return both(ctx, func(ctx context.Context) error {
		defer close(verified)
		return p.askRob(ctx, verified)
	}, func(ctx context.Context) error { return p.askForCaller(ctx, verified) })
}

// askRob takes the steps that go by way of ROB's own AIFO. It says yes to
// verified when ROB does.
func (p *workflow) askRob(ctx context.Context, verified chan<- bool) (err error) {
	if p.toRob, err = p.translate(ctx, p.plan.reading+1, egon.OrgCtiAifo, agendaOf(p.m.Rob)); err != nil {
		return err
	}
	person, ok := translated(p.toRob, p.person.Local)
	if !ok {
		return nil
	}
	rob := step{p.m.Rob, p.as(robParty), p.plan.deadline(p.plan.reading)}
	p.verified, err = runStep(ctx, rob, func(ctx context.Context, k *call) (*egon.VerifyReply, error) {
		return k.verify(ctx, p.m.nextStep(p.head), person)
	})
	if err != nil || !p.isVerified() {
		return err
	}
	verified <- true
	flow := p.head.Flow()
	if !flow.RobRead {
		return nil
	}
	rob.by = p.plan.deadline(p.plan.reading - 1)
	p.read, err = runStep(ctx, rob, func(ctx context.Context, k *call) (*egon.ReadReply, error) {
		return k.read(ctx, p.m.nextStep(p.head), person, flow.Rob)
	})
	if err != nil || flow.Ruian == egon.Necti || len(p.read.Places) == 0 {
		return err
	}
	p.places, err = runStep(ctx, step{p.m.Ruian, p.as(ruianParty), p.plan.by}, func(ctx context.Context, k *call) (*egon.PlacesReply, error) {
		return k.checkPlaces(ctx, p.m.nextStep(p.head), flow.Ruian == egon.Cti, p.read.Places)
	})
	return err
}

// askForCaller finds the caller's own AIFO. It has one made when there is none
// and verified says yes.
func (p *workflow) askForCaller(ctx context.Context, verified <-chan bool) (err error) {
	p.toCaller, err = p.translate(ctx, p.plan.reading+1, egon.OrgCtiAifo, callerOf(p.head))
	if err != nil || !lacksAifo(p.toCaller, p.person.Local) || !<-verified {
		return err
	}
	p.toCaller, err = p.translate(ctx, 0, egon.OrgZalozAifo, callerOf(p.head))
	return err
}

// translate asks ORG for the person's AIFO in another agenda, with so many
// steps behind it.
func (p *workflow) translate(ctx context.Context, behind int, op egon.OrgService, target egon.AgendaAis) (*egon.TranslateReply, error) {
	return runStep(ctx, step{p.m.Org, p.as(orgParty), p.plan.deadline(behind)}, func(ctx context.Context, k *call) (*egon.TranslateReply, error) {
		t := &egon.Translation{Source: p.source, Target: target, Map: []egon.PrevodAifo{p.person}}
		return k.translate(ctx, p.m.nextStep(p.head), op, t)
	})
}

// as makes a step one of the call's that asks party.
func (p *workflow) as(party egon.Party) asker {
	return asker{service: e198, party: party, family: &p.family}
}

// both runs two steps side by side. The first error ends the other and is
// returned when both have ended.
func both(ctx context.Context, a, b func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, 2)
	run := func(step func(context.Context) error) {
		err := recovered("serve E198", func() error { return step(ctx) })
		errs <- err // before cancel: what it causes comes second
		if err != nil {
			cancel()
		}
	}
	go run(b)
	run(a)
	if err := <-errs; err != nil {
		<-errs
		return err
	}
	return <-errs
}

// e198 is the service that the steps belong to.
const e198 = "E198"

// A turn is that of a step: whom it asks on whose behalf, and when it must have
// ended.
type step struct {
	client *Client
	asker
	by time.Time // zero: never
}

// take takes a step in its turn.
func runStep[T any](ctx context.Context, t step, step func(context.Context, *call) (T, error)) (T, error) {
	if !t.by.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, t.by)
		defer cancel()
	}
	return through(ctx, t.client, t.asker, func(k *call) (T, error) { return step(ctx, k) })
}
