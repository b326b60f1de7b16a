package gateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"brana/egon"
)

// reserve refuses a call whose time is not now or whose id was used, where the
// operator has switched these checks on. It claims the id, and takes room for an
// answer that comes later, before the call is admitted.
func (r *request) reserve(ctx context.Context, h *hold) error {
	if refusal := r.checkTime(); refusal != nil {
		return refusal
	}
	if r.parts.IDs != nil {
		fresh, err := h.claimID(ctx, string(r.head.Info.Ais), strings.ToLower(r.ownID()))
		switch {
		case err != nil:
			return refuse(IDsUnavailable).because(err)
		case !fresh:
			return refuse(DuplicateRequest)
		}
	}
	if r.async && r.route.Kind == LocalRoute {
		return r.reserveRoom(ctx, h)
	}
	return nil
}

// ownID is the id that no other call has. The bus sends all internal messages of one call
// with the caller's AgendaZadostId, and each with an IszrZadostId of its own.
func (r *request) ownID() string {
	info := &r.head.Info
	if r.service.Internal() && len(info.IszrZadostId) > 0 {
		return string(info.IszrZadostId)
	}
	return string(info.AgendaZadostId)
}

// checkTime compares CasZadosti with the clock at which the request came. The
// head has been checked, so it is a time.
func (r *request) checkTime() *Refusal {
	most := r.cfg.TimeTolerance
	if most == 0 {
		return nil
	}
	said, _ := egon.ParseDateTime(r.head.Info.CasZadosti, r.cfg.Zone)
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
		r.start.In(r.cfg.Zone).Format(time.RFC3339), seconds(off), seconds(most)))
}

// wall is what a clock on the wall shows.
func wall(t time.Time) string { return t.Format(time.DateTime) }
