package egon

import "brana/egon/xmltext"

// An AifoReader finds the persons of a message by the global AIFO in it while it passes:
// each GlobalniAifo of a MapaAifo (RegTypy), of a request and of a reply. It judges nothing:
// behind a syntax error it finds no more. After [AifoReader.Reset] it can be used again and
// allocates nothing. It is not safe for concurrent use.
type AifoReader struct {
	scan  *xmltext.Scanner
	found func(aifo []byte)
	take  func(*xmltext.Leaf) bool // takeLeaf, bound once
	inner int                      // open elements, from a GlobalniAifo inwards
	aifo  []byte                   // of it, without white space
	long  bool                     // it is longer than any
	over  bool                     // nothing more is found
}

// maxAifo bounds a global AIFO, in bytes. It is base64 of 17 bytes.
const maxAifo = 64

// NewAifoReader returns an AifoReader. [AifoReader.Reset] makes it ready for a message.
func NewAifoReader(b xmltext.Bounds) *AifoReader {
	r := &AifoReader{scan: xmltext.NewScanner(b), aifo: make([]byte, 0, maxAifo)}
	r.take = r.takeLeaf
	return r
}

// Reset makes the AifoReader ready for a message. It calls found with each AIFO, without
// its white space, before the Write that brings its end tag returns. The bytes are valid
// during that call.
func (r *AifoReader) Reset(found func(aifo []byte)) {
	r.scan.Reset()
	r.found, r.inner, r.over = found, 0, false
}

// Write takes the next bytes of the message. It never fails.
func (r *AifoReader) Write(window []byte) (int, error) {
	size := len(window)
	var tok xmltext.Token
	for !r.over {
		if r.inner == 0 {
			window = window[r.scan.Leaves(window, r.take):]
			window = window[r.scan.SkipText(window):]
		}
		n, err := r.scan.NextInto(&tok, window, false)
		window = window[n:]
		if err != nil {
			r.over = err != xmltext.ErrMore
			break
		}
		r.token(&tok)
	}
	return size, nil
}

func (r *AifoReader) token(tok *xmltext.Token) {
	switch tok.Kind {
	case xmltext.StartElement:
		if r.inner > 0 {
			r.inner++
		} else if isGlobal(&tok.Name) {
			r.inner = 1
			r.begin()
		}
	case xmltext.EndElement:
		if r.inner > 0 {
			if r.inner--; r.inner == 0 {
				r.end()
			}
		}
	case xmltext.Text, xmltext.CData:
		if r.inner > 0 {
			r.add(tok.Data)
		}
	}
}

func (r *AifoReader) takeLeaf(l *xmltext.Leaf) bool {
	if isGlobal(&l.Name) {
		r.begin()
		r.add(l.Text)
		r.end()
	}
	return true
}

func isGlobal(n *xmltext.Name) bool { return n.Is(NSReg, "GlobalniAifo") }

func (r *AifoReader) begin() { r.aifo, r.long = r.aifo[:0], false }

func (r *AifoReader) add(text []byte) {
	for _, c := range text {
		switch {
		case white(c):
		case len(r.aifo) == cap(r.aifo):
			r.long = true
			return
		default:
			r.aifo = append(r.aifo, c)
		}
	}
}

func (r *AifoReader) end() {
	if len(r.aifo) > 0 && !r.long {
		r.found(r.aifo)
	}
}
