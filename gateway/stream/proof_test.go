package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brana/egon"
)

// messageWith is a request of E05 with more behind its own elements.
func messageWith(inner string) []byte {
	return egon.AppendRequest(nil, &egon.Request{
		Service:   egon.ServiceByCode("E05"),
		Enveloped: true,
		Items:     []string{"Jmeno"},
		Inner:     []byte(inner),
		Info: &egon.ZadostInfo{
			CasZadosti:     []byte("2026-01-02T03:04:05+01:00"),
			Agenda:         []byte("X999"),
			AgendovaRole:   []byte("XR1"),
			Ovm:            []byte("12345678"),
			Ais:            []byte("999001"),
			AgendaZadostId: []byte("a75167b3-b260-49a0-aac6-4d763538b259"),
			Subjekt:        []byte("OVM"),
			Uzivatel:       []byte("test"),
			DuvodUcel:      []byte("test"),
		},
	})
}

// proofOf begins a proof of a message whose sender may break off.
func proofOf(src Source, buf *[]byte) *Proof {
	src.Broken = func(p *Proof, err error) error {
		return fmt.Errorf("cut after %d bytes: %w", p.Received(), err)
	}
	p := &Proof{}
	p.Begin(src, buf)
	return p
}

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
func TestAProofReleasesWhatIsProven(t *testing.T) {
	good := messageWith("<x>text</x><!-- c --><y a='b'/>")
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
		src := &pieces{t, message, rapid.IntRange(1, 500).Draw(t, "pieces")}
		p := proofOf(Source{Verifier: reader, Body: src, Length: length, Hold: 1 << 20}, &buf)
		var out []byte
		var err error
		for window := make([]byte, rapid.IntRange(1, 500).Draw(t, "window")); err == nil; {
			var n int
			n, err = p.Read(window)
			out = append(out, window[:n]...)
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
		if _, again := p.Read(make([]byte, 1)); !errors.Is(again, err) {
			t.Fatalf("the error is not sticky: %v, then %v", err, again)
		}
	})
}

func TestAProofHoldsNoMoreThanItsBound(t *testing.T) {
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(egon.ServiceByCode("E05"))
	// After the end all is held back.
	message := append(messageWith(""), bytes.Repeat([]byte(" "), 1<<20)...)
	buf := make([]byte, 0, WindowBytes)
	p := proofOf(Source{
		Verifier: reader,
		Body:     bytes.NewReader(message),
		Length:   -1,
		Hold:     MinHeld,
	}, &buf)
	_, err := io.Copy(io.Discard, p)
	var offence *egon.Offence
	if !errors.As(err, &offence) || offence.Kind != egon.TooLarge || cap(*p.buf) > MinHeld {
		t.Errorf("%v with %d bytes held", err, cap(*p.buf))
	}
}

// What leaves is written from where it was received.
func TestAProofWritesFromItsOwnBuffer(t *testing.T) {
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(egon.ServiceByCode("E05"))
	message := messageWith("<x>" + strings.Repeat("A", 1<<20) + "</x>")
	buf := make([]byte, 0, WindowBytes)
	p := proofOf(Source{
		Verifier: reader,
		Body:     bytes.NewReader(message),
		Length:   int64(len(message)),
		Hold:     MinHeld,
	}, &buf)
	own := inBuffer{of: p}
	n, err := p.WriteTo(&own)
	if n != int64(len(message)) || err != nil || !bytes.Equal(own.got, message) {
		t.Errorf("%d bytes of %d, %v", n, len(message), err)
	}
	if own.copied {
		t.Error("a piece lies elsewhere")
	}
	if own.pieces > len(message)/WindowBytes+8 {
		t.Errorf("%d pieces", own.pieces)
	}
}

// An inBuffer sees whether what it is given lies in the buffer of a Proof.
type inBuffer struct {
	of     *Proof
	got    []byte
	pieces int
	copied bool
}

func (w *inBuffer) Write(p []byte) (int, error) {
	buf := (*w.of.buf)[:cap(*w.of.buf)]
	inside := false
	for i := range buf {
		inside = inside || &buf[i] == &p[0]
	}
	w.got, w.pieces, w.copied = append(w.got, p...), w.pieces+1, w.copied || !inside
	return len(p), nil
}

// A writer that fails says nothing of the message: the rest is still proven.
func TestAProofOutlivesItsWriter(t *testing.T) {
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(egon.ServiceByCode("E05"))
	message := messageWith("<x>" + strings.Repeat("A", 100<<10) + "</x>")
	buf := make([]byte, 0, WindowBytes)
	p := proofOf(Source{
		Verifier: reader,
		Body:     bytes.NewReader(message),
		Length:   int64(len(message)),
		Hold:     MinHeld,
	}, &buf)
	broken := errors.New("the upstream has gone")
	if _, err := p.WriteTo(failingWriter{broken}); !errors.Is(err, broken) || p.err != nil {
		t.Errorf("WriteTo = %v, the proof says %v", err, p.err)
	}
	if _, err := io.Copy(io.Discard, struct{ io.Reader }{p}); err != nil || !p.Done() {
		t.Errorf("the rest: %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// idle is a sender without deadlines.
type idle struct{}

func (idle) SetReadDeadline(time.Time) error { return nil }
func (idle) Ended() bool                     { return false }

// After a drain nothing of a message is on the wire, or the drain reports that it may
// be. A rest that is known to be too long is not read at all.
func TestDrain(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		length int64
		cut    bool
		clean  bool
		left   int
	}{
		"a rest within the bound":        {"12345678", 8, false, true, 0},
		"a rest beyond the bound":        {"123456789", 9, false, false, 9},
		"a rest that ends early":         {"1234", 8, false, false, 0},
		"a rest of unknown length":       {"12345678", -1, false, true, 0},
		"an unknown one that is longer":  {"123456789", -1, false, false, 0},
		"a message that was cut":         {"", -1, true, false, 0},
		"a message that has all arrived": {"next", 0, false, true, 4},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.NewReader(c.body)
			var p Proof
			p.Begin(Source{Body: body, Length: c.length, Sender: idle{}}, nil)
			p.cut = c.cut
			if clean := p.Drain(8, time.Second); clean != c.clean || body.Len() != c.left {
				t.Errorf("Drain = %v, %d bytes are left", clean, body.Len())
			}
		})
	}
	var nothing Proof
	nothing.Begin(Source{Length: -1}, nil)
	if !nothing.Drain(8, time.Second) {
		t.Error("a message without a body is on the wire")
	}
}
