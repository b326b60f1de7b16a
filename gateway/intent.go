package gateway

import (
	"brana/audit"
	"brana/gateway/conn"
	"brana/gateway/metrics"
)

// intend records the intent of an admitted call before anything of it is sent or answered.
// Without the record the call does not go on, unless the operator wants that; its permit
// is used all the same.
func (in *inbound) intend() error {
	if in.parts.Record == nil {
		return nil
	}
	if err := in.readJobAsked(); err != nil {
		return err
	}
	err := in.recordIntent()
	switch {
	case err == nil:
		return nil
	case in.cfg.ServeUnrecorded:
		in.intent.late = true
		in.parts.Metrics.ServedUnrecorded()
		return nil
	}
	return refuse(AuditUnavailable).because(err)
}

// recordIntent records the intent and waits for it, if it can be recorded at all.
func (in *inbound) recordIntent() error {
	if err := in.parts.Record.Blocked(); err != nil {
		return err
	}
	in.noteOrigin()
	in.persons = in.watch.persons()
	u := in.pools.uses.Get()
	defer in.done(u)
	number, err := in.parts.Record.Intend(in.callIn(u))
	if err != nil {
		return err
	}
	in.intent.number = number
	in.parts.Metrics.Recorded(metrics.Intent)
	return nil
}

// recordEnd records the result of a request: as the outcome of its intent, or together
// with the call where there is none.
func (r *request) recordEnd(u *use, result *audit.Result) {
	switch {
	case r.intent.number != 0:
		r.parts.Record.Conclude(r.intent.number, result)
		r.parts.Metrics.Recorded(metrics.Outcome)
	case r.intent.late:
		r.parts.Record.Whole(audit.TypeLate, r.callIn(u), result)
		r.parts.Metrics.Recorded(metrics.LateRecord)
	default:
		r.parts.Record.Whole(audit.TypeRefusal, r.callIn(u), result)
		r.parts.Metrics.Recorded(metrics.RefusalRecord)
	}
}

// done gives back what a record was made with.
func (c *core) done(u *use) {
	u.clear()
	c.pools.uses.Put(u)
}

// noteOrigin keeps where the request came from.
func (in *inbound) noteOrigin() {
	if in.origin.peer.IsValid() {
		return
	}
	nc := in.rc.Conn()
	in.origin.peer = addressOf(nc)
	c := conn.CallerOf(nc)
	if c == nil || c.Certificate == nil {
		return
	}
	if b, ok := c.Note.(*binding); ok {
		if b.serial == "" {
			b.serial = c.Certificate.SerialNumber.Text(16)
		}
		in.origin.certificate = b.serial
		return
	}
	in.origin.certificate = c.Certificate.SerialNumber.Text(16) // it was refused before its binding
}
