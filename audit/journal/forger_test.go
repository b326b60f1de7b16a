package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A forger knows the format. He can write the folder, and has neither the gateway's key nor
// the copies.
type forger struct {
	files
	sign func(line string) string // of a header or seal, without its signature
}

var (
	prevField   = regexp.MustCompile(`"prev":"[0-9a-f]{64}"`)
	beforeField = regexp.MustCompile(`("before":\{[^}]*"hash":")[0-9a-f]{64}`)
	sigField    = regexp.MustCompile(`,"sig":"[^"]*"\}$`)
	keyField    = regexp.MustCompile(`,"key":"[^"]*"`)
)

// rewrite changes lines and makes the chain anew from there on, over all segments.
func (f forger) rewrite(change func(line string) string) files {
	out, prev := files{}, hash{}
	for _, name := range f.names() {
		text := ""
		for line := range strings.Lines(f.files[name]) {
			line = change(strings.TrimSuffix(line, "\n"))
			sum := hex.EncodeToString(prev[:])
			line = prevField.ReplaceAllString(line, `"prev":"`+sum+`"`)
			line = beforeField.ReplaceAllString(line, "${1}"+sum)
			l, _ := ParseLine([]byte(line))
			if kind := string(l.Type); f.sign != nil && (kind == TypeSegment || kind == TypeSeal) {
				line = f.sign(sigField.ReplaceAllString(line, "}"))
			}
			prev = sha256.Sum256([]byte(line))
			text += line + "\n"
		}
		out[name] = text
	}
	return out
}

// unsignedLine leaves a header or seal without a key.
func unsignedLine(line string) string { return keyField.ReplaceAllString(line, "") }

// signedBy signs a header or seal with another key.
func signedBy(key ed25519.PrivateKey) func(string) string {
	field := `,"key":"` + signatures.EncodeToString(public(key)) + `"`
	return func(line string) string {
		line = keyField.ReplaceAllString(line, field)
		return string(signLine(key, []byte(line)))
	}
}

// edit changes what one record says.
func edit(seq int) func(line string) string {
	begin := fmt.Sprintf(`{"seq":%d,`, seq)
	return func(line string) string {
		if strings.HasPrefix(line, begin) {
			return strings.Replace(line, `"what":"`, `"what":"y`, 1)
		}
		return line
	}
}

// threeSegments is a journal whose third segment is open, from number 11 on.
func threeSegments(gateway string) *maker {
	m := newMaker(gateway, testKey(1)).records(3).next(Sealed, "")
	return m.records(3).next(Sealed, "").records(4)
}

// What docs/audit.md says that a forger cannot do unseen, and what he can: without a key and
// copies, with the key that is public, and with copies of headers, seals and marks.
func TestWhatShowsAForger(t *testing.T) {
	signed := threeSegments("g1")
	mark := fmt.Sprintf(`{"type":"mark","gateway":"g1","seq":%d,"hash":"%x"}`, signed.seq, signed.prev)
	signed.close() // numbers 1 to 5, 6 to 10, and from 11 on an open segment
	names := files(signed.files).names()
	open := names[2]
	other := threeSegments("g2")
	other.close()
	resigned := signedBy(testKey(9))
	lastLines := func(n int) string { // of the open segment, that stay
		return strings.Join(strings.SplitAfter(signed.files[open], "\n")[:n], "")
	}
	deletes := threeSegments("g1")
	deletes.delete().close()
	const whole = "whole"
	for _, c := range []struct {
		what                   string
		forged                 files
		alone, withKey, copies string
	}{
		{"leaves it", signed.files, whole, whole, whole},
		{"rewrites from a record on", forger{files: signed.files}.rewrite(edit(3)),
			names[0] + ":5", names[0] + ":5", names[0] + ":5"},
		{"rewrites all without a key", forger{signed.files, unsignedLine}.rewrite(edit(3)),
			whole, names[0] + ":1", names[0] + ":1"},
		{"rewrites all with a key of his own", forger{signed.files, resigned}.rewrite(edit(3)),
			whole, names[0] + ":1", names[0] + ":1"},
		{"rewrites records of the open segment", forger{files: signed.files}.rewrite(edit(13)),
			whole, whole, open + ":5"},
		{"says in the open segment that others were deleted", files(deletes.files),
			whole, whole, whole},
		{"cuts the end of the open segment", files(signed.files).with(open, lastLines(3)),
			whole, whole, open + ":4"},
		{"removes the open segment", files(signed.files).without(open), whole, whole, names[1] + ":6"},
		{"takes the seal off the end", files(signed.files).without(open).with(names[1],
			strings.Join(strings.SplitAfter(signed.files[names[1]], "\n")[:4], "")),
			whole, whole, names[1] + ":5"},
		{"removes a segment", files(signed.files).without(names[1]),
			open + ":1", open + ":1", open + ":1"},
		{"removes the first segment", files(signed.files).without(names[0]),
			names[1] + ":1", names[1] + ":1", names[1] + ":1"},
		{"puts the journal of another gateway there", other.files, whole, whole, names[0] + ":1"},
		{"puts a segment of another gateway there",
			files(signed.files).with(names[1], other.files[names[1]]),
			names[1] + ":1", names[1] + ":1", names[1] + ":1"},
	} {
		copies := copiesOf(t, append(signed.copies, mark))
		got := []string{
			c.forged.prove(&Options{}),
			c.forged.prove(&Options{Keys: []ed25519.PublicKey{public(testKey(1))}}),
			c.forged.prove(&Options{Copies: copies}),
		}
		if want := []string{c.alone, c.withKey, c.copies}; !slices.Equal(got, want) {
			t.Errorf("a forger %s: %q, want %q", c.what, got, want)
		}
	}
}

// Copies hold the lines of a name that the gateway had, under any name that a forger gives them.
func TestAnotherNameHidesNothingFromCopies(t *testing.T) {
	m := newMaker("g1", nil).records(3).next(Sealed, "").records(3).end(Sealed, "")
	names := files(m.files).names()
	copies := copiesOf(t, m.copies)
	renamed := forger{files: m.files}.rewrite(func(line string) string {
		if l, _ := ParseLine([]byte(line)); l.Seq > 5 {
			line = strings.Replace(line, `"gateway":"g1"`, `"gateway":"g3"`, 1)
		}
		return line
	})
	if got := renamed.prove(&Options{}); got != "whole" {
		t.Errorf("alone: %s", got)
	}
	if got := renamed.prove(&Options{Copies: copies}); got != names[1]+":1" {
		t.Errorf("with copies: %s", got)
	}
	honest := newMaker("g1", nil).records(3).end(Sealed, "")
	honest.gateway = "g3"
	honest.begun().records(3).end(Sealed, "")
	if got := files(honest.files).prove(&Options{Copies: copiesOf(t, honest.copies)}); got != "whole" {
		t.Errorf("a gateway that was given another name: %s", got)
	}
}

func copiesOf(t *testing.T, lines []string) *CopySet {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copies")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	copies, err := ReadCopies(path)
	if err != nil {
		t.Fatal(err)
	}
	return copies
}

// A record of a deletion counts for the very segment that was deleted.
func TestADeletionIsOfOneSegment(t *testing.T) {
	for _, honest := range []bool{true, false} {
		m := newMaker("g1", nil).records(3).end(Sealed, "")
		name := segmentName(1)
		if !honest {
			other := *m.endings[name]
			other.Hash = strings.Repeat("0", 64)
			m.endings[name] = &other
		}
		m.delete().end(Sealed, "")
		if got := files(m.files).prove(&Options{}); (got == "whole") != honest {
			t.Errorf("honest %v: %s", honest, got)
		}
	}
}

// A void begins where the lines end that count.
func TestAVoidThatIsMoved(t *testing.T) {
	for _, by := range []int64{0, -1, 1} {
		m := newMaker("g1", nil).records(3).end(Crashed, `{"seq":`)
		m.before.Void.Offset += by
		m.begun().records(1).end(Sealed, "")
		want := "whole"
		if by != 0 {
			want = files(m.files).names()[1] + ":1"
		}
		if got := files(m.files).prove(&Options{}); got != want {
			t.Errorf("moved by %d: %s, want %s", by, got, want)
		}
	}
}
