package xmltext

import "hash/maphash"

// The two namespaces that are bound by definition (Namespaces §3).
const (
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// A Binding is one namespace declaration. An empty prefix is the default namespace.
// Only there the URI may be empty, which is none.
type Binding struct{ Prefix, URI []byte }

// A scope is the stack of the declarations of all open elements.
//
// The bytes of a binding live in the arena until its element closes. An arena that
// grows moves. Earlier bindings keep the old one, to which no code writes any more.
type scope struct {
	bound []Binding // bound[0] is xml, which is always there
	arena []byte

	// id is the identity of the scope for tagMemo, and slot the slot of its
	// innermost declarations there.
	id   uint64
	slot uint8

	// Bindings after the first few are found by the hash of their prefix. newest
	// has the index of the last one of each hash. older[i] has the index of the one
	// with the same hash before bound[fewBindings+i]. 0 is none.
	newest [hashes]int32
	older  []int32
}

const (
	fewBindings = 16
	hashes      = 256
)

// prefixSeed keeps the prefixes of one hash secret, so that no sender can choose
// them.
var prefixSeed = maphash.MakeSeed()

func prefixHash(prefix []byte) uint8 { return uint8(maphash.Bytes(prefixSeed, prefix)) }

// A mark is a height of the stack to which it can go back.
type mark struct {
	bound, arena int32
	id           uint64
}

func (c *scope) reset() {
	if c.bound == nil {
		c.bound = append(c.bound, Binding{[]byte("xml"), []byte(xmlNamespace)})
	}
	c.unlink(1)
	c.bound, c.arena, c.id = c.bound[:1], c.arena[:0], 0
}

func (c *scope) mark() mark { return mark{int32(len(c.bound)), int32(len(c.arena)), c.id} }

func (c *scope) release(m *mark) {
	if len(c.bound) > int(m.bound) {
		c.unlink(int(m.bound))
		c.bound, c.arena, c.id = c.bound[:m.bound], c.arena[:m.arena], m.id
	}
}

// push adds the binding of arena[k:prefix] to arena[prefix:uri]. It sets field by
// field, as [Scanner.name] does.
func (c *scope) push(k, prefix, uri int) {
	n := len(c.bound)
	if n == cap(c.bound) {
		c.bound = append(c.bound, Binding{})
	} else {
		c.bound = c.bound[:n+1]
	}
	b := &c.bound[n]
	b.Prefix, b.URI = c.arena[k:prefix:prefix], c.arena[prefix:uri:uri]
	if n >= fewBindings {
		h := prefixHash(b.Prefix)
		c.older = append(c.older[:n-fewBindings], c.newest[h])
		c.newest[h] = int32(n)
	}
}

// unlink takes the bindings from bound[from] on out of newest.
func (c *scope) unlink(from int) {
	for i := len(c.bound) - 1; i >= max(from, fewBindings); i-- {
		c.newest[prefixHash(c.bound[i].Prefix)] = c.older[i-fewBindings]
	}
}

// declare binds prefix to uri for the element whose declarations begin at
// bound[from].
func (c *scope) declare(prefix, uri []byte, from int) error {
	if int(c.lookup(prefix)) >= from {
		return ErrDuplicateAttribute
	}
	switch {
	case string(prefix) == "xmlns", string(uri) == xmlnsNamespace,
		(string(prefix) == "xml") != (string(uri) == xmlNamespace),
		len(uri) == 0 && len(prefix) != 0:
		return ErrNamespace
	}
	k := len(c.arena)
	c.arena = append(append(c.arena, prefix...), uri...)
	c.push(k, k+len(prefix), len(c.arena))
	return nil
}

// lookup returns the index of the innermost binding of prefix, -1 for none.
func (c *scope) lookup(prefix []byte) int32 {
	last := len(c.bound) - 1
	if last >= fewBindings {
		for i := c.newest[prefixHash(prefix)]; i > 0; i = c.older[i-fewBindings] {
			if string(c.bound[i].Prefix) == string(prefix) {
				return i
			}
		}
		last = fewBindings - 1
	}
	for i := last; i >= 0; i-- {
		if p := c.bound[i].Prefix; len(p) == len(prefix) &&
			(len(p) == 0 || string(p) == string(prefix)) {
			return int32(i)
		}
	}
	return -1
}

// inScope appends to dst the innermost binding of each prefix but xml.
func (c *scope) inScope(dst []Binding) []Binding {
	from := len(dst)
next:
	for i := len(c.bound) - 1; i > 0; i-- {
		b := c.bound[i]
		if string(b.Prefix) == "xml" {
			continue
		}
		for _, inner := range dst[from:] {
			if string(inner.Prefix) == string(b.Prefix) {
				continue next
			}
		}
		dst = append(dst, b)
	}
	return dst
}
