package gateway

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"

	"brana/egon"
)

// pieces reads a message in pieces of the sizes drawn.
type pieces struct {
	t    *rapid.T
	rest []byte
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := min(len(b), len(p.rest), rapid.IntRange(1, p.most).Draw(p.t, "piece"))
	copy(b, p.rest[:n])
	p.rest = p.rest[n:]
	return n, nil
}

// However a message arrives and is taken: what leaves is its beginning, never
// past an offence, and the end of it only when all of it is proven.
func TestAGuardReleasesWhatIsProven(t *testing.T) {
	good := call{items: []string{"Jmeno"}, inner: "<x>text</x><!-- c --><y a='b'/>"}.message()
	end := bytes.LastIndex(good, []byte("</e:"))
	rapid.Check(t, func(t *rapid.T) {
		message := bytes.Clone(good)
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 1:
			message[rapid.IntRange(0, len(message)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		case 2:
			message = message[:rapid.IntRange(0, len(message)).Draw(t, "cut")]
		case 3:
			message = append(message, rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "more")...)
		}
		service := egon.ServiceByCode("E05")
		whole := egon.NewReader(egon.DefaultBounds())
		whole.Reset(service)
		verdict := whole.Feed(message, true)

		reader := egon.NewReader(egon.DefaultBounds())
		reader.Reset(service)
		buf := make([]byte, 0, rapid.IntRange(1, 64).Draw(t, "buffer"))
		length := int64(-1)
		if rapid.Bool().Draw(t, "known") {
			length = int64(len(message))
		}
		g := &guard{scan: reader, src: &pieces{t, message, rapid.IntRange(1, 500).Draw(t, "pieces")}, length: length, buf: &buf, limit: 1 << 20, broken: cutRequest}
		var out []byte
		var err error
		for p := make([]byte, rapid.IntRange(1, 500).Draw(t, "window")); err == nil; {
			var n int
			n, err = g.Read(p)
			out = append(out, p[:n]...)
			if n > 0 && err != nil {
				t.Fatal("an error came with bytes")
			}
		}
		switch {
		case !bytes.HasPrefix(message, out):
			t.Fatalf("%q is no beginning of the message", out)
		case (err == io.EOF) != (verdict == nil):
			t.Fatalf("in pieces %v, whole %v", err, verdict)
		case err == io.EOF && len(out) != len(message):
			t.Fatalf("%d bytes of %d left", len(out), len(message))
		case err != io.EOF && len(out) > end && bytes.HasPrefix(message, good[:end]):
			t.Fatalf("%d bytes left, the end begins at %d", len(out), end)
		}
		if _, again := g.Read(make([]byte, 1)); !errors.Is(again, err) {
			t.Fatalf("the error is not sticky: %v, then %v", err, again)
		}
	})
}

func TestAGuardHoldsNoMoreThanItsBound(t *testing.T) {
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(egon.ServiceByCode("E05"))
	message := append(call{}.message(), bytes.Repeat([]byte(" "), 1<<20)...) // after the end all is held back
	buf := make([]byte, 0, windowBytes)
	g := &guard{scan: reader, src: bytes.NewReader(message), length: -1, buf: &buf, limit: minHeldBytes, broken: cutRequest}
	_, err := io.Copy(io.Discard, g)
	var offence *egon.Offence
	if !errors.As(err, &offence) || offence.Kind != egon.TooLarge || cap(*g.buf) > minHeldBytes {
		t.Errorf("%v with %d bytes held", err, cap(*g.buf))
	}
}

// What leaves is written from where it was received.
func TestAGuardWritesFromItsOwnBuffer(t *testing.T) {
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(egon.ServiceByCode("E05"))
	message := largeMessage(1 << 20)
	buf := make([]byte, 0, windowBytes)
	g := &guard{scan: reader, src: bytes.NewReader(message), length: int64(len(message)), buf: &buf, limit: minHeldBytes, broken: cutRequest}
	own := inBuffer{g: g}
	if n, err := g.WriteTo(&own); n != int64(len(message)) || err != nil || !bytes.Equal(own.got, message) {
		t.Errorf("%d bytes of %d, %v", n, len(message), err)
	}
	if own.copied {
		t.Error("a piece lies elsewhere")
	}
	if own.pieces > len(message)/windowBytes+8 {
		t.Errorf("%d pieces", own.pieces)
	}
}

// An inBuffer sees whether what it is given lies in the buffer of a guard.
type inBuffer struct {
	g      *guard
	got    []byte
	pieces int
	copied bool
}

func (w *inBuffer) Write(p []byte) (int, error) {
	buf := (*w.g.buf)[:cap(*w.g.buf)]
	inside := false
	for i := range buf {
		inside = inside || &buf[i] == &p[0]
	}
	w.got, w.pieces, w.copied = append(w.got, p...), w.pieces+1, w.copied || !inside
	return len(p), nil
}

// A writer that fails says nothing of the message: the rest is still proven.
func TestAGuardOutlivesItsWriter(t *testing.T) {
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(egon.ServiceByCode("E05"))
	message := largeMessage(100 << 10)
	buf := make([]byte, 0, windowBytes)
	g := &guard{scan: reader, src: bytes.NewReader(message), length: int64(len(message)), buf: &buf, limit: minHeldBytes, broken: cutRequest}
	broken := errors.New("the upstream has gone")
	if _, err := g.WriteTo(failingWriter{broken}); !errors.Is(err, broken) || g.err != nil {
		t.Errorf("WriteTo = %v, the guard says %v", err, g.err)
	}
	if _, err := io.Copy(io.Discard, struct{ io.Reader }{g}); err != nil || !g.done() {
		t.Errorf("the rest: %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
