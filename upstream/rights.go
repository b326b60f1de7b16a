package upstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"brana/egon"
)

// Rights asks the bus which items a triple may have (E227). The service reads the matrix
// and changes nothing, so a question may be sent again.
type Rights struct {
	Client *Client
	Caller egon.Quadruple // the gateway's own, which the bus checks
	NewID  func() string  // a fresh UUID, for AgendaZadostId
	Now    func() time.Time
}

// Validate returns everything that is missing, joined.
func (r *Rights) Validate() error {
	var errs []error
	if r.Client == nil {
		errs = append(errs, errors.New("rights: there is no client"))
	}
	c := r.Caller
	for _, id := range []struct{ name, value string }{
		{"agenda", c.Agenda}, {"role", c.Role}, {"ovm", c.Ovm}, {"ais", c.Ais},
	} {
		if id.value == "" {
			errs = append(errs, fmt.Errorf("rights: the caller has no %s", id.name))
		}
	}
	return errors.Join(errs...)
}

// Fetch returns the items of a triple, none when the bus answers that the triple has no
// row. It is a call like any other: it waits for its turn, and its outcome counts for
// the breaker of the bus. Every error is an *egon.CallError that names ISZR.
func (r *Rights) Fetch(ctx context.Context, q *egon.RightsQuery) ([]egon.RightsItem, error) {
	a := asker{service: "E227", party: iszrParty}
	return through(ctx, r.Client, a, func(k *call) ([]egon.RightsItem, error) {
		return r.ask(ctx, k, q)
	})
}

func (r *Rights) ask(ctx context.Context, k *call, q *egon.RightsQuery) ([]egon.RightsItem, error) {
	service, id := egon.ServiceByCode("E227"), r.NewID()
	body := egon.AppendRequest(nil, &egon.Request{
		Service:   service,
		Enveloped: true,
		Inner:     egon.AppendRightsQuestion(nil, q),
		Info: &egon.ZadostInfo{
			CasZadosti:     []byte(r.Now().Format(time.RFC3339Nano)),
			AgendaZadostId: []byte(id),
			Agenda:         []byte(r.Caller.Agenda),
			AgendovaRole:   []byte(r.Caller.Role),
			Ovm:            []byte(r.Caller.Ovm),
			Ais:            []byte(r.Caller.Ais),
		},
	})
	b, err := k.ask(ctx, question{
		path:   "/" + service.Code,
		action: service.Action,
		body:   body,
		again:  true,
	})
	if err != nil {
		return nil, err
	}
	reply, err := egon.ParseRightsReply(b)
	switch {
	case err != nil:
		return nil, k.unreadable(err)
	case reply.Info.Status.Kod == egon.Chyba:
		return nil, k.refused(reply.Info.Status)
	case !strings.EqualFold(reply.Info.AgendaZadostId, id):
		return nil, k.unreadable(
			fixedError("the answer is to another question: AgendaZadostId differs"),
		)
	}
	return reply.Items, nil
}
