package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// A position is a place in the chain: that after a line.
type position struct {
	seq  uint64 // of the line; 0: there is none yet
	hash [sha256.Size]byte
}

// chainBytes is the most that the chain adds to the fields of a line, newline included.
const chainBytes = len(`{"seq":,"prev":"","synced":}`+"\n") + 2*digits + 2*sha256.Size

// appendLine appends the next line of the chain, without its newline: the fields of a JSON
// object, and the number of the last line that was known to be on the disk, unless it is 0.
func (p *position) appendLine(b, fields []byte, confirmed uint64) []byte {
	b = p.begin(b)
	b = append(b, fields...)
	if confirmed > 0 {
		b = append(b, `,"synced":`...)
		b = strconv.AppendUint(b, confirmed, 10)
	}
	return append(b, '}')
}

func (p *position) begin(b []byte) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, p.seq+1, 10)
	b = append(b, `,"prev":"`...)
	b = hex.AppendEncode(b, p.hash[:])
	return append(b, `",`...)
}

// pass moves the position behind a line.
func (p *position) pass(line []byte) {
	p.seq++
	p.hash = sha256.Sum256(line)
}

// follows reports whether a line is the next one of the chain, by how it begins.
func (p *position) follows(line []byte) bool {
	l, ok := ParseLine(line)
	return ok && l.Seq == p.seq+1 && l.Prev == p.hash
}
