package policy

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"brana/egon"
)

// header is the first line of a matrix file.
const header = "agenda,role,ovm,kod_iszr,kod_rpp"

// columns are its columns and the characters that each may have.
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

// readMatrix reads a CSV file (RFC 4180, UTF-8, a byte order mark allowed): the
// header, then one pair of a triple and an item on each line, in any order.
func readMatrix(file string, r io.Reader, p *problems) matrix {
	in := bufio.NewReaderSize(r, 1<<16)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		in.Discard(3)
	}
	f := matrixFile{file: file, csv: csv.NewReader(in), problems: p, build: newMatrixBuilder(), amiss: make(map[string]string)}
	f.csv.FieldsPerRecord = -1
	f.csv.ReuseRecord = true
	if !f.header() {
		return matrix{}
	}
	for f.line() {
	}
	return f.build.done()
}

type matrixFile struct {
	file string
	csv  *csv.Reader
	*problems
	build *matrixBuilder
	amiss map[string]string // item word → what is wrong with it, empty when nothing
}

// read returns the fields of the next line that is CSV, nil when there is none
// any more.
func (f *matrixFile) read() []string {
	for {
		record, err := f.csv.Read()
		var bad *csv.ParseError
		switch {
		case err == nil:
			return record
		case errors.As(err, &bad):
			f.add(Place{f.file, bad.Line, bad.Column}, "not CSV: %v: double the quotes within a quoted value", bad.Err)
		case err == io.EOF:
			return nil
		default:
			f.add(Place{File: f.file}, "read: %v", err)
			return nil
		}
	}
}

func (f *matrixFile) header() bool {
	got := strings.Join(f.read(), ",")
	if got != header {
		f.add(Place{f.file, 1, 1}, "the first line is %q: write %s", shorten(got), header)
	}
	return got == header
}

// line reads one pair; it returns false when there is none any more.
func (f *matrixFile) line() bool {
	record := f.read()
	switch {
	case record == nil:
		return false
	case len(record) != len(columns):
		f.fail(0, "the line has %d values: write the %d of %s", len(record), len(columns), header)
		return true
	case !f.codes(record):
		return true
	}
	if wrong := f.wrongWord(record[3]); wrong != "" {
		f.fail(3, "%s", wrong)
		return true
	}
	t, item := triple{record[0], record[1], record[2]}, Item{record[3], record[4]}
	if !f.build.add(t, item) {
		f.fail(0, "%s/%s/%s has the item %s twice: remove one line", t.agenda, t.role, t.ovm, item.Kod)
	}
	return true
}

// codes checks that the values are codes of the lengths that RegTypy allows.
func (f *matrixFile) codes(record []string) bool {
	ok := true
	for i, c := range columns {
		v := record[i]
		if v == "" && c.optional || isCode(v, c.most) {
			continue
		}
		f.fail(i, "%s is %q: write a code of letters, digits, dots, hyphens, underscores and colons, from 1 to %d", c.name, shorten(v), c.most)
		ok = false
	}
	return ok
}

func (f *matrixFile) fail(field int, format string, args ...any) {
	line, col := f.csv.FieldPos(field)
	f.add(Place{f.file, line, col}, format, args...)
}

// wrongWord says what is wrong with an item word. Words that the vocabulary
// does not know are the state's own and right.
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

// shorten keeps a message short when a whole file turns out to be one value.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
