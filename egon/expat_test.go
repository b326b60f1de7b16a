package egon

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"brana/egon/xmltext"
)

// An expat is another parser of XML, in a process of its own (testdata/expat/expat.c).
// It judges the messages that the gateway accepts.
type expat struct {
	in  io.Writer
	out *bufio.Reader
}

// startExpat compiles and starts expat. It ends with the test.
func startExpat(t testing.TB) *expat {
	t.Helper()
	program := filepath.Join(t.TempDir(), "expat")
	if said, err := exec.Command("gcc", "-O2", "-o", program, "testdata/expat/expat.c",
		"-lexpat").CombinedOutput(); err != nil {
		if os.Getenv("BRANA_REQUIRE_EXPAT") == "1" {
			t.Fatalf("compile expat.c: %v\n%s", err, said)
		}
		t.Skip("no expat to compare with: install gcc and libexpat1-dev")
	}
	cmd := exec.Command(program)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Error("end expat:", err)
		}
	})
	return &expat{in: in, out: bufio.NewReader(out)}
}

// read returns the tree of a document by expat, or its reason to refuse it.
func (e *expat) read(t testing.TB, doc []byte) (tree, refusal string) {
	frame := append(binary.LittleEndian.AppendUint32(nil, uint32(len(doc))), doc...)
	if _, err := e.in.Write(frame); err != nil {
		t.Fatal("ask expat: ", err)
	}
	var head [4]byte
	if _, err := io.ReadFull(e.out, head[:]); err != nil {
		t.Fatal("ask expat: ", err)
	}
	answer := make([]byte, binary.LittleEndian.Uint32(head[:]))
	if _, err := io.ReadFull(e.out, answer); err != nil {
		t.Fatal("ask expat: ", err)
	}
	if answer[0] == '-' {
		return "", string(answer[1:])
	}
	return string(answer[1:]), ""
}

// scanned returns the tree of a document by the scanner, in the form of expat.c. plain
// reports that all its names are ASCII.
func scanned(s *xmltext.Scanner, doc []byte) (tree string, plain bool, err error) {
	s.Reset()
	plain = true
	var b strings.Builder
	name := func(n xmltext.Name) {
		if len(n.Space) > 0 {
			b.WriteString(string(n.Space) + "\x01")
		}
		b.Write(n.Local)
		for _, part := range [][]byte{n.Prefix, n.Local} {
			for _, c := range part {
				plain = plain && c < utf8.RuneSelf
			}
		}
	}
	for {
		tok, n, err := s.Next(doc, true)
		if err != nil {
			return "", plain, err
		}
		doc = doc[n:]
		switch tok.Kind {
		case xmltext.StartElement:
			b.WriteByte(2)
			name(tok.Name)
			for _, a := range tok.Attrs() {
				b.WriteByte(4)
				name(a.Name)
				b.WriteByte(5)
				b.Write(a.Value)
			}
			b.WriteByte(6)
			for _, binding := range tok.Namespaces() {
				for _, c := range binding.Prefix {
					plain = plain && c < utf8.RuneSelf
				}
			}
		case xmltext.EndElement:
			b.WriteByte(3)
		case xmltext.Text, xmltext.CData:
			b.Write(tok.Data)
		case xmltext.ProcInst:
			for _, c := range tok.Name.Local {
				plain = plain && c < utf8.RuneSelf
			}
		case xmltext.End:
			return b.String(), plain, nil
		}
	}
}

// FuzzExpat: expat accepts all that the scanner accepts, with the same elements,
// attributes and text. A request that the gateway accepts has the same head in expat's
// tree. Documents with names beyond ASCII are exempt: expat knows only those of the
// fourth edition of XML and refuses others.
func FuzzExpat(f *testing.F) {
	for i, c := range shortCases(f) {
		f.Add(c.Doc, uint8(i))
	}
	for i, doc := range []string{
		"\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?><a xmlns:p='u&#x41;' p:b=\"ž\r\n\"><p:c/>x]]&gt;</a>",
		"<a>x<![CDATA[]]]&]]]]><!-- - --><?p q??></a><!---->", "<a><b c='' xml:lang=''></b></a>",
		"<a xmlns:p='u' xmlns:q='v' p:x='' q:x=''/>",
		"<a xmlns=''><b xmlns='u'><c xmlns='' b='&#9;\t'/></b></a>",
	} {
		f.Add([]byte(doc), uint8(i))
	}
	e := startExpat(f)
	scanner, reader := xmltext.NewScanner(xmltext.DefaultBounds()), NewReader(DefaultBounds())
	f.Fuzz(func(t *testing.T, doc []byte, code uint8) {
		e.judge(t, scanner, reader, serviceCodes[int(code)%len(serviceCodes)], doc)
	})
}

// serviceCodes are services of every grammar.
var serviceCodes = []string{"E198", "E227", "E05", "E100", "X11", "O08", "X21", "G27"}

// judge compares the results of the scanner and the reader for a document with those of
// expat. It reports whether the reader accepts it.
func (e *expat) judge(t *testing.T, scanner *xmltext.Scanner, reader *Reader, service string,
	doc []byte) bool {
	t.Helper()
	want, plain, err := scanned(scanner, doc)
	if err != nil {
		return false
	}
	tree, refusal := e.read(t, doc)
	switch {
	case refusal != "" && plain:
		t.Fatalf("the scanner accepts what expat refuses: %s: %q", refusal, doc)
	case refusal != "":
		return false
	case tree != want:
		t.Fatalf("the scanner (-) and expat (+) see different things in %q:\n%s", doc,
			cmp.Diff(want, tree))
	}
	reader.Reset(ServiceByCode(service))
	if reader.Feed(doc, true) != nil {
		return false
	}
	compareHead(t, reader.Head(), parseTree(tree))
	return true
}

// pieces are attacks to put anywhere into a good request.
var pieces = []string{
	"<x/>", "<x></x>", "<x xmlns=''/>", "<ZadostInfo/>", "</ZadostInfo>", "<x>", "</x>", "<!---->",
	"<!-->-->", "<!--->-->", "<!-- <ZadostInfo> -->", "<!--", "-->",
	"<![CDATA[]]>", "<![CDATA[X]]>", "<![CDATA[<]]>", "<![CDATA[", "]]>", "]]", "]", ">", "<", "&",
	"&lt;", "&gt;", "&#x58;", "&#13;", "&#10;", "&#0;", "&x;", "&#", "&#x", ";",
	"<?x?>", "<?xml version='1.0'?>", "<?", "?>", "<!DOCTYPE x>", "<!", "\r", "\r\n", "\n", "\t",
	" ", "\u00a0", "\u0085", "\u2028", "\ufeff", "\x00", "\x01", "\x7f",
	"\xc0\x80", "\xed\xa0\x80", "\uffff", "\U0001f600", "a", "X", ":", "=", "'", "\"", "/",
	" a='1'", " a=\"\r\n\t \"", " a='&#10;&#x20;&amp;'", " a='>'", " a='<'", " a='1' a='2'",
	" xmlns=''", " xmlns='urn:x'", " xmlns:s='urn:x'", " xmlns:xml='urn:x'",
	" xmlns:xml='http://www.w3.org/XML/1998/namespace'", " xmlns:p=''",
	" xmlns:p='urn:p' p:a='1'", " xml:lang='cs'",
	" xmlns:p='urn:p' xmlns:q='urn:p' p:a='1' q:a='2'", " href='#x'",
}

// TestExpat puts every piece at every edge of the markup of good requests, and inside
// it.
func TestExpat(t *testing.T) {
	e, scanner, reader := startExpat(t), xmltext.NewScanner(xmltext.DefaultBounds()),
		NewReader(DefaultBounds())
	tried, accepted := 0, 0
	for code, file := range map[string]string{"E198": "e198-bare.xml", "E227": "e227.xml",
		"E05": "e05.xml", "E100": "e100.xml"} {
		doc := requestFile(t, file)
		for at := range len(doc) + 1 {
			if at > 0 && at < len(doc) && !bytes.ContainsRune([]byte("<>/ =\"':\n"),
				rune(doc[at])) && doc[at-1] != '>' {
				continue
			}
			for _, piece := range pieces {
				tried++
				if e.judge(t, scanner, reader, code,
					slices.Concat(doc[:at], []byte(piece), doc[at:])) {
					accepted++
				}
			}
		}
	}
	t.Logf("%d messages, %d accepted", tried, accepted)
	if accepted < 1000 {
		t.Errorf("only %d of %d messages accepted: there was little to compare", accepted, tried)
	}
}

// TestExpatOnCases compares with expat every case of the corpus that the gateway
// accepts.
func TestExpatOnCases(t *testing.T) {
	e, scanner, reader := startExpat(t), xmltext.NewScanner(xmltext.DefaultBounds()),
		NewReader(DefaultBounds())
	for _, c := range requestCases(t) {
		if accepted := e.judge(t, scanner, reader, c.Service,
			c.Doc); !accepted && c.Want == "accept" {
			t.Errorf("%s: expat refuses it", c.Name)
		}
	}
}

// compareHead compares a head with the tree of its message by expat.
func compareHead(t *testing.T, h *Head, document *expatNode) {
	t.Helper()
	operation := document.kids[0]
	if body := document.child(NSEnvelope, "Envelope").child(NSEnvelope, "Body"); body != nil {
		operation = body.kids[0]
	}
	s := h.Service
	if want := "{" + s.Namespace + "}" + s.Request; operation.name != want ||
		h.Enveloped != (operation != document.kids[0]) {
		t.Errorf("the operation is %s, want %s; enveloped %v", operation.name, want, h.Enveloped)
	}
	for _, local := range []string{"ZadostInfo", "AutorizaceInfo"} {
		if n := document.count(local); n > 1 || n == 0 && local == "ZadostInfo" {
			t.Errorf("%d elements %s", n, local)
		}
	}
	space := NSAbstract
	if s.Namespace == NSAsyncAnswer || s.Internal() {
		space = s.Namespace
	}
	compareInfo(t, &h.Info, operation.child(space, "ZadostInfo"))
	if s.Internal() {
		compareLists(t, h, operation.child(space, "AutorizaceInfo").child(NSReg, "SeznamUdaju"))
		return
	}
	list := operation.child(NSAbstract, "AutorizaceInfo").child(NSAbstract, "SeznamUdaju")
	if h.HasItems != (list != nil) {
		t.Errorf("SeznamUdaju in the head %v, in the message %v", h.HasItems, list != nil)
	}
	var words []string
	for _, w := range h.Items {
		words = append(words, string(w.Text))
	}
	if list == nil {
		list = &expatNode{}
	}
	if got, want := strings.Join(words, " "), string(collapse([]byte(list.text))); got != want {
		t.Errorf("SeznamUdaju is %q in the head, %q in the message", got, want)
	}
	question := operation.child(s.Namespace, "Zadost")
	if m := h.Media; m != nil {
		compareValue(t, question, "AgendaZdroj", m.AgendaZdroj, true)
		for local, value := range map[string][]byte{"Jmeno": m.Jmeno, "Prijmeni": m.Prijmeni,
			"RodneCislo":    m.RodneCislo,
			"DatumNarozeni": m.DatumNarozeni, "KlicProSifrovani": m.Klic, "OpCislo": m.OpCislo,
			"CdCislo": m.CdCislo} {
			compareValue(t, question, local, value, false)
		}
	}
	if q := h.Rights; q != nil {
		compareValue(t, question, "Agenda", q.Agenda, true)
		compareValue(t, question, "AgendovaRole", q.AgendovaRole, true)
		compareValue(t, question, "Ovm", q.Ovm, true)
	}
}

// compareLists compares the words of a head with those of the lists by register.
func compareLists(t *testing.T, h *Head, lists *expatNode) {
	t.Helper()
	var want, got []string
	if lists != nil {
		for _, list := range lists.kids {
			of := map[string]Register{"RobSeznamUdaju": ROB, "RosSeznamUdaju": ROS,
				"AisEopSeznamUdaju": EOP, "AisEcdSeznamUdaju": ECD,
				"AisSeznamUdaju": publishers[h.Service.Publisher],
			}[list.name[strings.IndexByte(list.name, '}')+1:]]
			for _, name := range strings.Fields(list.text) {
				word := name
				for _, it := range items {
					if it.register == of && it.internal == name {
						word = it.word
					}
				}
				want = append(want, word)
			}
		}
		if h.HasItems != (len(lists.kids) > 0) {
			t.Errorf("lists in the head %v, in the message %d", h.HasItems, len(lists.kids))
		}
	}
	for _, w := range h.Items {
		got = append(got, string(w.Text))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("words in the message (-) and in the head (+):\n%s", diff)
	}
}

// compareInfo compares each field of a ZadostInfo with the element of its name.
func compareInfo(t *testing.T, i *ZadostInfo, info *expatNode) {
	t.Helper()
	if info == nil {
		t.Error("no ZadostInfo")
		return
	}
	known, v := 0, reflect.ValueOf(*i)
	for n := range v.NumField() {
		local := v.Type().Field(n).Name
		compareValue(t, info, local, v.Field(n).Bytes(), true)
		known += info.count(local)
	}
	if known != len(info.kids) {
		t.Errorf("%d elements in ZadostInfo, %d known", len(info.kids), known)
	}
}

// compareValue compares a value of the head with the first element of that name.
func compareValue(t *testing.T, within *expatNode, local string, value []byte, shrink bool) {
	t.Helper()
	el := within.first(local)
	if el == nil || value == nil {
		if (el == nil) != (value == nil) {
			t.Errorf("%s: in the head %v, in the message %v", local, value != nil, el != nil)
		}
		return
	}
	want := el.text
	if shrink {
		want = string(collapse([]byte(want)))
	}
	if string(value) != want {
		t.Errorf("%s is %q in the head, %q in the message", local, value, want)
	}
}
