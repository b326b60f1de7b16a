package upstream

import (
	"errors"
	"io"

	"brana/egon"
	"brana/egon/xmltext"
)

// An evidence is the answer of EOP or ECD (X21, X22). Its head has been read, and its
// media are still arriving. Reading it gives the element [egon.Source].Block: its start
// tag with the declarations of its old ancestors, the status and the AIFO, and then, byte
// for byte, the media that were asked for and no more. Anything else in the block is left
// out and counted.
//
// Reading ends with io.EOF when the answer was whole to its last byte. An answer that is
// cut or malformed in its tail ends with an *egon.CallError, so that it is never taken for
// complete. Only Read takes bytes off the connection.
type evidence struct {
	*egon.EvidenceHead

	call    *call
	src     *egon.Source
	kinds   []mediaKind          // of the media that may go out
	leftOut func(element string) // called for each subtree that is left out

	deadline *headDeadline // of the call; lifted once the head is here
	reply    *reply
	tokens   *tokenReader
	over     bool   // the block has ended
	medium   medium // being read
	pending  []byte // goes out before the next token
	err      error  // sticky; io.EOF: the answer was whole
}

// askEvidence sends the question and reads the answer's head by the deadline: up to the
// AIFO, or to the end of an answer without one. Then it lifts the deadline. It owns the
// deadline and the call from now on. The evidence may log the question, so it is never
// sent twice.
func askEvidence(
	by *headDeadline, k *call, st *egon.Step, src *egon.Source,
) (_ *evidence, err error) {
	e := &evidence{
		deadline: by,
		call:     k,
		src:      src,
		kinds:    kindsAsked(st.Head, src),
		leftOut:  func(string) {},
	}
	err = errUnended // unless it ends below
	defer func() {
		if err != nil {
			k.end(err)
			_ = e.Close()
		}
	}()
	q := question{action: src.Request, body: egon.AppendMediaRequest(nil, st, src)}
	if e.reply, err = k.start(by, q); err != nil {
		return nil, err
	}
	e.tokens = newTokenReader(e.reply)
	if err = e.readHead(); err != nil {
		return nil, e.broken(err)
	}
	k.kod = e.Info.Status.Kod
	if !st.Answers(&e.Info) {
		err = k.unreadable(errOtherQuestion)
		return nil, err
	}
	if err = k.refusedByEvidence(e.EvidenceHead); err != nil {
		return nil, err
	}
	by.lift()
	return e, nil
}

// refusedByEvidence returns the error of an answer with status CHYBA, or of one that found
// a person and does not name the AIFO. The texts of the evidence's application are meant
// for the caller. Those of its system stay inside.
func (k *call) refusedByEvidence(h *egon.EvidenceHead) error {
	if h.Application.Kod == egon.Chyba {
		failure := k.refused(h.Application)
		for i, d := range h.Application.Details {
			d = egon.Detail{SubKod: d.SubKod, Popis: d.Popis, Puvodce: k.party}
			failure.Detail[i] = d.Systemic()
		}
		return failure
	}
	if h.Info.Status.Kod == egon.Chyba {
		return k.refused(h.Info.Status)
	}
	if !h.Found && h.Application.Kod == egon.OK {
		return k.unreadable(fixedError("expect an AIFO in an answer with status OK"))
	}
	return nil
}

// broken makes err a CallError that names the evidence, unless the answer was closed from
// elsewhere: that is nobody's fault.
func (e *evidence) broken(err error) error {
	var call *egon.CallError
	switch {
	case errors.As(err, &call), errors.Is(err, errClosed):
		return err
	}
	return e.call.unreadable(err)
}

// readHead reads up to the end of the AIFO, of the block, or of the answer. The ancestors
// of the block are checked when all of them are read.
func (e *evidence) readHead() error {
	head := headBytes{most: e.call.cfg.MaxReply}
	inside := false
	for done := false; !done; {
		t, raw, err := e.tokens.token(true)
		if err != nil {
			return err
		}
		depth := e.tokens.xml.Depth()
		if t.Kind == xmltext.StartElement && depth == 2 && t.Name.Is(egon.NSEnvelope, "Header") {
			if err := e.skipHeader(); err != nil {
				return err
			}
			continue
		}
		if err := head.add(t, raw); err != nil {
			return err
		}
		switch {
		case t.Kind == xmltext.StartElement && depth == 3 && t.Name.Is(egon.NSEnvelope, "Fault"):
			return faultOf(e.tokens)
		case t.Kind == xmltext.StartElement && depth == blockDepth:
			inside = t.Name.Is(e.src.Namespace, e.src.Block)
		case t.Kind == xmltext.StartElement && depth == childDepth && inside:
			if !t.Name.Is(egon.NSEvidence, "AisAplikacniStatus") &&
				!t.Name.Is(egon.NSEvidence, "Aifo") {
				return fixedError(
					"expect the status and the AIFO before anything else in " + e.src.Block,
				)
			}
		case t.Kind == xmltext.EndElement && depth == blockDepth && inside:
			done = t.Name.Is(egon.NSEvidence, "Aifo")
		case t.Kind == xmltext.EndElement && depth == blockDepth-1 && inside, t.Kind == xmltext.End:
			done, e.over = true, true
		}
	}
	var err error
	if e.EvidenceHead, err = head.read(e.src); err != nil {
		return err
	}
	e.pending = e.Block
	if len(e.Block) == 0 {
		e.over = true // the rest of the answer has no block
		if e.Info.Status.Kod == egon.Varovani {
			e.pending = egon.AppendNobody(nil, e.src, nobodyFound)
		}
	}
	return nil
}

// skipHeader reads up to the end of the open SOAP header. It may be of any length, and
// says nothing about a person.
func (e *evidence) skipHeader() error {
	for {
		t, _, err := e.tokens.token(true)
		switch {
		case err != nil:
			return err
		case t.Kind == xmltext.ProcInst:
			return errInstruction
		case t.Kind == xmltext.EndElement && e.tokens.xml.Depth() == 1:
			return nil
		}
	}
}

// Read returns the bytes that have arrived. It waits only when there are none.
func (e *evidence) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(e.pending) > 0 {
			k := copy(p[n:], e.pending)
			e.pending, n = e.pending[k:], n+k
			continue
		}
		if e.err != nil || !e.advance(n == 0) {
			break
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, e.err
	}
	return n, nil
}

// advance takes the next token. It returns false when it would have to wait and must
// not.
func (e *evidence) advance(wait bool) bool {
	t, raw, err := e.tokens.token(wait)
	switch {
	case err == errWait:
		return false
	case err == nil:
		err = e.next(t, raw)
	}
	switch err {
	case nil:
	case io.EOF:
		e.call.end(nil)
	default:
		err = e.broken(err)
		e.call.end(err)
	}
	if e.err = err; err != nil {
		e.tokens.release() // none of its bytes are pending
		e.tokens = nil
	}
	return true
}

// next decides about a token after the head.
func (e *evidence) next(t xmltext.Token, raw []byte) error {
	depth := e.tokens.xml.Depth()
	switch {
	case t.Kind == xmltext.End:
		return io.EOF
	case t.Kind == xmltext.ProcInst:
		return errInstruction
	case e.over:
		return nil
	case t.Kind == xmltext.StartElement && depth == childDepth:
		if t.Name.Is(egon.NSEvidence, "AisAplikacniStatus") || t.Name.Is(egon.NSEvidence, "Aifo") {
			return fixedError("find a second status or AIFO in " + e.src.Block)
		}
		e.begin(t.Name, raw)
		return nil
	case t.Kind == xmltext.EndElement && depth == blockDepth-1:
		e.over = true
		e.give(raw)
		return nil
	case e.medium.kind == nil:
		return nil
	}
	return e.within(t, raw, depth)
}

func (e *evidence) give(raw []byte) {
	if len(e.pending) == 0 {
		e.pending = raw // valid until the next token, which is taken when this was read
		return
	}
	e.pending = append(e.pending, raw...)
}

// Close ends the call. It may come from elsewhere while a Read waits. The bytes so far kept
// the contract, so the breaker counts an answer: otherwise the failure of another registry
// would use up the probe of this one.
func (e *evidence) Close() error {
	e.call.end(nil)
	if e.reply != nil {
		_ = e.reply.Close() // it cannot fail
	}
	e.deadline.end() // after the reply, whose connection it would cut otherwise
	return nil
}
