package egon

import (
	"hash/fnv"
	"slices"
	"strings"
)

// someRights permit items by chance: by the word, and by whether it comes always.
type someRights uint64

func (g someRights) Permits(s *Service, word string, always bool) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Code + word))
	if always {
		_, _ = h.Write([]byte{1})
	}
	return (h.Sum64()^uint64(g)*0x9E3779B97F4A7C15)>>7&3 > 0
}

func (g someRights) Detail(word string) (Detail, bool) {
	return grantedWords(nil).Detail(word)
}

// A filterOracle finds what must not leave in a reply that encoding/xml has read whole, by
// the text of the table.
type filterOracle struct {
	plainReader
	rights  Rights
	doc     []byte
	cuts    []Edit
	removed Returned
	service *Service
	own     *plainElement // OdpovedInfo
	inner   *plainElement // of the last reply inside

	lost             int64           // where the first item with a reference went, or nowhere
	codes, addresses []*plainElement // SeznamIdAdres and RuianOdpoved
}

// leavingBy returns what leaves of a reply of a service. The words of its details are in the
// order given, if they are all that is removed.
func leavingBy(code string, doc []byte, rights Rights, order []string) ([]byte, *Returned, bool) {
	root, err := plainTree(doc)
	if err != nil {
		return nil, nil, false
	}
	o := filterOracle{
		plainReader: plainReader{sections: returnedSections()},
		rights:      rights,
		doc:         doc,
		lost:        nowhere,
	}
	if root.is(NSEnvelope, "Envelope") {
		body := root.child(NSEnvelope, "Body")
		root = body.children[0]
	}
	if !root.is(NSEnvelope, "Fault") {
		o.own = headerOf(replyOf(code), root)
		o.reply(code, root)
	}
	o.ruian()
	if !o.removed.Empty() {
		o.status(order)
	}
	return o.apply(), &o.removed, true
}

func (e *plainElement) is(space, local string) bool { return e.space == space && e.local == local }

func (e *plainElement) child(space, local string) *plainElement {
	for _, c := range e.children {
		if c.is(space, local) {
			return c
		}
	}
	return nil
}

// apply returns the reply with its cuts.
func (o *filterOracle) apply() (out []byte) {
	slices.SortStableFunc(o.cuts, func(a, b Edit) int { return int(a.At - b.At) })
	at := int64(0)
	for _, c := range o.cuts {
		out = append(append(out, o.doc[at:c.At]...), c.Text...)
		at = c.End
	}
	return append(out, o.doc[at:]...)
}

func (o *filterOracle) reply(code string, operation *plainElement) {
	s := replyOf(code)
	section := o.section("reply", code)
	if section == nil {
		return
	}
	space := NSAbstract
	if s.Internal() {
		space = s.Namespace
	}
	for _, c := range operation.children {
		switch {
		case section.rows[0][1] == "reply":
		case c.is(space, "SeznamIdAdres"):
			o.codes = append(o.codes, c)
		case c.is(s.Namespace, "RuianOdpoved"):
			o.addresses = append(o.addresses, c)
		}
	}
	o.service = s
	for _, c := range o.unknownData(code, operation) {
		if !o.permits("?"+c.local, false) {
			o.stray(c)
		}
	}
	for _, e := range o.strays(s, operation, o.pathsOf(code), 0) {
		o.stray(e)
	}
	for _, row := range section.rows {
		o.service = s
		for _, e := range along(s, operation, strings.Split(row[0], "/")) {
			if row[1] == "reply" {
				o.inside(e)
			} else {
				o.place(o.section("record", row[1]), e)
			}
		}
	}
}

// ruian takes out what belongs to references that went.
func (o *filterOracle) ruian() {
	for i, e := range o.codes {
		if (i > 0 || o.lost < nowhere) && e.content < e.close {
			o.cuts = append(o.cuts, Edit{At: e.content, End: e.close})
		}
	}
	for _, e := range o.addresses {
		if o.lost < e.start {
			o.cuts = append(o.cuts, Edit{At: e.start, End: e.end})
		}
	}
}

// gone says that items went from a place in the message.
func (o *filterOracle) gone(at int64, words *Returned) {
	o.removed.Merge(words)
	for word := range words.Words() {
		if mayRefer(word) {
			o.lost = min(o.lost, at)
		}
	}
}

// along returns the elements at a path below another one.
func along(s *Service, e *plainElement, steps []string) (at []*plainElement) {
	if len(steps) == 0 {
		return []*plainElement{e}
	}
	space, local := s.Namespace, steps[0]
	if prefix, name, ok := strings.Cut(local, ":"); ok {
		space, local = replies().spaces[prefix], name
	}
	for _, c := range e.children {
		if c.is(space, local) {
			at = append(at, along(s, c, steps[1:])...)
		}
	}
	return at
}

// inside reads the replies of other services.
func (o *filterOracle) inside(e *plainElement) {
	for _, c := range e.children {
		s := ServiceByRequest(c.space, strings.TrimSuffix(c.local, "Response"))
		if s != nil && !s.Internal() && s.Code != "E100" && o.section("reply", s.Code) != nil {
			o.inner = headerOf(s, c)
			o.reply(s.Code, c)
		} else if s == nil {
			o.stray(c)
		}
	}
}

// stray cuts an element that may be anything.
func (o *filterOracle) stray(e *plainElement) {
	if shows(e) {
		var unknown Returned
		unknown.addUnknown([]byte(e.local))
		o.gone(e.start, &unknown)
		o.cuts = append(o.cuts, Edit{At: e.start, End: e.end})
	}
}

// shows reports whether there is anything in an element.
func shows(e *plainElement) bool { return e.marked || strings.Trim(e.text, whiteSpace) != "" }

func headerOf(s *Service, operation *plainElement) *plainElement {
	if c := operation.child(NSAbstract, "OdpovedInfo"); c != nil {
		return c
	}
	return operation.child(s.Namespace, "OdpovedInfo")
}

func (o *filterOracle) permits(word string, always bool) bool {
	return word == AlwaysReturned || o.rights.Permits(o.service, word, always)
}

// rowOf returns the row of an element in a record; "?" is the word of one that has none.
func (o *filterOracle) rowOf(s *returnedSection, e *plainElement) []string {
	for _, r := range s.rows {
		space, local := s.space(), r[0]
		if prefix, name, ok := strings.Cut(local, ":"); ok {
			space, local = prefix, name
		}
		if local == e.local && replies().spaces[space] == e.space {
			switch r = slices.Clone(r); r[1] {
			case "=":
				r[1] = local
			case "!":
				return []string{local, local, "unasked"}
			}
			return append(r, "", "")
		}
	}
	return []string{e.local, "?", "", ""}
}

// demands returns the words that the schema demands in a record, and those of its choice.
func (o *filterOracle) demands(s *returnedSection) (always, choice []string) {
	for _, r := range s.rows {
		word := r[1]
		if word == "=" {
			word = r[0]
		}
		switch last := r[len(r)-1]; {
		case last == "choice":
			choice = append(choice, word)
		case last == "always" && word == ">":
			more, _ := o.demands(o.section("record", r[2]))
			always = append(always, more...)
		case last == "always":
			always = append(always, word)
		}
	}
	return always, choice
}

// place reads a record.
func (o *filterOracle) place(s *returnedSection, e *plainElement) {
	unpermitted := func(word string) bool { return !o.permits(word, true) }
	always, choice := o.demands(s)
	certain := slices.ContainsFunc(always, unpermitted)
	if certain || slices.ContainsFunc(choice, unpermitted) {
		var all Returned
		if bad := o.values(s, e, &all); bad || certain && !all.Empty() {
			o.gone(e.start, &all)
			o.cuts = append(o.cuts, Edit{At: e.start, End: e.end})
		}
		return
	}
	for _, c := range e.children {
		row := o.rowOf(s, c)
		word := row[1]
		switch {
		case word == ">":
			o.place(o.section("record", row[2]), c)
		case word == "*":
			o.words(c)
		case word == "-" || !shows(c):
		case word == "?" && o.permits("?"+c.local, false):
		case word == "?":
			o.stray(c)
		case !o.permits(word, row[2] != "" && row[2] != "nil"):
			var item Returned
			item.Add(word)
			o.gone(c.start, &item)
			cut := Edit{At: c.start, End: c.end}
			if row[2] == "nil" {
				cut.Text = []byte("<" + c.local + ` xmlns="` + c.space + `" xmlns:xsi="` + NSXSI +
					`" xsi:nil="true"/>`)
			}
			o.cuts = append(o.cuts, cut)
		}
	}
}

// values adds the items in a record, and reports whether one of them is not permitted.
func (o *filterOracle) values(s *returnedSection, e *plainElement, all *Returned) (bad bool) {
	for _, c := range e.children {
		row := o.rowOf(s, c)
		word, value := row[1], strings.Trim(c.text, whiteSpace) != ""
		switch {
		case word == ">":
			bad = o.values(o.section("record", row[2]), c, all) || bad
		case word == "-" || !shows(c):
		case word == "?":
			all.addUnknown([]byte(c.local))
			bad = bad || !o.permits("?"+c.local, false)
		case !o.permits(word, row[2] != "" && row[2] != "nil"):
			all.Add(word)
			bad = true
		case value:
			all.Add(word)
		}
	}
	return bad
}

// words cuts words out of a list.
func (o *filterOracle) words(c *plainElement) {
	if len(c.text) >= maxListed {
		var all Returned
		for word := range strings.FieldsSeq(c.text[:maxListed]) {
			o.listed(c, word, &all)
		}
		all.addUnknown([]byte(c.local))
		o.gone(c.start, &all)
		o.cuts = append(o.cuts, Edit{At: c.start, End: c.end})
		return
	}
	var kept strings.Builder
	var gone Returned
	for word := range strings.FieldsSeq(c.text) {
		if o.keeps(word) {
			kept.WriteString(word + " ")
		} else {
			o.listed(c, word, &gone)
		}
	}
	raw := string(o.doc[c.content:c.close])
	switch {
	case gone.Empty():
		return
	case len(c.children) > 0 || strings.ContainsAny(raw, "&") || strings.Contains(raw, "<![CDATA["):
		o.cuts = append(o.cuts, Edit{At: c.content, End: c.close, Text: []byte(kept.String())})
	default:
		o.cutWords(c, raw)
	}
	o.gone(c.start, &gone)
}

func (o *filterOracle) keeps(word string) bool {
	i, known := replies().robWords[word]
	return known && o.permits(replies().words[i], true)
}

func (o *filterOracle) listed(c *plainElement, word string, set *Returned) {
	if i, known := replies().robWords[word]; known {
		set.add(i)
	} else {
		set.addUnknown([]byte(c.local))
	}
}

// cutWords cuts words out of text with comments in it.
func (o *filterOracle) cutWords(c *plainElement, raw string) {
	word, first, last := "", 0, 0
	end := func(i int) {
		if word != "" && !o.keeps(word) {
			cut := Edit{At: c.content + int64(first), End: c.content + int64(last) + 1}
			if i == last+1 && i < len(raw) && raw[i] == ' ' {
				cut.End++
			}
			o.cuts = append(o.cuts, cut)
		}
		word = ""
	}
	for i := 0; i < len(raw); i++ {
		switch {
		case strings.HasPrefix(raw[i:], "<!--"):
			i += strings.Index(raw[i:], "-->") + 2
		case white(raw[i]):
			end(i)
		default:
			if word == "" {
				first = i
			}
			word, last = word+raw[i:i+1], i
		}
	}
	end(len(raw))
}
