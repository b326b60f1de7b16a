package gateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"brana/egon"
	"brana/gateway/queue"
)

// An IDs remembers the ids of recent requests, each AIS's apart. Claim holds an
// id for a call that is being decided, and says whether nobody else has it;
// Confirm uses it and Forget lets it go. An error means that the store is
// unavailable, and that the call must not go on.
type IDs interface {
	Claim(ctx context.Context, ais, id string) (queue.Claim, bool, error)
	Confirm(ctx context.Context, c queue.Claim) error
	Forget(ctx context.Context, c queue.Claim) error
}

// reserve refuses a call that is not made now or not for the first time, as far as
// the operator asks. It takes what must be there before the call is admitted: its
// id, and room for an answer that comes later.
func (g *Gateway) reserve(ctx context.Context, x *exchange) error {
	if refusal := x.checkTime(); refusal != nil {
		return refusal
	}
	if g.parts.IDs != nil {
		info := &x.head.Info
		id := strings.ToLower(string(info.AgendaZadostId))
		fresh, err := x.hold.claimID(ctx, string(info.Ais), id)
		switch {
		case err != nil:
			return refuse(IDsUnavailable).because(err)
		case !fresh:
			return refuse(DuplicateRequest)
		}
	}
	if x.async && x.route.Kind == LocalRoute {
		return g.reserveRoom(ctx, x)
	}
	return nil
}

// checkTime compares CasZadosti with the clock at which the request came. The
// head has been checked, so it is a time.
func (r *request) checkTime() *Refusal {
	most := r.g.cfg.TimeTolerance
	if most == 0 {
		return nil
	}
	said, _ := egon.ParseDateTime(r.head.Info.CasZadosti, r.g.cfg.Zone)
	off := said.Sub(r.start).Abs()
	for _, other := range []time.Time{said.Add(-time.Hour), said.Add(time.Hour)} {
		if wall(other) == wall(said) { // the hour that comes twice when summer time ends
			off = min(off, other.Sub(r.start).Abs())
		}
	}
	if off <= most {
		return nil
	}
	return refuse(StaleTime, fmt.Sprintf(
		"CasZadosti se liší od času brány (%s) o %d s, dovoleno je nejvýše %d s."+
			" Seřiďte hodiny, nebo žádost odešlete znovu s novým časem.",
		r.start.In(r.g.cfg.Zone).Format(time.RFC3339), seconds(off), seconds(most)))
}

// wall is what a clock on the wall shows.
func wall(t time.Time) string { return t.Format(time.DateTime) }
