package upstream

import (
	"context"
	"time"

	"brana/egon"
)

// e198 is the service that the steps belong to.
const e198 = "E198"

// A workflow is one E198 on its way through the graph, from the moment when the evidence
// has named a person.
type workflow struct {
	m      *Media
	head   *egon.Head
	trace  *egon.Trace
	plan   plan
	person egon.PrevodAifo // as the evidence knows it
	source egon.AgendaAis  // the evidence's
	family family
	found  // each branch writes its own fields
}

// gather runs the graph of E198. A step without effects runs as soon as its input is
// there. G02 makes an AIFO and O08 leaves a record, so both wait for ROB's yes.
//
//	evidence ─┬─ G27 to ROB ── O25 ──yes──┬─ O08 ─ A28
//	          └─ G27 to the caller ───────┴─ G02, if the caller has no AIFO yet
func (w *workflow) gather(ctx context.Context) error {
	if !w.evidence.Found {
		return nil
	}
	verified := make(chan bool, 1) // closed without a value: no
	return both(ctx, func(ctx context.Context) error {
		defer close(verified)
		return w.askRob(ctx, verified)
	}, func(ctx context.Context) error { return w.askForCaller(ctx, verified) })
}

// askRob runs the steps that need ROB's own AIFO. It sends true to verified when ROB
// verifies the person.
func (w *workflow) askRob(ctx context.Context, verified chan<- bool) (err error) {
	behind := w.plan.reading + 1
	if w.toRob, err = w.translate(ctx, behind, egon.OrgCtiAifo, agendaOf(w.m.Rob)); err != nil {
		return err
	}
	person, ok := translated(w.toRob, w.person.Local)
	if !ok {
		return nil
	}
	rob := step{w.m.Rob, w.asker(robParty, "O25"), w.plan.deadline(w.plan.reading)}
	verify := func(ctx context.Context, k *call) (*egon.VerifyReply, error) {
		return k.verify(ctx, w.m.nextStep(w.head), person)
	}
	w.verified, err = runStep(ctx, rob, verify)
	if err != nil || !w.isVerified() {
		return err
	}
	verified <- true
	flow := w.head.Flow()
	if !flow.RobRead {
		return nil
	}
	rob.message, rob.by = "O08", w.plan.deadline(w.plan.reading-1)
	w.read, err = runStep(ctx, rob, func(ctx context.Context, k *call) (*egon.ReadReply, error) {
		return k.read(ctx, w.m.nextStep(w.head), person, flow.Rob)
	})
	if err != nil || flow.Ruian == egon.Necti || len(w.read.Places) == 0 {
		return err
	}
	ruian := step{w.m.Ruian, w.asker(ruianParty, "A28"), w.plan.by}
	check := func(ctx context.Context, k *call) (*egon.PlacesReply, error) {
		return k.checkPlaces(ctx, w.m.nextStep(w.head), flow.Ruian == egon.Cti, w.read.Places)
	}
	w.places, err = runStep(ctx, ruian, check)
	return err
}

// askForCaller finds the caller's own AIFO. When the caller has none, it has one made
// once ROB has verified the person.
func (w *workflow) askForCaller(ctx context.Context, verified <-chan bool) (err error) {
	w.toCaller, err = w.translate(ctx, w.plan.reading+1, egon.OrgCtiAifo, callerOf(w.head))
	if err != nil || !lacksAifo(w.toCaller, w.person.Local) || !<-verified {
		return err
	}
	w.toCaller, err = w.translate(ctx, 0, egon.OrgZalozAifo, callerOf(w.head))
	return err
}

// translate asks ORG for the person's AIFO in another agenda. The number of steps behind
// it bounds its time.
func (w *workflow) translate(
	ctx context.Context, behind int, op egon.OrgService, target egon.AgendaAis,
) (*egon.TranslateReply, error) {
	org := step{w.m.Org, w.asker(orgParty, op.Step()), w.plan.deadline(behind)}
	return runStep(ctx, org, func(ctx context.Context, k *call) (*egon.TranslateReply, error) {
		t := &egon.Translation{Source: w.source, Target: target, Map: []egon.PrevodAifo{w.person}}
		return k.translate(ctx, w.m.nextStep(w.head), op, t)
	})
}

// asker returns the asker of a step to party, with a message of that code.
func (w *workflow) asker(party egon.Party, message string) asker {
	return asker{
		service: e198,
		party:   party,
		family:  &w.family,
		message: message,
		trace:   w.trace,
	}
}

// A step is one question of the workflow: to whom, for whom and until when.
type step struct {
	client *Client
	asker
	by time.Time // zero: no deadline of its own
}

// runStep asks within the time of a step.
func runStep[T any](
	ctx context.Context, s step, ask func(context.Context, *call) (T, error),
) (T, error) {
	if !s.by.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, s.by)
		defer cancel()
	}
	return through(ctx, s.client, s.asker, func(k *call) (T, error) { return ask(ctx, k) })
}

// both runs two branches side by side. The first error ends the other branch. It is
// returned when both have ended.
func both(ctx context.Context, a, b func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, 2)
	run := func(branch func(context.Context) error) {
		err := recovered("serve E198", func() error { return branch(ctx) })
		errs <- err // before cancel, so that an error which cancel causes comes second
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
