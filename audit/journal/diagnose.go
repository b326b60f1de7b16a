package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// A neighbour is a line near a break.
type neighbour struct {
	place
	text []byte
	Line
	whole bool // it is a line of a journal
}

// A scene is what stands around the first line that does not follow the one before it.
type scene struct {
	before neighbour // whole, if there is one
	at     neighbour // the line that does not follow
	after  neighbour // whichever comes next
	wanted int       // line of the file in which the missing number stands; 0: none
	next   neighbour // the next whole line after at
}

// view reads a segment again, to see what stands around line k, which should have a number.
func view(s Segment, k int, want uint64) (v scene, err error) {
	r, err := s.Open()
	if err != nil {
		return v, err
	}
	defer r.Close()
	for {
		text, err := r.Next()
		if err != nil { // the break that was found comes first
			return v, nil
		}
		n := r.Number()
		if n < k-1 {
			continue
		}
		l, whole := ParseLine(text)
		near := neighbour{place: place{r.path, n, r.Offset()}, Line: l, whole: whole}
		if n <= k+1 || whole && v.next.text == nil {
			near.text = slices.Clone(text)
			near.Type = nil
		}
		switch n {
		case k - 1:
			v.before = near
		case k:
			v.at = near
		case k + 1:
			v.after = near
		}
		if n > k && whole && v.next.text == nil {
			v.next = near
		}
		if n > k && whole && l.Seq == want && v.wanted == 0 {
			v.wanted = n
		}
	}
}

// torn reports whether a crash can have left what follows the good lines of a segment. The
// writer judges in the same way when it continues a journal.
func torn(s Segment) (bool, error) {
	r, err := s.Open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	header, err := r.Next()
	if err != nil {
		return false, err
	}
	t, err := readTail(r, header, s)
	return err == nil && t.ending.Cause == Crashed, err
}

// name names a break: want is the number that the line should have, prev the hash that it
// should name, and follower the hash that what comes after it names if no line does, or empty.
func (v *scene) name(want uint64, prev hash, follower string) *Break {
	if b := v.nameGlued(); b != nil {
		return b
	}
	switch {
	case !v.at.whole:
		return v.nameUnreadable(want, prev)
	case v.at.Prev == prev:
		return newBreak(v.at.place, Edited, "it follows number %d and has number %d", want-1, v.at.Seq)
	case v.at.Seq == want:
		return v.nameEdited(want, follower)
	case v.at.Seq < want:
		return newBreak(v.at.place, Repeated, "number %d stands here again, where %d should",
			v.at.Seq, want)
	case v.wanted > 0:
		return newBreak(v.at.place, Reordered, "number %d stands where %d should; that is in line %d",
			v.at.Seq, want, v.wanted)
	case v.at.Seq == want+1:
		return newBreak(v.at.place, Missing, "number %d stood before number %d", want, v.at.Seq)
	}
	return newBreak(v.at.place, Missing, "numbers %d to %d stood before number %d",
		want, v.at.Seq-1, v.at.Seq)
}

// nameGlued names two lines in one; nil: there are none.
func (v *scene) nameGlued() *Break {
	for _, n := range []neighbour{v.before, v.at} {
		if inner := innerLine(n.text); inner > 0 {
			return newBreak(n.place, Glued, gluedText, n.offset+int64(inner))
		}
	}
	return nil
}

// nameUnreadable names a line that is no line of a journal.
func (v *scene) nameUnreadable(want uint64, prev hash) *Break {
	switch {
	case v.next.text == nil || v.next.Seq != want:
		return newBreak(v.at.place, Edited, "it is no line of a journal; number %d stood here", want)
	case v.next.Prev == prev:
		return newBreak(v.at.place, Foreign, "it is no line of a journal, and stands between "+
			"numbers %d and %d", want-1, want)
	}
	return newBreak(v.before.place, Edited, "number %d is not what number %d follows", want-1, want)
}

// nameEdited decides which of two lines was edited whose numbers fit and whose hashes do not:
// the second one is as it was if what comes after follows it.
func (v *scene) nameEdited(want uint64, follower string) *Break {
	sum := sha256.Sum256(v.at.text)
	if v.after.whole && v.after.Seq == want+1 {
		follower = hex.EncodeToString(v.after.Prev[:])
	}
	switch follower {
	case "":
		return newBreak(v.before.place, Edited, "number %d is not what number %d, the last one, "+
			"follows: one of them was edited", want-1, want)
	case hex.EncodeToString(sum[:]):
		return newBreak(v.before.place, Edited, "number %d is not what number %d follows", want-1, want)
	}
	return newBreak(v.at.place, Edited, "number %d does not follow number %d, and nothing follows it",
		want, want-1)
}
