package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway/queue"
)

// An IDs remembers the ids of recent requests, each AIS's apart. Claim holds an
// id for a call that is being decided, and says whether nobody else has it;
// Confirm uses it and Forget lets it go. An error means that nothing could be
// had, and that the call must not go on.
type IDs interface {
	Claim(ctx context.Context, ais, id string) (queue.Claim, bool, error)
	Confirm(ctx context.Context, c queue.Claim) error
	Forget(ctx context.Context, c queue.Claim) error
}

// reserve says whether the call is made now and for the first time, as far as
// the operator asks, and takes what must be there before it is admitted: its id,
// and room for an answer that comes later. What it took is given back by
// withdraw, or kept by confirm when the call was admitted: as with permits, a
// refused call has used nothing, and an admitted one has, whatever comes of it.
func (g *Gateway) reserve(ctx context.Context, x *exchange) error {
	if refusal := g.checkTime(x); refusal != nil {
		return refusal
	}
	if g.parts.IDs != nil {
		info := &x.head.Info
		claim, fresh, err := g.parts.IDs.Claim(ctx, string(info.Ais), strings.ToLower(string(info.AgendaZadostId)))
		switch {
		case err != nil:
			return refuse(IDsUnavailable).because(err)
		case !fresh:
			return refuse(DuplicateRequest)
		}
		x.claim, x.claimed = claim, true
	}
	if x.async && x.route.Kind == LocalRoute {
		return g.openJob(ctx, x)
	}
	return nil
}

// confirm uses the id of an admitted call. The permit is used though it fails:
// a call whose id may not be used must not go on.
func (g *Gateway) confirm(ctx context.Context, x *exchange) error {
	if !x.claimed {
		return nil
	}
	if err := g.parts.IDs.Confirm(ctx, x.claim); err != nil {
		return refuse(IDsUnavailable).because(err)
	}
	x.claimed = false
	return nil
}

// withdraw gives back what reserve took for a call that does not go on. It must
// be done before the caller learns of it: an honest retry comes at once. What
// cannot be given back goes by itself, the id within a minute.
func (x *exchange) withdraw() {
	ctx := context.Background() // the call may have been cut; the stores have their own bounds
	var errs []error
	if x.claimed {
		x.claimed = false
		errs = append(errs, safely(func() error { return x.g.parts.IDs.Forget(ctx, x.claim) }))
	}
	if x.opened {
		x.opened = false
		errs = append(errs, safely(func() error { return x.g.parts.Queue.Delete(ctx, string(x.head.Info.Ais), x.id()) }))
	}
	if err := errors.Join(errs...); err != nil {
		x.g.parts.Log.Warn("give back what a refused call had reserved: it goes by itself when its time is over", zap.Error(err))
	}
}

// checkTime compares CasZadosti with the clock at which the request came. The
// head has been checked, so it is a time.
func (g *Gateway) checkTime(x *exchange) *Refusal {
	most := g.cfg.TimeTolerance
	if most == 0 {
		return nil
	}
	said, _ := egon.ParseDateTime(x.head.Info.CasZadosti, g.cfg.Zone)
	off := said.Sub(x.start).Abs()
	for _, other := range []time.Time{said.Add(-time.Hour), said.Add(time.Hour)} {
		if wall(other) == wall(said) { // the hour that comes twice when summer time ends
			off = min(off, other.Sub(x.start).Abs())
		}
	}
	if off <= most {
		return nil
	}
	return refuse(StaleTime, fmt.Sprintf("CasZadosti se liší od času brány (%s) o %d s, dovoleno je nejvýše %d s. Seřiďte hodiny, nebo žádost odešlete znovu s novým časem.",
		x.start.In(g.cfg.Zone).Format(time.RFC3339), seconds(off), seconds(most)))
}

// wall is what a clock on the wall shows.
func wall(t time.Time) string { return t.Format(time.DateTime) }
