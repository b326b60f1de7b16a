package stream

import (
	"errors"
	"net"
	"time"
)

// ErrTooSlow says that a caller let its time pass.
var ErrTooSlow = errors.New("caller is too slow")

// LongestUpload is how long a message may take to arrive however much of it
// comes: one that never ends would hold a slot.
const LongestUpload = 10 * time.Minute

// A Patience bounds the time for which a peer may keep the gateway waiting: for the
// bytes of the peer, or until the peer takes its bytes. One wait may last for the
// idle time. All waits together may last for the idle time and for the time that the
// bytes take at the lowest rate. A peer that drips is within the bound of each wait,
// but not within the bound of all.
type Patience struct {
	Idle time.Duration
	Rate int64 // bytes a second

	waited time.Duration
	since  time.Time // of the wait that has begun
}

// Begin begins a wait after n bytes and returns when it must be over.
func (p *Patience) Begin(n int64) time.Time {
	p.since = time.Now()
	return p.until(n)
}

// until is when a wait that has begun must be over.
func (p *Patience) until(n int64) time.Time {
	return p.since.Add(min(p.Idle, p.Idle+p.earned(n)-p.waited))
}

// End ends the wait.
func (p *Patience) End() { p.waited += time.Since(p.since) }

// earned is what n bytes take at the lowest rate.
func (p *Patience) earned(n int64) time.Duration {
	return time.Duration(n/p.Rate) * time.Second
}

// MarkSlow joins ErrTooSlow to an error of a peer that let its time pass, and
// returns others as they are. err may be nil.
func MarkSlow(err error) error {
	if err == nil {
		return nil
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.Join(ErrTooSlow, err)
	}
	return err
}
