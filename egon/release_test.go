package egon

import (
	"errors"
	"testing"

	"brana/egon/xmltext"
)

// A prover is a Reader or a ReplyReader.
type prover interface {
	Feed(window []byte, last bool) error
	Done() bool
	Releasable() int64
}

// forward sends a message through a prover as the gateway does, in windows of step
// bytes. It returns the number of bytes that left before the end of the input was known,
// and of all that left.
func forward(t testing.TB, p prover, doc []byte, step int) (early, all int64, err error) {
	t.Helper()
	buffer := make([]byte, 0, len(doc)) // one for scanning and forwarding
	var sent []byte
	for {
		window := doc[len(buffer):min(len(buffer)+step, len(doc))]
		buffer = append(buffer, window...)
		last := len(window) == 0
		if err = p.Feed(buffer[len(buffer)-len(window):], last); err != nil {
			break
		}
		now := p.Releasable()
		if now < int64(len(sent)) || now > int64(len(buffer)) {
			t.Fatalf("of %d bytes %d may leave, %d have left", len(buffer), now, len(sent))
		}
		sent = append(sent, buffer[len(sent):now]...)
		if last {
			break
		}
		early = now
		if p.Done() {
			t.Fatalf("done after %d bytes, without knowing that nothing follows", len(buffer))
		}
	}
	if string(sent) != string(doc[:len(sent)]) {
		t.Fatal("what left is no prefix of what came")
	}
	var o *Offence
	if errors.As(err, &o) && int64(len(sent)) > o.Offset {
		t.Fatalf("%d bytes left, the offence is at byte %d", len(sent), o.Offset)
	}
	if err == nil && (!p.Done() || len(sent) != len(doc)) {
		t.Fatalf("accepted: %d of %d bytes left, done %v", len(sent), len(doc), p.Done())
	}
	if err != nil && p.Done() {
		t.Fatalf("done, and refused: %v", err)
	}
	return early, int64(len(sent)), err
}

// operationEnd returns the offset of the end tag of the operation, or of the whole tag of
// an empty one. The operation is the root, or the first child of the Body of an
// Envelope. It knows nothing of the readers. Without an operation it is the length.
func operationEnd(doc []byte) int64 {
	s := xmltext.NewScanner(xmltext.DefaultBounds())
	rest, level, body := doc, 1, false
	for {
		tok, n, err := s.Next(rest, true)
		rest = rest[n:]
		switch {
		case err != nil || tok.Kind == xmltext.End:
			return int64(len(doc))
		case tok.Kind == xmltext.StartElement && s.Depth() == 1 &&
			tok.Name.Is(NSEnvelope, "Envelope"):
			level = 3
		case tok.Kind == xmltext.StartElement && s.Depth() == 2 && level == 3:
			body = tok.Name.Is(NSEnvelope, "Body")
		case tok.Kind == xmltext.StartElement && tok.Empty && s.Depth() == level &&
			(level == 1 || body),
			tok.Kind == xmltext.EndElement && s.Depth() == level-1 && (level == 1 || body):
			return tok.Start
		}
	}
}

// FuzzReleased: no receiver can take the bytes that were released before the end was
// proven for a whole message. Bytes after an offence never leave.
func FuzzReleased(f *testing.F) {
	for i, c := range shortCases(f) {
		f.Add(c.Doc, uint16(i*7), uint8(i))
	}
	for i, doc := range []string{
		replyOpen + replyWarning + replyClose, replyOpen + replyClose, replyOpen + replyWarning +
			replyClose + "<x/>",
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault/></s:Body></s:Envelope>`,
		`<AgendaMediaDataCtiPodleUdajuResponse xmlns="` + NSMedia + `"/> `,
	} {
		f.Add([]byte(doc), uint16(i*50), uint8(4))
	}
	request, reply := NewReader(DefaultBounds()), NewReplyReader(DefaultBounds())
	f.Fuzz(func(t *testing.T, doc []byte, step uint16, code uint8) {
		var p prover = reply
		if i := int(code) % (len(serviceCodes) + 1); i < len(serviceCodes) {
			request.Reset(ServiceByCode(serviceCodes[i]))
			p = request
		} else {
			reply.Reset(ServiceByCode("E198"))
		}
		early, _, _ := forward(t, p, doc, 1+int(step)%(len(doc)+1))
		if end := operationEnd(doc); early > end {
			t.Errorf("%d bytes left before the message was proven, its operation ends at byte %d",
				early, end)
		}
	})
}

func TestNothingIsReleasedTooEarly(t *testing.T) {
	r := NewReader(DefaultBounds())
	for _, c := range requestCases(t) {
		for _, step := range []int{1, 7, 1000, len(c.Doc) + 1} {
			r.Reset(ServiceByCode(c.Service))
			early, _, err := forward(t, r, c.Doc, step)
			if end := operationEnd(c.Doc); early > end {
				t.Errorf(
					"%s: %d bytes left before the message was proven, its operation ends at byte %d", c.Name, early, end)
			}
			if (err == nil) != (c.Want == "accept") && !isValue(r) {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
}

// isValue reports whether a request is refused for its values, by [Head.Check].
func isValue(r *Reader) bool { return r.Head() != nil && r.Head().Check() != nil }
