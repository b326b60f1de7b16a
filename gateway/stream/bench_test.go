package stream

import (
	"bytes"
	"io"
	"testing"
)

// A plain verifier proves all that it is fed.
type plain struct{ fed, size int64 }

func (v *plain) Feed(window []byte, _ bool) error { v.fed += int64(len(window)); return nil }
func (v *plain) Done() bool                       { return v.fed == v.size }
func (v *plain) Releasable() int64                { return v.fed }

// BenchmarkProof is a message of 4 KiB through a Proof: as it arrived, and with an
// element removed and details inserted.
func BenchmarkProof(b *testing.B) {
	message := bytes.Repeat([]byte("x"), 4<<10)
	details := bytes.Repeat([]byte("d"), 300)
	for _, c := range []struct {
		name  string
		edits Edits
	}{
		{"plain", nil},
		{"edited", Edits{{At: 500, End: 500, Text: details}, {At: 3000, End: 3100}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var p Proof
			var left Edits
			var buffers Buffers
			body := bytes.NewReader(message)
			verifier := &plain{size: int64(len(message))}
			for b.Loop() {
				body.Reset(message)
				verifier.fed = 0
				p.Begin(Source{
					Verifier: verifier,
					Body:     body,
					Length:   int64(len(message)),
					Hold:     MinHeld,
				}, buffers.Get())
				if c.edits != nil {
					left = c.edits
					p.Edit(&left)
				}
				if _, err := p.WriteTo(io.Discard); err != nil {
					b.Fatal(err)
				}
				p.Release(&buffers)
			}
		})
	}
}
