package xmltext

import (
	"bytes"
	"testing"
)

// Runs are searched eight and thirty-two bytes at a time. A byte that ends one is
// found at every place of these, in short runs and in long ones.
func TestEveryByteIsFound(t *testing.T) {
	for c := range 256 {
		c := byte(c)
		legal := c >= ' ' && c < 0x80 || c == '\t' || c == '\n'
		for _, run := range []struct {
			name string
			end  func(b []byte) int
			goes bool
		}{
			{"text", func(b []byte) int { return scanText(b, 0) }, legal && c != '<' && c != '&' &&
				c != ']'},
			{"value", func(b []byte) int { return scanValue(b, 0, '"') }, legal && c >= ' ' &&
				c != '<' && c != '&' && c != '"'},
			{"comment", func(b []byte) int { return scanBlocks(b, 0, '-', false) }, legal &&
				c != '-'},
			{"name", func(b []byte) int { return scanASCII(b, 0) }, class[c]&nameByte != 0},
		} {
			for _, length := range []int{9, 45, 150, 700} {
				b := bytes.Repeat([]byte("x"), length)
				for at := max(0, length-140); at < length; at++ {
					want := length
					if b[at] = c; !run.goes {
						want = at
					}
					if got := run.end(b); got != want {
						t.Fatalf("%s: byte %#x at %d of %d: run ends at %d", run.name, c, at,
							length, got)
					}
					b[at] = 'x'
				}
			}
		}
	}
}

// The offence of a tag is returned when the next one begins, not when its bound is
// reached: a caller must not wait for bytes that change nothing.
func TestOffencesAreEarly(t *testing.T) {
	for _, doc := range []string{`<a b="x`, `<a b=`, `<a `, `<a></a `} {
		s := NewScanner(DefaultBounds())
		rest := []byte(doc)
		for {
			_, n, err := s.Next(rest, false)
			if rest = rest[n:]; err == ErrMore {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
		}
		if _, _, err := s.Next([]byte("<"), false); err == ErrMore {
			t.Errorf("%s and '<': waits for more", doc)
		}
	}
}
