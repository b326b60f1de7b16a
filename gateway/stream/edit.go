package stream

import (
	"errors"
	"slices"

	"brana/egon"
)

// ErrLate says that an edit came after bytes that it is about had left, or out of order.
var ErrLate = errors.New("an edit of bytes that have left")

// An Editor has the edits of a message that leaves through a [Proof]: of a request those
// that its decision asks for, of a reply those that its reader finds as it reads.
//
// An edit takes effect when a byte behind its At is releasable, or when the message is
// done. Until then it may still change. From then on its text is final. Its End may
// grow as long as no other edit follows, but not beyond what is releasable.
type Editor interface {
	// Edits returns the edits that have not left, ordered by their bytes, which do not
	// overlap. Texts inserted at one place leave in the order of their edits.
	Edits() []egon.Edit

	// Leave forgets the first n edits, which have left.
	Leave(n int)
}

// Edits are edits that are all known before the message leaves. A pointer to them is an
// [Editor].
type Edits []egon.Edit

// Edits returns the edits that have not left.
func (e *Edits) Edits() []egon.Edit { return *e }

// Leave forgets the first n edits.
func (e *Edits) Leave(n int) { *e = (*e)[n:] }

// Edit has the message leave under edits, nil for none: what the Proof hands out and
// what is Ready is the edited message from here on. The bound of bytes held is for those
// that arrived; inserted text comes on top. Bytes behind the first edit must not have
// left.
func (p *Proof) Edit(e Editor) { p.editor = e }

// Leaving is how many bytes the message has as it leaves, those that have left
// included, or -1 as long as its size is not known. All edits must be known.
func (p *Proof) Leaving() int64 {
	size := p.Size()
	if size < 0 || p.editor == nil {
		return size
	}
	size += p.delta
	for i, e := range p.editor.Edits() {
		size -= max(0, e.End-max(e.At, p.base))
		if i > 0 || !p.begun {
			size += int64(len(e.Text))
		}
	}
	return size
}

// advance finds the bytes that have become releasable, and edits them where they are.
func (p *Proof) advance() {
	n := int(min(p.src.Verifier.Releasable()-p.base, int64(len(*p.buf)-p.raw)))
	if p.editor == nil || p.err != nil {
		n = max(0, n)
		p.raw, p.base = p.raw+n, p.base+int64(n)
		return
	}
	if n <= 0 && !p.Done() {
		return
	}
	end := p.base + int64(n)
	edits, grows, err := p.effective(end)
	if err != nil {
		p.err = err
		return
	}
	p.splice(edits, n, grows)
	p.leave(edits, end)
}

// effective returns the edits that take effect when the message is releasable up to
// end, and the most bytes by which what leaves is ahead of what arrived.
func (p *Proof) effective(end int64) (edits []egon.Edit, ahead int, err error) {
	edits = p.editor.Edits()
	growth, from := 0, p.base
	for i, e := range edits {
		if e.At >= end && !p.Done() {
			return edits[:i], ahead, nil
		}
		if begun := i == 0 && p.begun; !begun {
			if e.At < from || e.End < e.At {
				return nil, 0, ErrLate
			}
			growth += len(e.Text)
		}
		growth -= int(max(0, min(e.End, end)-max(e.At, p.base)))
		ahead, from = max(ahead, growth), e.End
	}
	return edits, ahead, nil
}

// splice makes n more bytes ready, by the edits. First it moves what has arrived to
// make room for what it will be ahead, then it moves each piece to its place.
func (p *Proof) splice(edits []egon.Edit, n, ahead int) {
	if len(edits) == 0 {
		p.raw, p.base = p.raw+n, p.base+int64(n)
		return
	}
	arrived := len(*p.buf)
	b := slices.Grow(*p.buf, ahead)[:arrived+ahead]
	copy(b[p.raw+ahead:], b[p.raw:arrived])
	write, read := p.raw, p.raw+ahead
	origin := int64(read) - p.base // of the message in b
	end := read + n
	for i, e := range edits {
		at := int(max(e.At, p.base) + origin)
		write += copy(b[write:], b[read:at])
		read = max(at, int(min(e.End+origin, int64(end))))
		if i > 0 || !p.begun {
			write += copy(b[write:], e.Text)
		}
	}
	write += copy(b[write:], b[read:end])
	rest := copy(b[write:], b[end:])
	p.delta += int64(write - p.raw - n)
	*p.buf, p.raw, p.base = b[:write+rest], write, p.base+int64(n)
}

// leave has the editor forget the edits that are over. Of those that took effect only
// the last can grow, as long as nothing behind it is releasable.
func (p *Proof) leave(edits []egon.Edit, end int64) {
	over := len(edits)
	if over == 0 {
		return
	}
	if p.begun = edits[over-1].End >= end && !p.Done(); p.begun {
		over--
	}
	p.editor.Leave(over)
}
