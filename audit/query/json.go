package query

import (
	"encoding/json"
	"io"
	"time"
)

// A JSON printer writes an object a line:
//
//	{"journal":"/var/lib/brana/audit","time":"…","ended":"…","caller":"A/R/O/AIS",
//	 "service":"E198","user":"novak","outcome":"ok","refused":false,
//	 "call":{…},"result":{…},"job":{…}}
//
// call, result and job are the records as they are in the journal, byte by byte; those that
// a use lacks are left out, and so is the result that is in the same record as the call.
type JSON struct {
	*writer
	text []byte
}

// NewJSON returns a printer; Flush is called at the end.
func NewJSON(out io.Writer) *JSON { return &JSON{writer: newWriter(out)} }

// Print writes a use.
func (p *JSON) Print(u *Use) error {
	b := append(p.text[:0], `{"journal":`...)
	b = quoted(b, u.Dir)
	b = append(b, `,"time":"`...)
	b = u.Time().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","ended":"`...)
	b = u.Ended().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","caller":`...)
	b = quoted(b, u.Caller())
	if u.Call != nil {
		b = append(b, `,"service":`...)
		b = quoted(b, u.Call.Service)
		b = append(b, `,"user":`...)
		b = quoted(b, u.Call.Uzivatel)
	}
	b = append(b, `,"outcome":`...)
	b = quoted(b, u.Outcome())
	b = append(b, `,"refused":`...)
	if u.Refused() {
		b = append(b, "true"...)
	} else {
		b = append(b, "false"...)
	}
	for i, name := range [...]string{`,"call":`, `,"result":`, `,"job":`} {
		if u.lines[i] != "" {
			b = append(append(b, name...), u.lines[i]...)
		}
	}
	p.text = append(b, '}', '\n')
	return p.line(p.text)
}

// quoted appends a JSON string.
func quoted(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			text, _ := json.Marshal(s) // a string is encoded always
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
