package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"
)

// BenchmarkHandshake is the cost of a connection before its first request, in full
// and resumed, both sides together.
func BenchmarkHandshake(b *testing.B) {
	ca := newAuthority(b, "Test CA")
	ca.issue("gate", 2)
	ca.issue("ais", 3)
	server, err := serverTLS(ca.listenTLS())
	if err != nil {
		b.Fatal(err)
	}
	l := listen(b)
	defer l.Close()
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, resumed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/resumed=%v", tls.VersionName(v), resumed), func(b *testing.B) {
				client := ca.client("ais", onlyVersion(v))
				if !resumed {
					client.ClientSessionCache = nil
				}
				b.ReportAllocs()
				for b.Loop() {
					benchHandshake(b, l, server, client)
				}
			})
		}
	}
}

func benchHandshake(b *testing.B, l net.Listener, server, client *tls.Config) {
	done := make(chan error, 1)
	go func() {
		far, err := l.Accept()
		if err == nil {
			defer far.Close()
			_, err = tls.Server(far, server).Write([]byte("x"))
		}
		done <- err
	}()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer near.Close()
	_, err = tls.Client(near, client).Read(make([]byte, 1))
	if err := errors.Join(err, <-done); err != nil {
		b.Fatal(err)
	}
}
