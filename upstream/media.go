package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
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
	Now     func() time.Time     // for CasOdpovedi
	Dropped func(element string) // an evidence sent what was not asked for, which was left out; may be nil
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
// must stay valid and ctx alive until the Body is closed.
func (m *Media) Serve(ctx context.Context, h *egon.Head) (*egon.Answer, error) {
	src, ok := egon.SourceOf(h.Media.AgendaZdroj)
	if !ok {
		return nil, errors.New("serve E198: the evidence is not known")
	}
	p := planOf(ctx, h)
	e, err := m.askEvidence(ctx, h, src, p)
	if err != nil {
		return nil, err
	}
	return m.compose(ctx, h, e, p)
}

// gather is the graph of E198. A step without effects runs as early as its
// input is there; G02, which makes an AIFO, and O08, which leaves a record, wait
// for ROB's yes.
//
//	evidence ─┬─ G27 to ROB ── O25 ──yes──┬─ O08 ─ A28
//	          └─ G27 to the caller ───────┴─ G02, if the caller has no AIFO yet
func (m *Media) gather(ctx context.Context, h *egon.Head, e *evidence, p plan) (f found, err error) {
	f.evidence = e.EvidenceHead
	if !e.Found {
		return f, nil
	}
	local, source := e.Person.Local, agendaOf(m.of(e.src))
	verified := make(chan bool, 1) // closed without a word: no
	err = both(ctx, func(ctx context.Context) error {
		defer close(verified)
		return m.askRob(ctx, h, &f, p, &egon.Translation{Source: source, Target: agendaOf(m.Rob), Map: []egon.PrevodAifo{e.Person}}, verified)
	}, func(ctx context.Context) (err error) {
		t := &egon.Translation{Source: source, Target: callerOf(h), Map: []egon.PrevodAifo{e.Person}}
		f.toCaller, err = take(ctx, turn{m.Org, orgParty, p.deadline(p.reading + 1)}, func(ctx context.Context) (*egon.TranslateReply, error) {
			return m.Org.translate(ctx, m.step(h), egon.OrgCtiAifo, t)
		})
		if err != nil || !lacksAifo(f.toCaller, local) || !<-verified {
			return err
		}
		f.toCaller, err = take(ctx, turn{m.Org, orgParty, p.by}, func(ctx context.Context) (*egon.TranslateReply, error) {
			return m.Org.translate(ctx, m.step(h), egon.OrgZalozAifo, t)
		})
		return err
	})
	return f, err
}

// askRob takes the steps that go by way of ROB's own AIFO, which toRob asks
// for. It says yes to verified when ROB does.
func (m *Media) askRob(ctx context.Context, h *egon.Head, f *found, p plan, toRob *egon.Translation, verified chan<- bool) (err error) {
	flow, local := h.Flow(), f.evidence.Person.Local
	f.toRob, err = take(ctx, turn{m.Org, orgParty, p.deadline(p.reading + 1)}, func(ctx context.Context) (*egon.TranslateReply, error) {
		return m.Org.translate(ctx, m.step(h), egon.OrgCtiAifo, toRob)
	})
	if err != nil {
		return err
	}
	person, ok := translated(f.toRob, local)
	if !ok {
		return nil
	}
	f.verified, err = take(ctx, turn{m.Rob, robParty, p.deadline(p.reading)}, func(ctx context.Context) (*egon.VerifyReply, error) {
		return m.Rob.verify(ctx, m.step(h), person)
	})
	if err != nil || !isVerified(f.verified, local) {
		return err
	}
	verified <- true
	if !flow.RobRead {
		return nil
	}
	f.read, err = take(ctx, turn{m.Rob, robParty, p.deadline(p.reading - 1)}, func(ctx context.Context) (*egon.ReadReply, error) {
		return m.Rob.read(ctx, m.step(h), person, flow.Rob)
	})
	if err != nil || flow.Ruian == egon.Necti || len(f.read.Places) == 0 {
		return err
	}
	f.places, err = take(ctx, turn{m.Ruian, ruianParty, p.by}, func(ctx context.Context) (*egon.PlacesReply, error) {
		return m.Ruian.checkPlaces(ctx, m.step(h), flow.Ruian == egon.Cti, f.read.Places)
	})
	return err
}

// both runs two steps side by side. The first error ends the other and is
// returned when both have ended.
func both(ctx context.Context, a, b func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, 2)
	run := func(step func(context.Context) error) {
		err := guard(ctx, step)
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

// guard runs a step. A panic becomes an error: a step may run on a goroutine of
// its own, where nobody else would catch it.
func guard(ctx context.Context, step func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("serve E198: %v\n%s", p, debug.Stack())
		}
	}()
	return step(ctx)
}

// compose takes the steps while the media arrive, and begins the reply, which
// has e from then on.
func (m *Media) compose(ctx context.Context, h *egon.Head, e *evidence, p plan) (_ *egon.Answer, err error) {
	steps, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	media := readAhead(e, func(err error) {
		if ctx.Err() == nil { // otherwise it broke since the call has ended
			cancel(err)
		}
	})
	defer func() {
		if err != nil {
			_ = media.Close()
		}
	}()
	f, err := m.gather(steps, h, e, p)
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
	e.report(nil) // a long answer is as good so far
	info := &egon.OdpovedInfo{
		CasOdpovedi:    m.Now(),
		Status:         f.status(e.party),
		AgendaZadostId: string(h.Info.AgendaZadostId),
		IszrZadostId:   m.NewID(),
	}
	head := egon.AppendMediaHead(nil, h.Enveloped, info, f.blocks(e.src, h.Flow().Ruian == egon.Cti))
	tail := egon.AppendMediaTail(nil, h.Enveloped, e.src)
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
	}, nil
}

// A mediaBody is the reply on its way: what the gateway wrote, the block of the
// evidence as it arrives, and the end. Closing it gives the evidence's
// connection back, or closes that when it was not read to its end.
type mediaBody struct {
	io.Reader
	io.Closer
}

// askEvidence sends the caller's question to the evidence it names.
func (m *Media) askEvidence(ctx context.Context, h *egon.Head, src *egon.Source, p plan) (*evidence, error) {
	c := m.of(src)
	e, err := askEvidence(newLeash(ctx, p.deadline(p.reading+2)), c, m.step(h), src)
	if err != nil {
		return nil, err
	}
	if m.Dropped != nil {
		e.dropped = m.Dropped
	}
	return e, nil
}

func (m *Media) of(src *egon.Source) *Client {
	if src.Zdroj == "Eop" {
		return m.Eop
	}
	return m.Ecd
}

func (m *Media) step(h *egon.Head) *egon.Step { return &egon.Step{Head: h, IszrZadostId: m.NewID()} }

func agendaOf(c *Client) egon.AgendaAis {
	return egon.AgendaAis{Agenda: c.cfg.Agenda, Ais: strconv.Itoa(c.cfg.Ais)}
}

func callerOf(h *egon.Head) egon.AgendaAis {
	return egon.AgendaAis{Agenda: string(h.Info.Agenda), Ais: string(h.Info.Ais)}
}
