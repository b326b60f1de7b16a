package socket

import "net"

// Of returns nc as a [Conn] if it is a TCP connection, else nc itself. The caller
// uses the result in the place of nc.
func Of(nc net.Conn) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	c, err := New(tcp)
	if err != nil {
		return nc // it is closed, and returns that error when it is used
	}
	return c
}

// A Listener accepts connections each of which is a [Conn].
type Listener struct{ net.Listener }

// Accept waits for the next connection.
func (l Listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Of(nc), nil
}
