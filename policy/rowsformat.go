package policy

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The file of the rows is text that people can read. Its last line has the number of
// rows and the SHA-256 of all bytes before it:
//
//	brana matrix rows 1
//	origin test https://egon.example/publikace
//	row 2026-11-25T03:00:12Z X999 XR1 12345678 Prijmeni=101-1-1 Aifo=
//	end 1 3fd0…
//
// It holds only triples that have a row: "no row" expires too soon to be saved.
const rowsFileHead = "brana matrix rows 1"

// A fileRow is one row of the file.
type fileRow struct {
	triple  Triple
	fetched time.Time
	items   []Item
}

// writeRows replaces a file by one with these rows. Whatever happens meanwhile, the
// file is the old one or the new one.
func writeRows(name, origin string, rows []fileRow) (err error) {
	leftovers, _ := filepath.Glob(temporary(name)) // the pattern is well formed
	for _, one := range leftovers {
		_ = os.Remove(one) // left by a process that was killed; it does no harm
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(temporary(name)))
	if err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write the rows: %w", err)
		}
	}()
	err = errors.Join(encodeRows(f, origin, rows), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err = os.Rename(f.Name(), name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// temporary returns the pattern of the names that a file has while it is written.
func temporary(name string) string { return name + ".*.tmp" }

func encodeRows(to io.Writer, origin string, rows []fileRow) error {
	sum := sha256.New()
	out := bufio.NewWriterSize(to, 1<<16)
	w := io.MultiWriter(out, sum)
	var line []byte
	line = fmt.Appendf(line, "%s\norigin %s\n", rowsFileHead, origin)
	for _, one := range rows {
		t := one.triple
		line = fmt.Appendf(line, "row %s %s %s %s",
			one.fetched.UTC().Format(time.RFC3339), t.Agenda, t.Role, t.Ovm)
		for _, item := range one.items {
			line = append(append(append(append(line, ' '), item.Kod...), '='), item.KodRpp...)
		}
		line = append(line, '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	if _, err := w.Write(line); err != nil { // the head of a file without rows
		return err
	}
	if _, err := fmt.Fprintf(out, "end %d %x\n", len(rows), sum.Sum(nil)); err != nil {
		return err
	}
	return out.Flush()
}

// mostRowLine bounds a line of the file, in bytes.
const mostRowLine = 1 << 20

// readRows reads a whole file or returns an error.
func readRows(name string, from io.Reader, origin string) ([]fileRow, error) {
	d := rowsFile{
		name: name,
		in:   bufio.NewReaderSize(from, mostRowLine),
		sum:  sha256.New(),
		seen: map[Triple]bool{},
	}
	switch {
	case !d.next() || d.line != rowsFileHead:
		return nil, d.damaged(
			"the first line is not %q: it is no file of rows, or one of another version",
			rowsFileHead,
		)
	case !d.next() || !strings.HasPrefix(d.line, "origin "):
		return nil, d.damaged("the origin is missing")
	case d.line != "origin "+origin:
		return nil, fmt.Errorf(
			"%s:2: the rows are of %s, not of %s: remove the file, or name the right one",
			name, d.line[len("origin "):], origin)
	}
	var rows []fileRow
	for {
		sum := d.sum.Sum(nil)
		if !d.next() {
			return nil, d.damaged("the last line is missing")
		}
		if end, ok := strings.CutPrefix(d.line, "end "); ok {
			want := fmt.Sprintf("%d %s", len(rows), hex.EncodeToString(sum))
			if end != want || d.next() || d.err != io.EOF {
				return nil, d.damaged("its checksum is wrong")
			}
			return rows, nil
		}
		one, ok := d.row()
		if !ok {
			return nil, d.damaged("the line is no row")
		}
		rows = append(rows, one)
	}
}

// A rowsFile is the file while it is read.
type rowsFile struct {
	name   string
	in     *bufio.Reader
	sum    hash.Hash // of the lines so far
	number int
	line   string // without its end
	err    error
	seen   map[Triple]bool
}

func (d *rowsFile) next() bool {
	line, err := d.in.ReadSlice('\n')
	d.number++
	d.sum.Write(line)
	d.line, d.err = string(bytes.TrimSuffix(line, []byte("\n"))), err
	if err == io.EOF && len(line) > 0 {
		d.err = io.ErrUnexpectedEOF
	}
	return err == nil
}

func (d *rowsFile) damaged(format string, args ...any) error {
	return fmt.Errorf("%s:%d: the file is damaged: %s: remove it, the rows are fetched again",
		d.name, d.number, fmt.Sprintf(format, args...))
}

// row reads the line as a row.
func (d *rowsFile) row() (one fileRow, ok bool) {
	words := strings.Split(d.line, " ")
	if len(words) < 6 || words[0] != "row" {
		return one, false
	}
	fetched, err := time.Parse(time.RFC3339, words[1])
	t := Triple{words[2], words[3], words[4]}
	one = fileRow{triple: t, fetched: fetched}
	ok = err == nil && !d.seen[t] &&
		isCode(t.Agenda, longestAgenda) && isCode(t.Role, longestRole) && isCode(t.Ovm, longestOvm)
	d.seen[t] = true
	for _, word := range words[5:] {
		kod, rpp, found := strings.Cut(word, "=")
		ok = ok && found && isCode(kod, longestItem) && (rpp == "" || isCode(rpp, longestItem))
		one.items = append(one.items, Item{kod, rpp})
	}
	return one, ok
}
