package xmltext

import "unicode/utf8"

// The functions of this file are the only ones that move bytes into and out of the
// carry. They hand step either the window or the carry, never both:
//
//	      off-len(carry)            off                     off+len(window)
//	            │                    │                             │
//	 ───────────┼────────────────────┼─────────────────────────────┼───────────
//	   tokens   │       carry        │            window           │  not here
//	   returned │ an item that began │ as the caller handed it in; │  yet
//	            │ in earlier windows │ it is not kept              │
//	 ───────────┴────────────────────┴─────────────────────────────┴───────────
//	  s.base is the offset of the first byte that step looks at: the beginning of
//	  the carry, or a place in the window.

// fetch reads one token from the carry and the window, of which it takes n bytes.
// With an error other than errShort, the offence is at base.
func (s *Scanner) fetch(tok *Token, window []byte) (n int, err error) {
	if len(s.carry) > 0 {
		if n, err = s.join(tok, window); err != nil || tok.Kind != 0 {
			s.off += int64(n)
			return n, err
		}
	}
	s.base = s.off + int64(n)
	k, err := s.step(tok, window[n:])
	switch err {
	case nil:
		n += k
	case errShort:
		s.hold(window[n+k:])
		n = len(window)
	default:
		return 0, err
	}
	s.off += int64(n)
	return n, err
}

// hold carries the beginning of an item.
func (s *Scanner) hold(part []byte) {
	s.carry = append(s.carry[:0], part...)
	s.quote = 0
	if len(part) > 1 {
		_, s.quote = scanTagEnd(part[1:], 0)
	}
}

// join moves bytes of the window to the carry until the item in it is complete.
// Without a token and an error the carry is empty, and the window goes on at n.
func (s *Scanner) join(tok *Token, window []byte) (n int, err error) {
	begin := s.off - int64(len(s.carry))
	for n < len(window) {
		held := len(s.carry)
		k, decisive := s.reach(window[n:])
		s.carry = append(s.carry, window[n:n+k]...)
		if !decisive {
			n += k
			continue
		}
		s.base = begin
		used, err := s.step(tok, s.carry)
		switch {
		case err == errShort && used == 0:
			n += k
		case err != nil && err != errShort:
			return 0, err
		case used >= held:
			s.carry = s.carry[:0]
			return n + used - held, nil
		default:
			// Of "]]" and a third bracket the first is content.
			tok.Data = append(s.small[:0], tok.Data...)
			s.carry = s.carry[:copy(s.carry, s.carry[used:])]
			return n + k, nil
		}
	}
	return n, errShort
}

// reach returns how many bytes of the window join the carry, and whether they may
// complete the item or contain its offence. It keeps the work linear: a long item
// is not read again for every byte that comes.
func (s *Scanner) reach(window []byte) (k int, decisive bool) {
	if len(s.carry) < 2 || s.carry[0] != '<' || s.carry[1] == '!' {
		return 1, true
	}
	room := s.bounds.TagBytes - len(s.carry)
	window = window[:min(len(window), room)]
	if s.carry[1] == '?' {
		return 1, room <= 1 || !goesOn(s.carry[len(s.carry)-1], window[0])
	}
	k, s.quote = scanTagEnd(window, s.quote)
	if k == 0 {
		return len(window), len(window) == room
	}
	return k, true
}

// goesOn reports whether next only continues a name or a run of white space that
// before belongs to.
func goesOn(before, next byte) bool {
	named := func(c byte) bool { return class[c]&nameByte != 0 || c >= utf8.RuneSelf }
	return class[before]&class[next]&space != 0 || named(before) && named(next)
}

// scanTagEnd returns the position after the first '>' outside quotes or the first
// '<' anywhere, which is always wrong; 0 if b has neither. It also returns the
// quote that is open there. quote is open before b.
func scanTagEnd(b []byte, quote byte) (int, byte) {
	for i, c := range b {
		switch {
		case c == '<', c == '>' && quote == 0:
			return i + 1, quote
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
	}
	return 0, quote
}
