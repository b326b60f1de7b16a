package egon

// Expect says which items the reply may hold. It is called after Reset and before the first
// Feed. The Expectation is the reader's until the next Reset.
func (r *ReplyReader) Expect(e Expectation) {
	r.items.judge.Expectation = e
	r.expects = len(e.Details) > 0 || e.Rule == FilterReturned && rootOf(r.service) != nil
}

// Edits returns the edits of the reply that have not left, in its order. They do not
// overlap. An edit whose beginning is not releasable may change yet. The last one may grow
// as more of its element is read. The slice is valid until the next call of another method.
func (r *ReplyReader) Edits() []Edit { return r.items.edits.waiting() }

// Leave forgets the first n edits: they have left.
func (r *ReplyReader) Leave(n int) { r.items.edits.leave(n) }

// MayEdit reports whether more edits may come than there are.
func (r *ReplyReader) MayEdit() bool {
	unread := r.header != nil && len(r.header.kod) == 0 // the status
	return r.expects && !r.done && (!r.sealed || unread || r.items.mayRemove())
}

// Removed returns the items that were taken out of the reply so far. Of a reply that is
// refused for an item, it is that item. It is valid until Reset.
func (r *ReplyReader) Removed() *Returned { return &r.items.gone }

// Seal lets the status of the reply leave: with the details of the items that were removed
// so far, and without the sums over the data and the codes of addresses unless all of these
// leave. Items that are
// removed later are in Removed alone, so it is called when the reply is Done or when no more
// of it can be held. A reader of whose reply nothing can be removed any more seals it itself.
func (r *ReplyReader) Seal() {
	if !r.expects || r.sealed {
		return
	}
	r.sealed = true
	r.warn()
	r.items.sealCodes(r.done)
	if r.dropsSums() {
		r.own.dropSums(&r.items.edits)
		if r.inside {
			r.inner.dropSums(&r.items.edits)
		}
	}
}

// warn writes the details of what was removed into the status, if it was read: into that of
// the reply inside, if it has one.
func (r *ReplyReader) warn() {
	h := &r.own
	if r.inside && r.inner.kodAfter != nowhere {
		h = &r.inner
	}
	r.details = r.details[:0]
	add := func(d *Detail) {
		r.details = appendDeclaredDetail(r.details, d)
		h.addSubKod([]byte(d.SubKod))
	}
	for i := range r.items.judge.Details {
		add(&r.items.judge.Details[i])
	}
	for word := range r.items.gone.Words() {
		if d, ok := r.items.judge.Rights.Detail(word); ok {
			add(&d)
		}
	}
	if len(r.details) > 0 {
		h.warn(&r.items.edits, r.details)
	}
}

// dropsSums reports whether the sums over the data must not leave: something was removed, or
// nobody knows yet.
func (r *ReplyReader) dropsSums() bool {
	return !r.items.gone.Empty() || !r.done && r.items.mayRemove()
}
