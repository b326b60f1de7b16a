package egon

// A rule is the type of one value of the head.
type rule struct {
	path     string // below the operation, as the refusal names it
	value    func(*Head) []byte
	is       *valueType
	required bool
}

func (h *Head) checkAll(rules []rule) *Offence {
	for i := range rules {
		r := &rules[i]
		v := r.value(h)
		if len(v) > 0 && r.is.valid(v) || len(v) == 0 &&
			(v == nil && !r.required || v != nil && r.is.maybeEmpty) {
			continue
		}
		return h.refuseValue(r, v)
	}
	return nil
}

func (h *Head) refuseValue(r *rule, v []byte) *Offence {
	switch {
	case v == nil:
		return h.refuse(noValue, r.path, r.path)
	case len(v) == 0 && r.required:
		return h.refuse(emptyValue, r.path, r.path)
	case len(v) == 0:
		return h.refuse(emptyOptional, r.path, r.path)
	case r.is.noBlankEnds && (white(v[0]) || white(v[len(v)-1])) && !blank(v):
		return h.refuse(blankEnds, r.path, r.path)
	}
	return h.refuse(badValue, r.path, r.path, r.is.cs, r.is.en)
}

// refuse makes the offence of a value. It is certain when the head is known.
func (h *Head) refuse(why reason, path string, args ...any) *Offence {
	return why.offence(h.Offset, h.path(path), args...)
}

func (h *Head) path(below string) string {
	path := "/" + h.Service.Request + "/" + below
	if h.Enveloped {
		return "/Envelope/Body" + path
	}
	return path
}
