// Package requests is the corpus of the gate: requests that must be refused,
// and their near misses that must be let through, each with its verdict. The
// tests of every layer that a message passes read it from here, so that all of
// them give the one verdict. rules.txt says what the cases show.
package requests

import (
	"bytes"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/tools/txtar"
)

//go:embed *.txtar *.xml rules.txt messages
var files embed.FS

// A Case is one section of a txtar file: a request made from one of the XML
// files beside it, and what the gate says to it. Its lines are
//
//	service E198               the code in the path; E198 if not said
//	from e198.xml              the request to begin with
//	text TEXT                  or the whole of it; escapes as in Go
//	edit OLD => NEW            once, in order
//	fill OLD => N TEXT         the same with TEXT repeated N times
//	before TEXT, after TEXT    around all of it
//	as utf-16le                all of it in another encoding; or utf-16be, utf-32be
//	shows RULE ...             what in rules.txt it is a case of
//	want accept                or: want KIND ERROR
//	refused KIND               what the sample policy says to whom is accepted so far
//	head NAME=VALUE            what the head then says, among other things
type Case struct {
	Name, Service string
	Doc           []byte
	Want          string
	Head, Shows   []string
	Refused       string
	Edits         []string // "OLD => NEW" as they are written
}

// A Rule is something that the gate keeps to; it has cases of each verdict
// that it asks for.
type Rule struct {
	Name           string
	Refuse, Accept bool
}

// Cases reads the corpus of the external interface.
func Cases() ([]Case, error) { return casesIn(".") }

// Messages reads the corpus of internal messages, whose cases name another service each.
func Messages() ([]Case, error) { return casesIn("messages") }

func casesIn(folder string) ([]Case, error) {
	archives, err := files.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, file := range archives {
		if path.Ext(file.Name()) != ".txtar" {
			continue
		}
		text, err := files.ReadFile(path.Join(folder, file.Name()))
		if err != nil {
			return nil, err
		}
		for _, section := range txtar.Parse(text).Files {
			c := Case{
				Name: path.Join(folder, strings.TrimSuffix(file.Name(), ".txtar"),
					section.Name),
				Service: "E198",
			}
			for line := range strings.Lines(string(section.Data)) {
				if err := c.read(strings.TrimSuffix(line, "\n")); err != nil {
					return nil, fmt.Errorf("%s: %s: %w", c.Name, line, err)
				}
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

func (c *Case) read(line string) (err error) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "":
	case "service":
		c.Service = rest
	case "from":
		c.Doc, err = files.ReadFile(rest)
	case "text":
		c.Doc, err = unescape(rest)
	case "refused":
		c.Refused = rest
	case "edit":
		c.Edits = append(c.Edits, rest)
		err = c.edit(rest, false)
	case "fill":
		err = c.edit(rest, true)
	case "before", "after":
		var text []byte
		text, err = unescape(rest)
		if verb == "before" {
			c.Doc = append(text, c.Doc...)
		} else {
			c.Doc = append(c.Doc, text...)
		}
	case "as":
		c.Doc, err = encode(rest, c.Doc)
	case "shows":
		c.Shows = strings.Fields(rest)
	case "want":
		c.Want = rest
	case "head":
		c.Head = append(c.Head, rest)
	default:
		err = errors.New("unknown line")
	}
	return err
}

// edit replaces the first OLD of a line by NEW, or by N times TEXT.
func (c *Case) edit(line string, fill bool) error {
	before, after, _ := strings.Cut(line, " => ")
	times := "1"
	if fill {
		times, after, _ = strings.Cut(after, " ")
	}
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	old, err := unescape(before)
	if err != nil {
		return err
	}
	text, err := unescape(after)
	if err != nil {
		return err
	}
	if !bytes.Contains(c.Doc, old) {
		return errors.New("nothing to edit")
	}
	c.Doc = bytes.Replace(c.Doc, old, bytes.Repeat(text, n), 1)
	return nil
}

func unescape(s string) ([]byte, error) {
	var b []byte
	for s != "" {
		r, multibyte, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			return nil, err
		}
		if multibyte {
			b = append(b, string(r)...)
		} else {
			b = append(b, byte(r))
		}
		s = rest
	}
	return b, nil
}

func encode(name string, doc []byte) (b []byte, err error) {
	switch name {
	case "utf-16le":
		for _, c := range utf16.Encode([]rune(string(doc))) {
			b = binary.LittleEndian.AppendUint16(b, c)
		}
	case "utf-16be":
		for _, c := range utf16.Encode([]rune(string(doc))) {
			b = binary.BigEndian.AppendUint16(b, c)
		}
	case "utf-32be":
		for _, c := range string(doc) {
			b = binary.BigEndian.AppendUint32(b, uint32(c))
		}
	default:
		err = errors.New("unknown encoding")
	}
	return b, err
}

// Rules reads rules.txt: lines "NAME VERDICTS TEXT", VERDICTS being refuse,
// accept or both with a comma; what begins with a blank goes on.
func Rules() ([]Rule, error) {
	text, err := files.ReadFile("rules.txt")
	if err != nil {
		return nil, err
	}
	var rules []Rule
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || line[0] == ' ' || line[0] == '#' {
			continue
		}
		rules = append(rules, Rule{
			Name:   fields[0],
			Refuse: strings.Contains(fields[1], "refuse"),
			Accept: strings.Contains(fields[1], "accept"),
		})
	}
	return rules, nil
}
