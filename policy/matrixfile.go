package policy

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"brana/egon"
)

// header is the first line of a matrix file.
const header = "agenda,role,ovm,kod_iszr,kod_rpp"

// columns are its columns, and how many characters each may have.
var columns = [...]struct {
	name     string
	most     int
	optional bool
}{
	{name: "agenda", most: longestAgenda},
	{name: "role", most: longestRole},
	{name: "ovm", most: longestOvm},
	{name: "kod_iszr", most: longestItem},
	{name: "kod_rpp", most: longestItem, optional: true},
}

// mostLine bounds one line, in bytes; five codes take a few hundred.
const mostLine = 1 << 16

// readMatrix reads a CSV file (RFC 4180, UTF-8, a byte order mark allowed): the
// header, then one pair of a triple and an item a line, in any order. A value has no
// line break, since no code has.
func readMatrix(file string, r io.Reader, p *problems) matrix {
	f := matrixFile{
		file:     file,
		in:       bufio.NewReaderSize(r, mostLine),
		problems: p,
		build:    newMatrixBuilder(),
		right:    make(map[string]uint32),
		amiss:    make(map[string]string),
	}
	mark, _ := f.in.Peek(len(byteOrderMark))
	if wide(mark) {
		p.add(Place{file, 1, 1}, inUTF16)
		return matrix{}
	}
	if bytes.Equal(mark, byteOrderMark) {
		_, _ = f.in.Discard(len(mark)) // it was peeked at
	}
	if !f.header() {
		return matrix{}
	}
	for !f.badEncoding && f.next() {
		f.line()
	}
	return f.build.done()
}

// A matrixFile is a file on its way to a matrix. Exports list the items of a triple
// one after the other, and repeat the same few hundred items. So the beginning of a
// line is compared with the beginning of the line before, and its end is looked up
// among the ends that were right before.
type matrixFile struct {
	file string
	in   *bufio.Reader
	*problems
	build       *matrixBuilder
	number      int               // of the line, from 1
	text        []byte            // the line; valid until the next
	list        []value           // its values, kept for their room
	before      []byte            // first three values of the last right line, with commas
	at          int               // the slot of the triple in them
	right       map[string]uint32 // last two values as written → id of the item
	badEncoding bool              // a line was not in UTF-8; reading ends there
	amiss       map[string]string // item word → its mistake, empty when it is right
}

// next reads the next line that is not empty. It returns false at the end.
func (f *matrixFile) next() bool {
	for {
		line, err := f.in.ReadSlice('\n')
		f.number++
		switch {
		case err == nil || err == io.EOF && len(line) > 0:
			f.text = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
			if len(f.text) > 0 {
				return true
			}
		case err == io.EOF:
			return false
		case errors.Is(err, bufio.ErrBufferFull):
			f.add(Place{f.file, f.number, 1},
				"the line is longer than %d bytes: is this a matrix file?", mostLine)
			return false
		default:
			f.add(Place{File: f.file}, "read: %v", err)
			return false
		}
	}
}

// A value is one value of a line.
type value struct {
	text string
	col  int // in bytes, from 1
}

// values splits the line. It returns false when the line is not CSV, which it notes.
// The list is valid until the next call.
func (f *matrixFile) values() (list []value, ok bool) {
	if !utf8.Valid(f.text) {
		f.badEncoding = true
		f.note(notUTF8(f.file, f.number, f.text))
		return nil, false
	}
	if bytes.IndexByte(f.text, '"') < 0 {
		list = f.list[:0]
		for col, rest, more := 1, string(f.text), true; more; {
			var text string
			text, rest, more = strings.Cut(rest, ",")
			list = append(list, value{text, col})
			col += len(text) + 1
		}
		f.list = list
		return list, true
	}
	r := csv.NewReader(bytes.NewReader(f.text))
	record, err := r.Read()
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		f.add(Place{f.file, f.number, bad.Column},
			"not CSV: %v: double the quotes within a quoted value", bad.Err)
		return nil, false
	}
	for i, text := range record {
		_, col := r.FieldPos(i)
		list = append(list, value{text, col})
	}
	return list, true
}

func (f *matrixFile) header() bool {
	var names []string
	if f.next() {
		list, ok := f.values()
		if !ok {
			return false
		}
		for _, v := range list {
			names = append(names, v.text)
		}
	}
	got := strings.Join(names, ",")
	if got != header {
		f.add(Place{f.file, 1, 1}, "the first line is %q: write %s", shorten(got), header)
	}
	return got == header
}

// line adds the pair of one line to the matrix.
func (f *matrixFile) line() {
	rest, same := bytes.CutPrefix(f.text, f.before)
	if same && len(f.before) > 0 {
		if id, ok := f.right[string(rest)]; ok {
			f.give(f.at, id)
			return
		}
	}
	record, ok := f.values()
	switch {
	case !ok:
		return
	case len(record) != len(columns):
		f.fail(1, "the line has %d values: write the %d of %s", len(record), len(columns), header)
		return
	case !f.codes(record):
		return
	}
	if wrong := f.wrongWord(record[3].text); wrong != "" {
		f.fail(record[3].col, "%s", wrong)
		return
	}
	at := f.build.row(record[0].text, record[1].text, record[2].text)
	id := f.build.item(Item{record[3].text, record[4].text})
	if cut := record[3].col - 1; bytes.IndexByte(f.text, '"') < 0 {
		f.before, f.at = append(f.before[:0], f.text[:cut]...), at
		f.right[string(f.text[cut:])] = id
	} else {
		f.before = f.before[:0] // its slot may have moved
	}
	f.give(at, id)
}

func (f *matrixFile) give(at int, id uint32) {
	if f.build.give(at, id) {
		return
	}
	record, _ := f.values() // it was CSV
	f.fail(1, "%s/%s/%s has the item %s twice: remove one line",
		record[0].text, record[1].text, record[2].text, record[3].text)
}

// codes checks that the values are codes, as long as RegTypy allows.
func (f *matrixFile) codes(record []value) bool {
	ok := true
	for i, c := range columns {
		v := record[i]
		if v.text == "" && c.optional || isCode(v.text, c.most) {
			continue
		}
		f.fail(v.col, "%s is %q: write a code of %s, from 1 to %d characters",
			c.name, shorten(v.text), codeCharacters, c.most)
		ok = false
	}
	return ok
}

func (f *matrixFile) fail(col int, format string, args ...any) {
	f.add(Place{f.file, f.number, col}, format, args...)
}

// wrongWord returns the mistake in an item word, empty when it is right. Words beyond
// the vocabulary are right: the state may add items.
func (f *matrixFile) wrongWord(word string) string {
	wrong, ok := f.amiss[word]
	if ok {
		return wrong
	}
	switch sourceOf(word) {
	case controlWord:
		wrong = word + " is a control word: remove the line, it needs no right"
	case grantOnly:
		wrong = word + " is an item of the evidence: it belongs to a grant, remove the line"
	case anySource:
		if near := egon.NearMiss(word); near != "" {
			wrong = "unknown item " + word + ": write " + near
		}
	}
	f.amiss[strings.Clone(word)] = wrong
	return wrong
}

// shorten keeps a message short when a whole file is one value.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
