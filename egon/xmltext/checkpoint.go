package xmltext

// A Checkpoint is what a scanner knows between two tokens inside the root
// element. It borrows nothing, and can be saved to again and again.
type Checkpoint struct {
	off      int64
	docStart int64
	open     []element
	names    []byte
	arena    []byte
	sizes    []int // of the prefix and the URI of each declaration in scope, which follow each other in arena
	id       uint64
	slot     uint8
}

// Save keeps in c where the scanner is. It says false, and c is of no use, where
// that takes more than a Checkpoint holds: before the root element, after it,
// and in the midst of content.
func (s *Scanner) Save(c *Checkpoint) bool {
	if s.in != inContent || len(s.carry) > 0 || s.brackets > 0 {
		return false
	}
	c.off, c.docStart, c.id, c.slot = s.off, s.docStart, s.scope.id, s.scope.slot
	c.open = append(c.open[:0], s.open...)
	c.names = append(c.names[:0], s.names...)
	c.arena, c.sizes = c.arena[:0], c.sizes[:0]
	for _, b := range s.scope.bound[1:] {
		c.arena = append(append(c.arena, b.Prefix...), b.URI...)
		c.sizes = append(c.sizes, len(b.Prefix), len(b.URI))
	}
	return true
}

// Resume is [Scanner.Reset] for a document that begins with the very bytes
// which this scanner had taken when c was saved: it goes on after them.
func (s *Scanner) Resume(c *Checkpoint) {
	s.Reset()
	s.in, s.rooted, s.off, s.docStart = inContent, true, c.off, c.docStart
	s.open = append(s.open, c.open...)
	s.names = append(s.names, c.names...)
	s.scope.restore(c)
}
