package gateway

import (
	"crypto/sha256"
	"hash"

	"brana/audit"
	"brana/egon"
)

// A watch takes the bytes of one direction of an exchange, for what the record of use has of
// them beside their number: their digest and hashes of the persons in them, as far as the
// operator wants that. Its maker releases it.
type watch struct {
	digest hash.Hash        // nil: not wanted
	aifos  *egon.AifoReader // nil: not wanted
	key    *audit.PersonKey
	seen   map[string]bool
	hashes []string // each once, in the order of the message
}

// maxPersons bounds the hashes of one message. In the place of one more stands
// [audit.MorePersons].
const maxPersons = 4096

// newWatch returns a watch, nil when nothing is wanted of the bytes.
func (c *core) newWatch() *watch {
	if !c.cfg.Digests && c.parts.PersonKey == nil {
		return nil
	}
	w := &watch{key: c.parts.PersonKey}
	if c.cfg.Digests {
		w.digest = sha256.New()
	}
	if w.key != nil {
		w.seen = map[string]bool{}
		w.aifos = c.pools.aifos.Get()
		w.aifos.Reset(w.person)
	}
	return w
}

// Write takes the next bytes. It never fails.
func (w *watch) Write(b []byte) (int, error) {
	if w.digest != nil {
		w.digest.Write(b)
	}
	if w.aifos != nil {
		_, _ = w.aifos.Write(b)
	}
	return len(b), nil
}

func (w *watch) person(aifo []byte) {
	if len(w.hashes) > maxPersons {
		return
	}
	h := w.key.Hash(aifo)
	switch {
	case w.seen[h]:
	case len(w.hashes) == maxPersons:
		w.hashes = append(w.hashes, audit.MorePersons)
	default:
		w.seen[h] = true
		w.hashes = append(w.hashes, h)
	}
}

// sum is the digest of the bytes so far, nil when it is not wanted.
func (w *watch) sum() []byte {
	if w == nil || w.digest == nil {
		return nil
	}
	return w.digest.Sum(nil)
}

// persons are the hashes of the persons so far.
func (w *watch) persons() []string {
	if w == nil {
		return nil
	}
	return w.hashes
}

// release gives back what the watch has from the pools. It takes no more bytes.
func (w *watch) release(p *pools) {
	if w != nil && w.aifos != nil {
		p.aifos.Put(w.aifos)
		w.aifos = nil
	}
}
