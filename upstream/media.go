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

// Media answers E198 (agendaMediaDataCtiPodleUdaju) out of the evidences and
// the base registries. The clients stay their maker's to close.
type Media struct {
	Eop, Ecd *Client // of the AIS that hold identity cards and travel documents
	Org      *Client
	Rob      *Client
	Ruian    *Client

	NewID   func() string        // a fresh UUID for each message
	Now     func() time.Time     // for CasOdpovedi, in the zone in which it is written
	Dropped func(element string) // an evidence sent what was not asked for, or more of it, which was left out; may be nil
}

// Validate returns all that is missing, joined. ORG translates between agendas
// and AIS, so those of the evidences and of ROB must be known.
func (m *Media) Validate() error {
	var errs []error
	for _, c := range []struct {
		name   string
		client *Client
		holds  bool // AIFO of its own
	}{{"eop", m.Eop, true}, {"ecd", m.Ecd, true}, {"org", m.Org, false}, {"rob", m.Rob, true}, {"ruian", m.Ruian, false}} {
		switch {
		case c.client == nil:
			errs = append(errs, fmt.Errorf("workflow of E198: upstream %s is missing", c.name))
		case c.holds && (c.client.cfg.Agenda == "" || c.client.cfg.Ais <= 0):
			errs = append(errs, fmt.Errorf("workflow of E198: upstream %s needs agenda and ais", c.name))
		}
	}
	if m.NewID == nil || m.Now == nil {
		errs = append(errs, errors.New("workflow of E198: a source of ids and a clock are needed"))
	}
	return errors.Join(errs...)
}

// Serve answers the request that h is the head of; [egon.Head] has been checked
// and is allowed. An answer of up to some 190 KiB is proven whole before Serve
// returns; what can be told only with the rest of a longer one ends the Body
// with an error. A failure before is an *egon.CallError that names the party; h
// must stay valid and ctx alive until the Body is closed. The time is when the
// first message of the call, that to the evidence, began to go out; zero means
// that nothing was sent.
func (m *Media) Serve(ctx context.Context, h *egon.Head) (a *egon.Answer, sent time.Time, err error) {
	src, ok := egon.SourceOf(h.Media.AgendaZdroj)
	if !ok {
		return nil, sent, errors.New("serve E198: the evidence is not known")
	}
	p, c := planOf(ctx, h), m.of(src)
	l := newHeadDeadline(ctx, p.deadline(p.reading+2))
	k, err := c.open(l, asker{service: e198, party: partyOf(c)})
	if err != nil {
		l.end()
		return nil, sent, err
	}
	e, err := askEvidence(l, k, m.nextStep(h), src)
	if err != nil {
		return nil, k.sent, err
	}
	if m.Dropped != nil {
		e.leftOut = m.Dropped
	}
	a, err = m.compose(ctx, &workflow{m: m, head: h, plan: p, person: e.Person, source: agendaOf(c), found: found{evidence: e.EvidenceHead, sent: h.Media.Kind.VerifiedItems()}}, e)
	return a, k.sent, err
}

// compose takes the steps while the media arrive, and begins the reply, which
// has e from then on.
func (m *Media) compose(ctx context.Context, p *workflow, e *evidence) (_ *egon.Answer, err error) {
	steps, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	media := startReadAhead(e, func(err error) {
		if ctx.Err() == nil { // otherwise it broke since the call has ended
			cancel(err)
		}
	})
	defer func() {
		if err != nil {
			_ = media.Close()
		}
	}()
	err = p.gather(steps)
	var broke *egon.CallError
	if err != nil && errors.As(context.Cause(steps), &broke) {
		return nil, broke // the steps ended because the media did
	}
	if err != nil {
		return nil, err
	}
	mediaLength, err := media.settle()
	if err != nil {
		return nil, err
	}
	e.call.end(nil) // a long answer is as good so far
	info := &egon.OdpovedInfo{
		CasOdpovedi:    m.Now(),
		Status:         p.found.status(e.call.party),
		AgendaZadostId: string(p.head.Info.AgendaZadostId),
		IszrZadostId:   m.NewID(),
	}
	head := egon.AppendMediaHead(nil, p.head.Enveloped, info, p.found.blocks(e.src, p.head.Flow().Ruian == egon.Cti))
	tail := egon.AppendMediaTail(nil, p.head.Enveloped, e.src)
	length := int64(-1)
	if mediaLength >= 0 {
		length = int64(len(head)) + mediaLength + int64(len(tail))
	}
	return &egon.Answer{
		HTTPStatus:   200,
		ContentType:  "text/xml; charset=utf-8",
		Length:       length,
		Body:         mediaBody{io.MultiReader(bytes.NewReader(head), media, bytes.NewReader(tail)), media},
		Kod:          info.Status.Kod,
		IszrZadostId: info.IszrZadostId,
		Barred:       p.found.barred(),
	}, nil
}

// A mediaBody is the reply on its way: what the gateway wrote, the block of the
// evidence as it arrives, and the end. Closing it gives the evidence's
// connection back, or closes that when it was not read to its end.
type mediaBody struct {
	io.Reader
	io.Closer
}

func (m *Media) of(src *egon.Source) *Client {
	if src.Zdroj == "Eop" {
		return m.Eop
	}
	return m.Ecd
}

func (m *Media) nextStep(h *egon.Head) *egon.Step {
	return &egon.Step{Head: h, IszrZadostId: m.NewID()}
}
