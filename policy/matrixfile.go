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
	return f.build.matrix()
}

type matrixFile struct {
	file string
	csv  *csv.Reader
	*problems
	build *matrixBuilder
	amiss map[string]string // item word → what is wrong with it, empty when nothing
}

// read returns the fields of the next line, nil at the end or after what is not
// CSV.
func (f *matrixFile) read() []string {
	record, err := f.csv.Read()
	var bad *csv.ParseError
	switch {
	case err == nil:
		return record
	case errors.As(err, &bad):
		f.add(place(f.file, bad.Line, bad.Column), "not CSV: %v: double the quotes within a quoted value", bad.Err)
	case err != io.EOF:
		f.add(f.file, "read: %v", err)
	}
	return nil
}

func (f *matrixFile) header() bool {
	before := f.count()
	record := f.read()
	if got := strings.Join(record, ","); got != header && f.count() == before {
		f.add(place(f.file, 1, 1), "the first line is %q: write %s", shorten(got), header)
	}
	return f.count() == before
}

// line reads one pair; it returns false when there is none any more.
func (f *matrixFile) line() bool {
	record := f.read()
	if record == nil {
		return false
	}
	if len(record) != 5 {
		f.fail(0, "the line has %d values: write the 5 of %s", len(record), header)
		return true
	}
	ok := true
	for i, column := range [...]struct {
		name  string
		most  int
		empty bool
	}{{"agenda", 15, false}, {"role", 15, false}, {"ovm", 36, false}, {"kod_iszr", longestItem, false}, {"kod_rpp", longestItem, true}} {
		if column.empty && record[i] == "" || f.build.text[record[i]] != "" && len(record[i]) <= column.most || isCode(record[i], column.most) {
			continue
		}
		f.fail(i, "%s is %q: write a code without blanks, from 1 to %d characters", column.name, shorten(record[i]), column.most)
		ok = false
	}
	if wrong := f.wrongWord(record[3]); ok && wrong != "" {
		f.fail(3, "%s", wrong)
		ok = false
	}
	t, item := triple{record[0], record[1], record[2]}, Item{record[3], record[4]}
	if ok && !f.build.add(t, item) {
		f.fail(0, "%s/%s/%s has %s with this kod_rpp twice: remove one line", t.agenda, t.role, t.ovm, item.Kod)
	}
	return true
}

func (f *matrixFile) fail(field int, format string, args ...any) {
	line, col := f.csv.FieldPos(field)
	f.add(place(f.file, line, col), format, args...)
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
