//go:build linux && (amd64 || arm64)

package socket

import (
	"net"
	"testing"
)

// BenchmarkRoundTrip measures a question and its answer over a Conn and over a
// connection of package net.
func BenchmarkRoundTrip(b *testing.B) {
	for name, make := range map[string]func(testing.TB) (net.Conn, net.Conn){
		"socket": func(t testing.TB) (net.Conn, net.Conn) { c, other := pair(t); return c, other },
		"net": func(t testing.TB) (net.Conn, net.Conn) {
			c, other := pair(t)
			return c.tcp,
				other
		},
	} {
		b.Run(name, func(b *testing.B) {
			c, other := make(b)
			go func() {
				var buf [64]byte
				for {
					n, err := other.Read(buf[:])
					if err != nil {
						return
					}
					_, _ = other.Write(buf[:n])
				}
			}()
			var buf [64]byte
			b.ReportAllocs()
			for b.Loop() {
				_ = c.SetDeadline(far())
				if _, err := c.Write(buf[:]); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Read(buf[:]); err != nil {
					b.Fatal(err)
				}
			}
			c.Close()
		})
	}
}
