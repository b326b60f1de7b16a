package journal

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// A mark is a place in a segment: that after a line.
type mark struct {
	position
	size int64 // bytes of the segment up to there
}

// A segment is a file that is being written. After an error of its methods it is written
// to no more: what the disk did with the bytes is unknown, and a second fdatasync would
// confirm what the first one lost.
type segment struct {
	file   file
	name   string
	header Header
	line   []byte // that is its header
	first  uint64 // sequence number of its header
	began  time.Time
	end    mark     // after the last line that was written
	good   mark     // after the last line that is as durable as promised
	synced position // after the last line that an fdatasync confirmed
	told   uint64   // the same, as a line of the segment says
	key    ed25519.PrivateKey
}

// begin begins a segment after a place in the chain, with a header that says how the one
// before ended. A segment that comes with an error has its name, and is of no use.
func begin(d disk, header Header, at position, key ed25519.PrivateKey) (*segment, error) {
	line, err := headerLine(header, at, key)
	if err != nil {
		return nil, err
	}
	s := &segment{
		name: segmentName(at.seq + 1), header: header, line: line, first: at.seq + 1,
		began: time.Now(), key: key,
	}
	made := s.name + extMaking
	if err := d.Remove(made); err != nil {
		return nil, err
	}
	if s.file, err = d.Create(made); err != nil {
		return nil, err
	}
	s.end.position = at
	s.end.pass(line)
	if err = s.write(append(line, '\n'), s.end.position); err == nil {
		err = s.sync()
	}
	if err == nil {
		err = d.Rename(made, s.name)
	}
	if err != nil {
		_ = s.file.Close()
		_ = d.Remove(made)
		return nil, err
	}
	s.good = s.end
	return s, d.Sync()
}

func headerLine(header Header, at position, key ed25519.PrivateKey) ([]byte, error) {
	header.Type, header.Format, header.Time = TypeSegment, Format, time.Now()
	if key != nil {
		header.Key = base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	}
	fields, err := json.Marshal(&header)
	if err != nil {
		return nil, err
	}
	return signLine(key, at.appendLine(nil, fields[1:len(fields)-1], 0)), nil
}

// encode appends lines as they follow the end of the segment, and returns where it ends
// with them.
func (s *segment) encode(out []byte, l *entries) ([]byte, position) {
	at, confirmed := s.end.position, s.news()
	for i := range l.ends {
		from := len(out)
		out = at.appendLine(out, l.fields(i), confirmed)
		at.pass(out[from:])
		out = append(out, '\n')
		confirmed = 0
	}
	return out, at
}

// news returns the last line that was confirmed, if no line of the segment says so, or 0.
// After a crash it tells an edited line from one that never came to the disk.
func (s *segment) news() uint64 {
	if s.synced.seq == s.told {
		return 0
	}
	return s.synced.seq
}

// write hands lines to the disk, after which the segment ends at a place in the chain.
func (s *segment) write(text []byte, to position) error {
	n, err := s.file.Write(text)
	if err == nil && n < len(text) {
		err = fmt.Errorf("wrote %d of %d bytes", n, len(text))
	}
	if err != nil {
		s.end.size += int64(n)
		return err
	}
	s.end = mark{to, s.end.size + int64(n)}
	s.told = s.synced.seq
	return nil
}

// sync makes durable what was written.
func (s *segment) sync() error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.synced = s.end.position
	s.good = s.end
	return nil
}

// seal ends the segment with its seal, which it returns.
func (s *segment) seal(cause string) (line []byte, err error) {
	fields, err := json.Marshal(&Seal{
		Type: TypeSeal, Time: time.Now(), Gateway: s.header.Gateway,
		First: s.first, Count: s.end.seq - s.first + 1, Cause: cause,
	})
	if err != nil {
		return nil, err
	}
	at := s.end.position
	line = signLine(s.key, at.appendLine(nil, fields[1:len(fields)-1], s.news()))
	at.pass(line)
	if err := s.write(append(line, '\n'), at); err != nil {
		return nil, err
	}
	return line, s.sync()
}

// ending says how the segment ended: sealed, or failed with all void that is not good.
func (s *segment) ending(cause string) *Ending {
	e := &Ending{
		First: s.first, Last: s.good.seq,
		Hash: hex.EncodeToString(s.good.hash[:]), Cause: cause,
	}
	if cause == Sealed {
		return e
	}
	e.Void = &Void{Offset: s.good.size, Bytes: s.end.size - s.good.size}
	if s.good.seq > s.synced.seq {
		e.Unsynced = s.synced.seq + 1
	}
	return e
}

// signLine appends the signature to a line, as its last field. Signed are the bytes before
// that field; nothing is signed without a key.
func signLine(key ed25519.PrivateKey, line []byte) []byte {
	if key == nil {
		return line
	}
	signed := line[:len(line)-1]
	line = append(signed, `,"sig":"`...)
	line = base64.StdEncoding.AppendEncode(line, ed25519.Sign(key, signed))
	return append(line, `"}`...)
}
