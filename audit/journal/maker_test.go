package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// A maker makes a journal as the format says it, apart from the code that writes one.
type maker struct {
	gateway string
	key     ed25519.PrivateKey // nil: nothing is signed
	now     time.Time

	files  map[string]string // by name, whole
	copies []string          // of headers and seals
	seq    uint64
	prev   [sha256.Size]byte
	first  uint64 // of the segment that is being made; 0: none is
	text   strings.Builder
	before *Ending

	endings map[string]*Ending // by name
}

// newMaker begins a journal, with its first segment open.
func newMaker(gateway string, key ed25519.PrivateKey) *maker {
	m := &maker{
		gateway: gateway, key: key,
		files: map[string]string{}, endings: map[string]*Ending{},
		now: time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC),
	}
	m.begin()
	return m
}

// testKey is a key by its number.
func testKey(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(slices.Repeat([]byte{n}, ed25519.SeedSize))
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// line adds a line of the fields of a value, signed when it is a header or seal.
func (m *maker) line(fields any, sign bool) string {
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	m.seq++
	line := fmt.Appendf(nil, `{"seq":%d,"prev":"%x",%s`, m.seq, m.prev, text[1:len(text)-1])
	if m.seq > m.first { // all lines before it were on the disk
		line = fmt.Appendf(line, `,"synced":%d`, m.seq-1)
	}
	if sign && m.key != nil {
		signature := signatures.EncodeToString(ed25519.Sign(m.key, line))
		line = append(line, `,"sig":"`+signature+`"`...)
	}
	line = append(line, '}')
	m.prev = sha256.Sum256(line)
	m.text.Write(append(line, '\n'))
	m.now = m.now.Add(time.Second)
	return string(line)
}

func (m *maker) begin() {
	m.first = m.seq + 1
	key := ""
	if m.key != nil {
		key = signatures.EncodeToString(public(m.key))
	}
	m.copies = append(m.copies, m.line(&Header{
		Type: TypeSegment, Format: Format, Time: m.now, Gateway: m.gateway, Version: "v1",
		Key: key, Before: m.before,
	}, true))
}

// records adds n records.
func (m *maker) records(n int) *maker {
	for range n {
		m.line(map[string]any{"type": "intent", "what": strings.Repeat("x", int(m.seq)%7)}, false)
	}
	return m
}

// end ends the segment; void are bytes after it that do not count. A sealed one gets a seal.
func (m *maker) end(cause, void string) *maker {
	if cause == Sealed {
		m.copies = append(m.copies, m.line(&Seal{
			Type: TypeSeal, Time: m.now, Gateway: m.gateway, First: m.first,
			Count: m.seq - m.first + 1, Cause: "size",
		}, true))
	}
	m.before = &Ending{First: m.first, Last: m.seq, Hash: hex.EncodeToString(m.prev[:]), Cause: cause}
	m.endings[segmentName(m.first)] = m.before
	if void != "" {
		m.before.Void = &Void{Offset: int64(m.text.Len()), Bytes: int64(len(void))}
		m.text.WriteString(void)
	}
	m.close()
	return m
}

// close leaves the segment as it is.
func (m *maker) close() {
	if m.first != 0 {
		m.files[segmentName(m.first)] = m.text.String()
		m.text.Reset()
		m.first = 0
	}
}

// next ends the segment and begins another.
func (m *maker) next(cause, void string) *maker {
	m.end(cause, void).begin()
	return m
}

// begun begins a segment if none is being made.
func (m *maker) begun() *maker {
	if m.first == 0 {
		m.begin()
	}
	return m
}

// sign begins a segment with another key, or none.
func (m *maker) sign(key ed25519.PrivateKey) *maker {
	m.key = key
	return m.begun()
}

// delete deletes the oldest segment as the gateway does: a record first.
func (m *maker) delete() *maker {
	m.begun()
	name := slices.Min(slices.Collect(maps.Keys(m.files)))
	e := m.endings[name]
	m.line(&Deleted{Type: TypeDeleted, Time: m.now, First: e.First, Last: e.Last, Hash: e.Hash}, false)
	delete(m.files, name)
	return m
}

// write writes the journal to a new folder.
func (m *maker) write(t testing.TB) string {
	t.Helper()
	m.close()
	dir := t.TempDir()
	put(t, dir, m.files)
	return dir
}
