package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"brana/egon"
)

// Media answers E198 (agendaMediaDataCtiPodleUdaju) out of the evidences and the base
// registries. Its maker closes the clients.
type Media struct {
	Eop, Ecd *Client // of the AIS that hold identity cards and travel documents
	Org      *Client
	Rob      *Client
	Ruian    *Client

	NewID func() string    // a fresh UUID for each message
	Now   func() time.Time // for CasOdpovedi, in the zone in which it is written
	// Dropped is called with each element of an evidence that was left out, since it was
	// not asked for. nil: no call.
	Dropped func(element string)
}

// Validate returns everything that is missing, joined. ORG translates between agendas and
// AIS, so the evidences and ROB need theirs.
func (m *Media) Validate() error {
	var errs []error
	for _, c := range []struct {
		name   string
		client *Client
		holds  bool // AIFO of its own
	}{
		{"eop", m.Eop, true},
		{"ecd", m.Ecd, true},
		{"org", m.Org, false},
		{"rob", m.Rob, true},
		{"ruian", m.Ruian, false},
	} {
		switch {
		case c.client == nil:
			errs = append(errs, fmt.Errorf("workflow of E198: upstream %s is missing", c.name))
		case c.holds && (c.client.cfg.Agenda == "" || c.client.cfg.Ais <= 0):
			errs = append(errs,
				fmt.Errorf("workflow of E198: upstream %s needs agenda and ais", c.name))
		}
	}
	if m.NewID == nil || m.Now == nil {
		errs = append(errs, errors.New("workflow of E198: a source of ids and a clock are needed"))
	}
	return errors.Join(errs...)
}

// Serve answers the request with the head h, which has been checked and is allowed. An
// answer of up to some 190 KiB is proven whole before Serve returns. A mistake in the rest
// of a longer one ends the Body with an error. A failure before is an *egon.CallError that
// names the party. The head must stay valid and ctx alive until the Body is closed. The
// time is when the first message, the one to the evidence, began to go out; zero means
// that nothing was sent. The trace tr, which may be nil, takes a span for each message,
// the items of ROB's answer that go out, and those media that do.
func (m *Media) Serve(
	ctx context.Context, h *egon.Head, tr *egon.Trace,
) (a *egon.Answer, sent time.Time, err error) {
	src, ok := egon.SourceOf(h.Media.AgendaZdroj)
	if !ok {
		return nil, sent, errors.New("serve E198: the evidence is not known")
	}
	p, c := planOf(ctx, h), m.of(src)
	by := newHeadDeadline(ctx, p.deadline(p.reading+2))
	k, err := c.open(by, asker{service: e198, party: partyOf(c), message: src.Step, trace: tr})
	if err != nil {
		by.end()
		return nil, sent, err
	}
	e, err := askEvidence(by, k, m.nextStep(h), src)
	if err != nil {
		return nil, k.sent, err
	}
	if m.Dropped != nil {
		e.leftOut = m.Dropped
	}
	a, err = m.compose(ctx, &workflow{
		m:      m,
		head:   h,
		trace:  tr,
		plan:   p,
		person: e.Person,
		source: agendaOf(c),
		found:  found{evidence: e.EvidenceHead, sent: h.Media.Kind.VerifiedItems()},
	}, e)
	return a, k.sent, err
}

// compose runs the workflow while the media arrive, and begins the reply. The reply owns e
// from then on.
func (m *Media) compose(ctx context.Context, w *workflow, e *evidence) (_ *egon.Answer, err error) {
	steps, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	media := startReadAhead(e, func(err error) {
		if ctx.Err() == nil { // otherwise it broke because the call has ended
			cancel(err)
		}
	})
	err = errUnended // unless it ends below
	defer func() {
		if err != nil {
			_ = media.Close()
		}
	}()
	err = w.gather(steps)
	var broke *egon.CallError
	if err != nil && errors.As(context.Cause(steps), &broke) {
		return nil, broke // the media broke, which ended the steps
	}
	if err != nil {
		return nil, err
	}
	mediaLength, err := media.settle()
	if err != nil {
		return nil, err
	}
	e.call.end(nil) // a longer answer is right so far
	info := &egon.OdpovedInfo{
		CasOdpovedi:    m.Now(),
		Status:         w.found.status(e.call.party),
		AgendaZadostId: string(w.head.Info.AgendaZadostId),
		IszrZadostId:   m.NewID(),
	}
	blocks := w.found.blocks(e.src, w.head.Flow().Ruian == egon.Cti)
	if len(blocks.Read) > 0 {
		w.trace.Returns(&w.read.Items)
	}
	head := egon.AppendMediaHead(nil, w.head.Enveloped, info, blocks)
	tail := egon.AppendMediaTail(nil, w.head.Enveloped, e.src)
	length := int64(-1)
	if mediaLength >= 0 {
		length = int64(len(head)) + mediaLength + int64(len(tail))
	}
	body := io.MultiReader(bytes.NewReader(head), media, bytes.NewReader(tail))
	return &egon.Answer{
		HTTPStatus:   200,
		ContentType:  "text/xml; charset=utf-8",
		Length:       length,
		Body:         mediaBody{body, media},
		Kod:          info.Status.Kod,
		SubKody:      info.Status.SubKody(),
		IszrZadostId: info.IszrZadostId,
		Barred:       w.found.barred(),
	}, nil
}

// A mediaBody is the reply on its way: the beginning that the gateway wrote, the block of
// the evidence as it arrives, and the end. Closing it gives the evidence's connection
// back, or closes that connection when the answer was not read to its end.
type mediaBody struct {
	io.Reader
	io.Closer
}

// of returns the client of an evidence.
func (m *Media) of(src *egon.Source) *Client {
	if src.Zdroj == "Eop" {
		return m.Eop
	}
	return m.Ecd
}

func (m *Media) nextStep(h *egon.Head) *egon.Step {
	return &egon.Step{Head: h, IszrZadostId: m.NewID()}
}
