package egon

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A replyCase is a reply of a service with one record that has all rows of the table, each
// with a value.
type replyCase struct {
	name, code string
	doc        string
	record     string       // the element of the record
	items      []replyValue // in the order of the reply

	codes, addresses string // what it has of RUIAN; empty: nothing
}

// A replyValue is an item of a reply.
type replyValue struct {
	word    string
	element string // its text is in the reply once
	instead string // of the element when it is removed; of a list, without the word
	whole   bool   // the record goes instead
}

// choicesOf are the elements of which the schema demands one in a record.
var choicesOf = map[string][]string{
	"ros-zadost": {"NazevOsoby", "FoTextemPobyt"},
	"ros-nalezene": {"PravnickaOsoba", "FyzickaOsoba", "PravnickaOsobaProvozniUdaje",
		"FyzickaOsobaProvozniUdaje"},
}

// replyCases returns the replies of all services of the table: one for each record, and
// each element of a choice.
func replyCases(t *testing.T) (all []replyCase) {
	x := newSchemas(t)
	for _, s := range returnedSections() {
		if s.is != "reply" || s.name == "E100" {
			continue
		}
		w := instance{t, x, replyOf(s.name).Namespace}
		for _, row := range s.rows {
			choices := choicesOf[row[1]]
			if choices == nil {
				choices = []string{""}
			}
			for _, choice := range choices {
				all = append(all, w.replyCase(s, row, choice))
			}
		}
	}
	return all
}

func (w instance) replyCase(s *returnedSection, row []string, choice string) replyCase {
	service := replyOf(s.name)
	c := replyCase{name: row[0] + choice, code: s.name}
	steps := strings.Split(row[0], "/")
	var along func(e schemaElement, steps []string) string
	along = func(e schemaElement, steps []string) string {
		if len(steps) == 0 {
			c.record = w.write(e, w.record(&c, row[1], e.typ, choice))
			return c.record
		}
		next := func(e schemaElement) bool { return e.named(service.Namespace) == steps[0] }
		var content strings.Builder
		for _, child := range w.contents(e.typ, next) {
			if next(child) {
				content.WriteString(along(child, steps[1:]))
			} else {
				content.WriteString(w.minimal(child))
			}
		}
		return w.write(e, content.String())
	}
	operation := w.x.element(w.t, s.schema(), service.Response)
	var inner strings.Builder
	for _, child := range w.x.childrenOf(w.t, operation.typ) {
		switch {
		case child.named(service.Namespace) == steps[0]:
			inner.WriteString(along(child, steps[1:]))
		case child.local == "SeznamIdAdres":
			c.codes = "<reg:AdresniMisto>7</reg:AdresniMisto>"
			inner.WriteString(w.write(child, c.codes))
		case child.local == "RuianOdpoved":
			c.addresses = w.minimal(child)
			inner.WriteString(c.addresses)
		}
	}
	c.doc = string(replyWith(s.name, inner.String()))
	return c
}

// record writes the content of a record with all that has a row.
func (w instance) record(c *replyCase, name string, typ schemaType, choice string) string {
	section := sectionOf("record", name)
	has := func(e schemaElement) bool { return choice == "" || !e.oneOf || e.local == choice }
	var content strings.Builder
	for _, e := range w.contents(typ, func(e schemaElement) bool {
		return choice == "" || e.local == choice || section.row(e.local)[1] == "-"
	}) {
		if !has(e) {
			continue
		}
		row := section.row(e.local)
		switch row[1] {
		case "-":
			content.WriteString(w.minimal(e))
		case ">":
			content.WriteString(w.write(e, w.record(c, row[2], e.typ, "")))
		case "*":
			content.WriteString(c.list(w, e))
		default:
			v := replyValue{word: row[1], element: c.unlike(w.minimal(e))}
			if v.word == "=" || v.word == "!" {
				v.word = e.local
			}
			if len(row) > 2 {
				v.whole = row[2] != "nil"
			}
			if len(row) > 2 && row[2] == "nil" {
				v.instead = fmt.Sprintf(`<%s xmlns="%s" xmlns:xsi="%s" xsi:nil="true"/>`, e.local,
					e.space, NSXSI)
			}
			c.items = append(c.items, v)
			content.WriteString(v.element)
		}
	}
	return content.String()
}

// unlike returns an element with a comment unless it is unlike those that the reply has.
func (c *replyCase) unlike(element string) string {
	for i, v := range c.items {
		if v.element == element {
			return strings.Replace(element, ">", fmt.Sprintf("><!--%d-->", i), 1)
		}
	}
	return element
}

// list writes a list of two words, of which the second is of this list alone.
func (c *replyCase) list(w instance, e schemaElement) string {
	words := map[string]string{
		"OvereneUdaje": "Jmeno", "CastecneOvereneUdaje": "Prijmeni", "NeovereneUdaje": "Doklad",
	}
	whole := w.write(e, "Aifo "+words[e.local])
	c.items = append(c.items, replyValue{word: words[e.local], element: whole,
		instead: w.write(e, "Aifo ")})
	return whole
}

func sectionOf(is, name string) *returnedSection {
	for _, s := range returnedSections() {
		if s.is == is && s.name == name {
			return s
		}
	}
	return nil
}

// words returns the words of the items, each once.
func (c *replyCase) words() (words []string) {
	for _, v := range c.items {
		if !slices.Contains(words, v.word) {
			words = append(words, v.word)
		}
	}
	return words
}

// without returns the reply as it leaves when a word is not permitted, and the words that are
// removed.
func (c *replyCase) without(word string) (doc string, removed []string) {
	doc, removed = c.doc, []string{word}
	for _, v := range c.items {
		switch {
		case v.word != word:
		case v.whole:
			doc, removed = strings.Replace(c.doc, c.record, "", 1), c.words()
			return warned(c.withoutRuian(doc, removed), inTableOrder(removed)...), removed
		default:
			doc = strings.Replace(doc, v.element, v.instead, 1)
		}
	}
	return warned(c.withoutRuian(doc, removed), removed...), removed
}

// withoutRuian returns the reply without what belongs to the references of items.
func (c *replyCase) withoutRuian(doc string, removed []string) string {
	if !slices.ContainsFunc(removed, mayRefer) {
		return doc
	}
	return strings.Replace(strings.Replace(doc, c.codes, "", 1), c.addresses, "", 1)
}

// mayRefer reports whether an item may hold a reference to RUIAN.
func mayRefer(word string) bool {
	i, known := replies().index[word]
	return !known || replies().refers.has(i)
}

// inTableOrder returns words in the order of [Returned.Words].
func inTableOrder(words []string) []string {
	var set Returned
	for _, w := range words {
		set.Add(w)
	}
	return slices.Collect(set.Words())
}

// Each item of each reply of the table, permitted or not: the filtered reply has all but that
// item, byte for byte, and is valid. A reply that is refused ends before the element.
func TestEachItemOfEachReply(t *testing.T) {
	o := newOracle(t)
	o.mend(t, "aiseo/xsd/AiseoCtiPodleUdaju2.xsd", "aiseo:MistoNarozeniType", "xs:string")
	leaving := map[string][]string{} // the replies that leave, by the service
	for _, c := range replyCases(t) {
		t.Run(c.code+" "+c.name, func(t *testing.T) {
			r := NewReplyReader(DefaultBounds())
			e := Expectation{Rule: FilterReturned, Rights: grantedWords(c.words())}
			leaving[c.code] = append(leaving[c.code], c.doc)
			for _, size := range []int{len(c.doc), 7} {
				got, err := filter(r, c.code, []byte(c.doc), e, size, 0)
				if err != nil || string(got) != c.doc || !r.Removed().Empty() {
					t.Errorf("all permitted: %v, removed %q", err,
						inOrder(slices.Collect(r.Removed().Words())))
				}
			}
			for _, word := range c.words() {
				if word == AlwaysReturned {
					continue
				}
				leaving[c.code] = append(leaving[c.code], c.check(t, r, word))
			}
		})
	}
	envelope := o.robEnvelope(t) // written once for the services of ROB, which run in parallel
	for code, docs := range leaving {
		if slices.Contains(withoutTypes, code) {
			continue
		}
		t.Run(code+" is valid", func(t *testing.T) {
			t.Parallel()
			schema := sectionOf("reply", code).schema()
			if schema == robEnvelope {
				schema = envelope
			}
			o.validateAll(t, schema, docs)
		})
	}
}

// withoutTypes are services whose schemas refer to types that the published set lacks.
var withoutTypes = []string{"E256", "E257", "E258", "E259"}

// check reads the reply without the right to one word, and returns what leaves of it.
func (c *replyCase) check(t *testing.T, r *ReplyReader, word string) string {
	rights := slices.DeleteFunc(c.words(), func(w string) bool { return w == word })
	e := Expectation{FilterReturned, append(grantedWords(rights), "-"+word), nil}
	want, removed := c.without(word)
	for _, size := range []int{len(c.doc), 7} {
		got, err := filter(r, c.code, []byte(c.doc), e, size, 0)
		if err != nil || string(got) != want {
			t.Errorf("without %s: %v %s", word, err, difference(string(got), want))
		}
		if got := inOrder(slices.Collect(r.Removed().Words())); got != inOrder(slices.Clone(removed)) {
			t.Errorf("without %s: removed %s, want %s", word, got, removed)
		}
	}
	e.Rule = RefuseReturned
	i := slices.IndexFunc(c.items, func(v replyValue) bool { return v.word == word })
	at := strings.Index(c.doc, c.items[i].element)
	got, err := filter(r, c.code, []byte(c.doc), e, 7, 0)
	var o *Offence
	if !errors.As(err, &o) || o.Kind != Unpermitted || o.Offset != int64(at) || len(got) > at {
		t.Errorf("refused without %s: %v, %d bytes left, the element is at byte %d", word, err,
			len(got), at)
	}
	return want
}

// difference returns two texts from where they differ.
func difference(got, want string) string {
	if got == want {
		return ""
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	cut := func(s string) string { return s[max(i-20, 0):min(i+80, len(s))] }
	return fmt.Sprintf("at byte %d:\n got %q\nwant %q", i, cut(got), cut(want))
}

// verdicts returns which documents are valid by one schema, which is read once.
func (o *oracle) verdicts(t *testing.T, schema string, docs [][]byte) (valid []bool) {
	t.Helper()
	folder := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schema}
	for i, doc := range docs {
		file := filepath.Join(folder, fmt.Sprintf("%d.xml", i))
		if err := os.WriteFile(file, doc, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	cmd := exec.Command("xmllint", args...)
	cmd.Env = o.env
	said, _ := cmd.CombinedOutput() // it fails when one is not valid
	for _, file := range args[4:] {
		is := strings.Contains(string(said), file+" validates\n")
		if is == strings.Contains(string(said), file+" fails to validate\n") {
			t.Fatalf("no verdict about %s: %s", file, said)
		}
		valid = append(valid, is)
	}
	return valid
}

// validateAll validates documents by one schema, which is read once.
func (o *oracle) validateAll(t *testing.T, schema string, docs []string) {
	t.Helper()
	folder := t.TempDir()
	if !filepath.IsAbs(schema) {
		schema = filepath.Join(o.schemas, schema)
	}
	args := []string{"--noout", "--nonet", "--schema", schema}
	for i, doc := range docs {
		file := filepath.Join(folder, fmt.Sprintf("%d.xml", i))
		if err := os.WriteFile(file, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	cmd := exec.Command("xmllint", args...)
	cmd.Env = o.env
	if said, err := cmd.CombinedOutput(); err != nil {
		for line := range strings.Lines(string(said)) {
			if !strings.HasSuffix(strings.TrimSpace(line), " validates") {
				t.Error(strings.TrimPrefix(strings.TrimSpace(line), folder+"/"))
			}
		}
	}
}
