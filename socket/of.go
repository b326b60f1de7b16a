package socket

import "net"

// Of returns nc as a [Conn] when it is a connection of TCP, else nc itself. It is
// used in the place of nc from then on.
func Of(nc net.Conn) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	c, err := New(tcp)
	if err != nil {
		return nc // it is closed, and says so when it is used
	}
	return c
}

// A Listener is one whose connections are a [Conn] each.
type Listener struct{ net.Listener }

// Accept waits for the next connection.
func (l Listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Of(nc), nil
}
