package conn_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"go.uber.org/zap"

	"brana/gateway/conn"
)

// The first connection is served. The second one finds no room, since its
// address has one already: it reads why, and is closed.
func Example() {
	refused := make(chan string, 1)
	conns := conn.New(context.Background(), conn.Config{
		Max: 2, MaxPerPeer: 1, DrainBytes: 1 << 10, DrainTime: time.Second,
		Full:            []byte("come again"),
		Log:             zap.NewNop(),
		Refused:         func(limit string) { refused <- limit },
		Handshaken:      func(bool) {},
		HandshakeFailed: func(conn.FailedHandshake) {},
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error)
	go func() { served <- conns.Serve(ln, greet) }()

	first, _ := net.Dial("tcp", ln.Addr().String())
	welcome := make([]byte, len("welcome"))
	_, err = io.ReadFull(first, welcome)
	fmt.Println(string(welcome), err, conns.Count())

	second, _ := net.Dial("tcp", ln.Addr().String())
	why, err := io.ReadAll(second)
	fmt.Println(string(why), err, <-refused)

	first.Close()
	second.Close()
	conns.StopAccepting()
	conns.EndIdle()
	<-served
	// Output:
	// welcome <nil> 1
	// come again <nil> per_peer
}

// greet serves connections until none is accepted any more.
func greet(ln net.Listener) error {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer nc.Close()
			_, _ = io.WriteString(nc, "welcome")
			_, _ = io.Copy(io.Discard, nc)
		}()
	}
}
