package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"pgregory.net/rapid"

	"brana/egon"
)

// A finder proves any message, and finds its edits as late as it may: an edit when the byte
// behind its At is releasable, and its End as it comes. What it has of an edit before is not
// true.
type finder struct {
	t          *rapid.T // nil: all that was fed is releasable at once
	done       bool
	fed        int64
	releasable int64
	edits      []egon.Edit // that are to be found and have not left
	found      []egon.Edit
	left       int
	mostFound  int
}

func (f *finder) Feed(window []byte, last bool) error {
	before := f.releasable
	f.fed, f.done = f.fed+int64(len(window)), last
	f.releasable = f.fed
	if f.t != nil && !f.Done() {
		f.releasable = rapid.Int64Range(before, f.fed).Draw(f.t, "releasable")
	}
	return nil
}

func (f *finder) Done() bool        { return f.done }
func (f *finder) Releasable() int64 { return f.releasable }

func (f *finder) Edits() []egon.Edit {
	f.found = f.found[:0]
	for _, e := range f.edits {
		if e.At >= f.releasable && !f.Done() {
			if f.t != nil && rapid.Bool().Draw(f.t, "early") {
				f.found = append(f.found, egon.Edit{At: e.At, End: e.At, Text: []byte("not yet")})
			}
			break
		}
		end := e.End
		e.End = max(e.At, min(end, f.releasable))
		f.found = append(f.found, e)
		if e.End < end {
			break // it grows
		}
	}
	f.mostFound = max(f.mostFound, len(f.found))
	return f.found
}

func (f *finder) Leave(n int) { f.edits, f.left = f.edits[n:], f.left+n }

// spliced is a message with its edits, made from its end to its beginning.
func spliced(message []byte, edits []egon.Edit) []byte {
	out := bytes.Clone(message)
	for i := len(edits) - 1; i >= 0; i-- {
		e := edits[i]
		out = append(out[:e.At:e.At], append(bytes.Clone(e.Text), out[e.End:]...)...)
	}
	return out
}

// editsOf draws edits of a message of size bytes.
func editsOf(t *rapid.T, size int64) (edits []egon.Edit) {
	for at := int64(0); len(edits) < 8; {
		at = rapid.Int64Range(at, size).Draw(t, "at")
		e := egon.Edit{At: at, End: rapid.Int64Range(at, size).Draw(t, "end")}
		if rapid.Bool().Draw(t, "inserts") {
			e.Text = rapid.SliceOfN(rapid.ByteRange('A', 'Z'), 0, 60).Draw(t, "text")
		}
		edits, at = append(edits, e), e.End
		if rapid.IntRange(0, 4).Draw(t, "more") == 0 {
			break
		}
	}
	return edits
}

// However a message arrives, is proven and is taken, and whenever its edits are found:
// what leaves is the message with its edits.
func editsAreASplice(t *rapid.T) {
	message := rapid.SliceOfN(rapid.ByteRange('a', 'z'), 1, 300).Draw(t, "message")
	size := int64(len(message))
	edits := editsOf(t, size)
	want := spliced(message, edits)
	verifier := &finder{t: t, edits: edits}
	buf := make([]byte, 0, rapid.IntRange(1, 64).Draw(t, "buffer"))
	length := int64(-1)
	if rapid.Bool().Draw(t, "known") {
		length = size
	}
	p := proofOf(Source{
		Verifier: verifier,
		Body:     &pieces{t, message, rapid.IntRange(1, 100).Draw(t, "pieces")},
		Length:   length,
		Hold:     1 << 10,
	}, &buf)
	var fixed Edits
	var editor Editor = verifier
	if rapid.Bool().Draw(t, "fixed") {
		fixed = edits
		editor = &fixed
	}
	p.Edit(editor)
	saysWhatLeaves := func() {
		t.Helper()
		if n := p.Leaving(); p.Size() >= 0 && editor != verifier && n != int64(len(want)) {
			t.Fatalf("%d bytes are said to leave, %d do", n, len(want))
		}
	}
	saysWhatLeaves()
	for range rapid.IntRange(0, 5).Draw(t, "filled") { // as if a reply is read ahead
		if !p.Done() {
			_ = p.Fill()
		}
		saysWhatLeaves()
	}
	if ready := p.Ready(); p.Done() && ready != int64(len(want)) {
		t.Fatalf("%d bytes are ready, %d leave", ready, len(want))
	}
	got := takeAll(t, p)
	if !bytes.Equal(got, want) {
		t.Fatalf("%q left, want %q\nof %q by %v", got, want, message, edits)
	}
	if p.Received() != size || p.Size() != size || p.Leaving() != int64(len(want)) {
		t.Fatalf("received %d of %d bytes, %d leave", p.Received(), size, p.Leaving())
	}
	if rest := len(editor.Edits()); rest != 0 {
		t.Fatalf("%d edits were not forgotten", rest)
	}
}

// takeAll takes what leaves, in one of the ways in which it is taken.
func takeAll(t *rapid.T, p *Proof) (got []byte) {
	most := rapid.IntRange(1, 100).Draw(t, "most")
	switch rapid.IntRange(0, 2).Draw(t, "by") {
	case 0:
		var out bytes.Buffer
		if n, err := p.WriteTo(&out); err != nil || n != int64(out.Len()) {
			t.Fatalf("WriteTo = %d, %v", n, err)
		}
		return out.Bytes()
	case 1:
		b := make([]byte, most)
		for {
			n, err := p.Read(b)
			if got = append(got, b[:n]...); err == io.EOF {
				return got
			} else if err != nil {
				t.Fatal(err)
			}
		}
	default:
		for {
			b, err := p.Next(most)
			if len(b) > most {
				t.Fatalf("%d bytes, %d were asked for", len(b), most)
			}
			if got = append(got, b...); err == io.EOF {
				return got
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAProofHandsOutTheEditedMessage(t *testing.T) { rapid.Check(t, editsAreASplice) }

func FuzzEdits(f *testing.F) {
	for i := range 4 {
		f.Add(bytes.Repeat([]byte{byte(i), 7, 200, 31}, 64))
	}
	f.Fuzz(rapid.MakeFuzz(editsAreASplice))
}

// A removed element of any size takes no room, be it in the middle of what is held.
func TestRemovedBytesAreNotHeld(t *testing.T) {
	const size = 8 << 20
	head := bytes.Repeat([]byte("h"), 10<<10)
	tail := []byte("tail")
	message := io.MultiReader(
		bytes.NewReader(head),
		io.LimitReader(endless{}, size),
		bytes.NewReader(tail),
	)
	verifier := &finder{edits: []egon.Edit{{
		At:   int64(len(head)),
		End:  int64(len(head)) + size,
		Text: []byte("<nil/>"),
	}}}
	buf := make([]byte, 0, WindowBytes)
	p := proofOf(Source{Verifier: verifier, Body: message, Length: -1, Hold: MinHeld}, &buf)
	p.Edit(verifier)
	for !p.Done() {
		if err := p.Fill(); err != nil {
			t.Fatal(err)
		}
	}
	if held := cap(*p.buf); held > 2*WindowBytes {
		t.Errorf("%d bytes are held", held)
	}
	var out bytes.Buffer
	if _, err := p.WriteTo(&out); err != nil || out.String() != string(head)+"<nil/>tail" {
		t.Errorf("%d bytes left, %v", out.Len(), err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// However many edits a message has, those that have left are forgotten.
func TestEditsThatHaveLeftAreForgotten(t *testing.T) {
	message := bytes.Repeat([]byte("keep drop "), 100_000)
	var edits []egon.Edit
	for at := int64(5); at < int64(len(message)); at += 10 {
		edits = append(edits, egon.Edit{At: at, End: at + 5})
	}
	verifier := &finder{edits: edits}
	buf := make([]byte, 0, WindowBytes)
	p := proofOf(Source{
		Verifier: verifier,
		Body:     bytes.NewReader(message),
		Length:   int64(len(message)),
		Hold:     MinHeld,
	}, &buf)
	p.Edit(verifier)
	var out bytes.Buffer
	if _, err := p.WriteTo(&out); err != nil ||
		!bytes.Equal(out.Bytes(), bytes.Repeat([]byte("keep "), 100_000)) {
		t.Errorf("%d bytes left, %v", out.Len(), err)
	}
	if verifier.mostFound > WindowBytes/10+2 || verifier.left != len(edits) {
		t.Errorf("%d of %d edits forgotten, up to %d at once",
			verifier.left, len(edits), verifier.mostFound)
	}
}

// An edit of bytes that have left is an error, and nothing more leaves: what was to be
// removed may have left already.
func TestALateEditEndsTheMessage(t *testing.T) {
	for name, late := range map[string][]egon.Edit{
		"of bytes that have left": {{At: 3, End: 5}},
		"out of order":            {{At: 12, End: 14}, {At: 10, End: 11}},
		"inside another":          {{At: 10, End: 14}, {At: 12, End: 13}},
		"that ends before it":     {{At: 12, End: 10}},
	} {
		t.Run(name, func(t *testing.T) {
			message := "0123456789abcdefghij"
			verifier := &finder{}
			buf := make([]byte, 0, 10)
			p := proofOf(Source{
				Verifier: verifier,
				Body:     bytes.NewBufferString(message),
				Length:   int64(len(message)),
				Hold:     1 << 10,
			}, &buf)
			if b, err := p.Next(10); string(b) != message[:10] || err != nil {
				t.Fatalf("%q, %v left", b, err)
			}
			edits := Edits(late)
			p.Edit(&edits)
			for range 2 {
				if b, err := p.Next(10); len(b) > 0 || !errors.Is(err, ErrLate) {
					t.Errorf("%q, %v left", b, err)
				}
			}
		})
	}
}

// A message that breaks within a removed element is an error, and not its beginning.
func TestAMessageThatBreaksInARemovedElement(t *testing.T) {
	message := "keep<drop>"
	verifier := &finder{edits: []egon.Edit{{At: 4, End: 90}}}
	buf := make([]byte, 0, 4)
	p := proofOf(Source{
		Verifier: verifier,
		Body:     bytes.NewBufferString(message),
		Length:   100,
		Hold:     1 << 10,
	}, &buf)
	p.Edit(verifier)
	var out bytes.Buffer
	_, err := p.WriteTo(&out)
	if out.String() != "keep" || !errors.Is(err, io.ErrUnexpectedEOF) || !p.Cut() {
		t.Errorf("%q left, %v", out.String(), err)
	}
}

func ExampleProof_Edit() {
	message := "Jmeno Prijmeni DatumNarozeni"
	edits := Edits{
		{At: 5, End: 14},
		{At: int64(len(message)), End: int64(len(message)), Text: []byte(" Aifo")},
	}
	var p Proof
	var buffers Buffers
	p.Begin(Source{
		Verifier: &finder{},
		Body:     bytes.NewBufferString(message),
		Length:   int64(len(message)),
		Hold:     1 << 10,
	}, buffers.Get())
	defer p.Release(&buffers)
	p.Edit(&edits)
	fmt.Println(p.Leaving())
	text, err := io.ReadAll(&p)
	fmt.Printf("%q %v\n", text, err)
	// Output:
	// 24
	// "Jmeno DatumNarozeni Aifo" <nil>
}
