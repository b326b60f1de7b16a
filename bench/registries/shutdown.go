package registries

import (
	"io"
	"net"
	"sync"
	"time"
)

// shutdown is the end of a server. An exchange that waits then gives up.
type shutdown struct {
	done chan struct{}  // closed by begin
	once sync.Once      // closes done
	hung sync.WaitGroup // connections of FailHang
}

func newShutdown() *shutdown { return &shutdown{done: make(chan struct{})} }

// begin frees all that wait or hang.
func (s *shutdown) begin() { s.once.Do(func() { close(s.done) }) }

// wait sleeps for d, or until the shutdown.
func (s *shutdown) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.done:
	}
}

// hold keeps a connection open until its other end closes it or the shutdown
// begins.
func (s *shutdown) hold(c net.Conn) {
	gone, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-s.done:
			// The deadline ends the Copy; an error means that it has ended.
			_ = c.SetReadDeadline(time.Unix(1, 0))
		case <-gone:
		}
	}()
	_, _ = io.Copy(io.Discard, c) // any end of the connection will do
	close(gone)
	<-ended // from here on c is the library's
}
