package conn

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"go.uber.org/zap"

	"brana/socket"
)

// maxRefusing bounds the connections that get an answer saying that there is no
// room. Any others are closed without one.
const maxRefusing = 64

// A limitListener lets connections in up to the limits, of one peer and in total.
// It belongs below TLS, since it looks at addresses only.
type limitListener struct {
	net.Listener
	conns    *Conns
	refusing chan struct{} // has an element for each connection that is being refused
}

// Accept waits for a connection for which there is room. A lack of descriptors
// passes, so it must not end the server.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		switch {
		case exhausted(err):
			l.conns.cfg.Log.Warn(
				"accept connection: listen.max_conns is above what the process may open",
				zap.Error(err),
			)
			if !pause(l.conns.cut, 100*time.Millisecond) {
				return nil, net.ErrClosed
			}
			continue
		case err != nil && l.conns.stopped():
			<-l.conns.idle.Done() // the server would close the connections that are open
			return nil, err
		case err != nil:
			return nil, err
		}
		if !l.conns.cfg.PlainSockets {
			nc = socket.Of(nc)
		}
		c := &limitConn{Conn: nc, conns: l.conns, peer: peerOf(nc.RemoteAddr())}
		limit := l.conns.enter(c)
		if limit == "" {
			return c, nil
		}
		l.conns.cfg.Refused(limit)
		l.refuse(nc)
	}
}

// Close closes the listener, which may be closed already.
func (l *limitListener) Close() error {
	if err := l.Listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// exhausted reports whether the process or the system has no descriptor or memory
// for a connection.
func exhausted(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return true
	}
	return false
}

// pause waits, and reports whether it waited to the end.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// refuse closes a connection for which there is no room. Without TLS the caller
// gets to read why.
func (l *limitListener) refuse(nc net.Conn) {
	select {
	case l.refusing <- struct{}{}:
	default:
		_ = nc.Close()
		return
	}
	go func() {
		defer func() { <-l.refusing }()
		defer nc.Close()
		defer context.AfterFunc(l.conns.cut, func() { _ = nc.Close() })()
		var answer []byte
		if l.conns.cfg.TLS == nil {
			answer = l.conns.cfg.Full
		}
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second)) // if it is closed, the write fails
		if _, err := nc.Write(answer); err == nil && answer != nil {
			l.conns.readOff(nc)
		}
	}()
}
