package socket_test

import (
	"fmt"
	"io"
	"net"

	"brana/socket"
)

// A server accepts connections of this package; nothing else changes.
func ExampleListener() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	go func() {
		c, err := socket.Listener{Listener: ln}.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c) // an echo
	}()

	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	c := socket.Of(nc)
	defer c.Close()
	_, _ = io.WriteString(c, "hello")
	answer := make([]byte, 5)
	_, err = io.ReadFull(c, answer)
	fmt.Println(string(answer), err)
	// Output:
	// hello <nil>
}
