package load

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"brana/egon"
)

// A Scenario is one kind of call, and the answer that it must get.
type Scenario struct {
	Name    string
	Service *egon.Service
	Want    Want

	messages []*message // sent in turn
	padding  int64      // bytes of base64 in the middle of a message
}

// Want describes the right answer.
type Want struct {
	Status int    // of HTTP
	Kod    string // VysledekKod, or the faultcode of a Fault
	SubKod string // the first VysledekSubKod, or the code in the detail of a Fault; may be empty
	Has    string // a text that the answer has somewhere
	Least  int64  // bytes of the body at least
	Echo   bool   // AgendaZadostId is that of the call
	// Elements are names of elements of the answer, in any namespace, that are
	// not empty tags.
	Elements []string
	Lacks    string // name of an element that the answer must not have; may be empty
}

// message is the text of a call, with places for the id and the time.
type message struct {
	before, after []byte // of the padding
	id, time      int    // offsets in before
}

const (
	idPlace    = "00000000-0000-4000-8000-000000000000"
	timePlace  = "2000-01-01T00:00:00.000000Z"
	timeLayout = "2006-01-02T15:04:05.000000Z"
	padPlace   = "PADDING"
)

// newMessage finds the places in a text.
func newMessage(text []byte) (*message, error) {
	before, after, _ := bytes.Cut(text, []byte(padPlace))
	m := &message{
		before: before,
		after:  after,
		id:     bytes.Index(before, []byte(idPlace)),
		time:   bytes.Index(before, []byte(timePlace)),
	}
	if m.id < 0 || m.time < 0 {
		return nil, fmt.Errorf("make message: no place for its id or its time")
	}
	return m, nil
}

// size is the number of bytes of a call of the scenario.
func (s *Scenario) size(m *message) int64 { return int64(len(m.before)+len(m.after)) + s.padding }

// appendStart appends the part of call number n that stands before the padding.
func (m *message) appendStart(dst []byte, n uint64, now time.Time) (text []byte, id string) {
	start := len(dst)
	dst = append(dst, m.before...)
	id = callID(n)
	copy(dst[start+m.id:], id)
	var room [len(timeLayout) + 9]byte // the library writes beyond the bytes that it returns
	copy(dst[start+m.time:], now.UTC().AppendFormat(room[:0], timeLayout))
	return dst, id
}

// callID is a UUID that no other call of this process has.
func callID(n uint64) string {
	u := runID
	for i := range 6 {
		u[15-i] ^= byte(n >> (8 * i))
	}
	return u.String()
}

var runID = uuid.New()

// padding is text in base64, with which messages are padded.
var padding = bytes.Repeat([]byte("QnLDoW5hIGplIGRvbcOhY8OtIHNsb3ZvIHBybyB2cmF0YS4g"), 64<<10/48)

// pad reads n bytes of padding.
type pad struct{ left int64 }

func (p *pad) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(int64(len(b)), p.left)], padding)
	p.left -= int64(n)
	return n, nil
}

func (p *pad) WriteTo(w io.Writer) (written int64, err error) {
	for p.left > 0 && err == nil {
		var n int
		n, err = w.Write(padding[:min(p.left, int64(len(padding)))])
		p.left -= int64(n)
		written += int64(n)
	}
	return written, err
}

// check returns what is wrong with an answer, in words of a small set; empty: it is
// right. text is the answer, or the beginning of a long one.
func (w *Want) check(status int, text []byte, size int64, id string) string {
	if status != w.Status {
		return fmt.Sprintf("HTTP %d instead of %d%s", status, w.Status, said(text))
	}
	kod, subKod := outcome(text)
	switch {
	case kod != w.Kod || subKod != w.SubKod:
		return "answered " + strings.TrimSpace(kod+" "+subKod) + " instead of " +
			strings.TrimSpace(w.Kod+" "+w.SubKod)
	case size < w.Least:
		return "answer too short"
	case w.Echo && !bytes.Contains(text, []byte(">"+id+"<")):
		return "answer of another call"
	case w.Has != "" && !bytes.Contains(text, []byte(w.Has)):
		return "answer without " + w.Has
	}
	for _, name := range w.Elements {
		if !closes(text, name) {
			return "answer without " + name
		}
	}
	if w.Lacks != "" && closes(text, w.Lacks) {
		return "answer with " + w.Lacks
	}
	return ""
}

// closes reports whether a text has an end tag of a local name. Media are base64,
// which has no '>', so they are never taken for one.
func closes(text []byte, name string) bool {
	for {
		before, after, found := bytes.Cut(text, []byte(name+">"))
		if !found {
			return false
		}
		tag := before[bytes.LastIndexByte(before, '<')+1:]
		if prefix, ok := bytes.CutPrefix(tag, []byte("/")); ok &&
			(len(prefix) == 0 || prefix[len(prefix)-1] == ':') {
			return true
		}
		text = after
	}
}

func said(text []byte) string {
	if kod, subKod := outcome(text); kod != "" {
		return ", " + strings.TrimSpace(kod+" "+subKod)
	}
	return ""
}

// outcome reads the system status of an answer, or its Fault.
func outcome(text []byte) (kod, subKod string) {
	if kod = value(text, "VysledekKod"); kod != "" {
		if end := bytes.Index(text, []byte("OdpovedInfo>")); end >= 0 {
			if shut := bytes.Index(text[end+1:], []byte("OdpovedInfo>")); shut >= 0 {
				text = text[:end+1+shut] // details that the registries add do not count
			}
		}
		return kod, value(text, "VysledekSubKod")
	}
	_, local, found := strings.Cut(value(text, "faultcode"), ":")
	if !found {
		return "", ""
	}
	return local, value(text, egon.NSFault+`"`)
}

// value is the text of the first element of a local name.
func value(text []byte, local string) string {
	at := bytes.Index(text, []byte(local+">"))
	if at < 0 {
		return ""
	}
	text, _, _ = bytes.Cut(text[at+len(local)+1:], []byte("<"))
	return string(text[:min(len(text), 64)])
}
