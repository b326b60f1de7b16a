package gateway

import (
	"time"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// A request is who asks for what, and what was decided about it: all that the
// services answered here, a refusal and the log need to know. An exchange has one,
// and so has a job.
type request struct {
	*core
	start time.Time

	service *egon.Service // nil: it is not known
	async   bool
	decided bool // limits holds a decision
	route   Route
	timeout time.Duration // of the call

	reader *egon.Reader // of the message; nil: nobody has read it yet
	head   *egon.Head   // borrows from reader; nil: not yet read

	policy   *policy.Snapshot
	decision policy.Decision
	limits   limits.Decision

	intent   intent           // in the record of use
	origin   origin           // known once something was recorded
	persons  []string         // hashes of those in the message, as its record has them
	identity *policy.Identity // of the caller's certificate; nil: none

	iszrID string           // empty until somebody asks for it
	asked  string           // number of the job that E100 asks for
	query  *egon.QueueQuery // of a queue service; nil until somebody asks for it
}

// read takes a reader for the message.
func (r *request) read() {
	r.reader = r.pools.readers.Get()
	r.reader.Reset(r.service)
}

// release gives the reader back. It is the last use of the head, which borrows
// from it.
func (r *request) release() {
	if r.reader != nil {
		r.pools.readers.Put(r.reader)
		r.reader, r.head = nil, nil
	}
}

// id returns the IszrZadostId of the request: from the relayed answer, of an internal
// message the one that it came with, or a fresh one.
func (r *request) id() string {
	if r.iszrID == "" && r.reader != nil {
		r.iszrID = string(r.reader.MessageID())
	}
	if r.iszrID == "" {
		r.iszrID = r.parts.NewID()
	}
	return r.iszrID
}

// ais names the queue of the caller. Only an AIS that a grant names has one, and a
// grant names it in one spelling.
func (r *request) ais() string { return string(r.head.Info.Ais) }

// info is the header of a reply that the gateway makes itself.
func (r *request) info(kod string, details ...egon.Detail) *egon.OdpovedInfo {
	return &egon.OdpovedInfo{
		CasOdpovedi:    time.Now().In(r.cfg.Zone),
		Status:         egon.Status{Kod: kod, Details: details},
		AgendaZadostId: string(r.head.Info.AgendaZadostId),
		IszrZadostId:   r.id(),
	}
}

// refusalReply writes a refusal as the called service's own reply.
func (r *request) refusalReply(why *Refusal, enveloped bool, at time.Time) []byte {
	id := ""
	if r.reader != nil {
		id = string(r.reader.RequestID())
	}
	return egon.AppendReply(nil, r.service, enveloped, &egon.OdpovedInfo{
		CasOdpovedi:    at.In(r.cfg.Zone),
		Status:         egon.Status{Kod: egon.Chyba, Details: why.details()},
		AgendaZadostId: id,
		IszrZadostId:   r.id(),
	})
}

// doubtRow has the row refreshed early that permitted an item which an upstream
// refused (NENI OPRAVNENI): the matrix there has changed.
func (r *request) doubtRow() {
	if r.parts.Rows == nil || !r.decision.RestsOnRow(r.head) {
		return
	}
	i := &r.head.Info
	r.parts.Rows.Doubt(i.Agenda, i.AgendovaRole, i.Ovm, r.start)
}
