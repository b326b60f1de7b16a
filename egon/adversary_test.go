package egon

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// An adversary is a good request with, in place of mark, a middle that repeats. Enough
// repetitions would use up memory or time.
type adversary struct{ name, file, mark, before, unit, after string }

var adversaries = []adversary{
	{"depth", "e05.xml", "<x/>", "", "<x>", ""},
	{"depth of namespaces", "e05.xml", "<x/>", "", "<x xmlns:p='u' xmlns='u'>", ""},
	{"namespaces", "e05.xml", "<x/>", "", "<p:x xmlns:p='u' xmlns='u' p:a='1'/>", ""},
	{"namespaces of one tag", "e05.xml", "<x/>", "<x", " xmlns:a='u'", "/>"},
	{"prefixes among many", "e05.xml", "<x/>", "<x" + manyDeclarations + ">", "<p0:x p1:a=''/>",
		"</x>"},
	{"many namespaces", "e05.xml", "<x/>", "", "<x" + manyDeclarations + "/>", ""},
	{"attributes", "e05.xml", "<x/>", "",
		"<x a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l='' m='' n='' o='' p=''/>", ""},
	{"attributes of one tag", "e05.xml", "<x/>", "<x", " a=''", "/>"},
	{"a name", "e05.xml", "<x/>", "<", "x", "/>"},
	{"an attribute", "e05.xml", "<x/>", "<x a='", "x", "'/>"},
	{"references in attributes", "e05.xml", "<x/>", "", "<x a='&amp;&#65;&lt;&#x42;\r\n\t'/>", ""},
	{"references in text", "e05.xml", "<x/>", "", "&amp;&#x41;", ""},
	{"a reference", "e05.xml", "<x/>", "&#", "0", "65;"},
	{"brackets", "e05.xml", "<x/>", "", "]", ""},
	{"line ends", "e05.xml", "<x/>", "", "\r", ""},
	{"line ends before a letter", "e05.xml", "<x/>", "", "\r", "x"},
	{"letters beyond ASCII", "e05.xml", "<x/>", "", "ž\U0001f600", ""},
	{"comments", "e05.xml", "<x/>", "", "<!-- - -->", ""},
	{"a comment", "e05.xml", "<x/>", "<!--", " -", " -->"},
	{"CDATA sections", "e05.xml", "<x/>", "", "<![CDATA[]]]>", ""},
	{"a CDATA section", "e05.xml", "<x/>", "<![CDATA[", "]", "]]>"},
	{"blanks in a tag", "e05.xml", "<x/>", "<x", " ", "/>"},
	{"blanks before the root", "e05.xml", "<RobCti", "", " ", "<RobCti"},
	{"blanks in the envelope", "e198-bare.xml", "<abs:ZadostInfo>", "", "\n", "<abs:ZadostInfo>"},
	{"a value", "e198-bare.xml", "X999", "", "X", ""},
	{"blanks in a value", "e198-bare.xml", "X999", "", " X", ""},
	{"parts of a value", "e198-bare.xml", "Kazimíra", "", "a<!-- --><![CDATA[b]]>&#65;", ""},
	{"words", "e05.xml", "Jmeno", "", "Jmeno ", ""},
	{"words of a list by register", "messages/x11.xml", "Jmeno", "", "Jmeno ", ""},
	{"names that a register uses", "messages/x21.xml", "Foto", "", "Foto ", ""},
	{"a KodSluzby", "messages/o08.xml", "RobCti", "", "RobCti", ""},
	{"elements behind a list", "messages/o08.xml", "<e:SeznamIdAdres/>", "", "<e:SeznamIdAdres/>", ""},
	{"search combinations", "e198-bare.xml", "<d:Dotaz1JmPrijRC>", "", "<d:Dotaz1JmPrijRC/>",
		"<d:Dotaz1JmPrijRC>"},
	{"blocks of the header", "e227.xml", "<soapenv:Header/>", "<soapenv:Header>",
		"<x><y a=''/></x>", "</soapenv:Header>"},
	{"blanks after the root", "e05.xml", "</RobCtiPodleUdaju>", "</RobCtiPodleUdaju>", " <!-- -->",
		""},
}

// manyDeclarations are about as many declarations as may be in scope.
var manyDeclarations = func() (all string) {
	for i := range 240 {
		all += fmt.Sprintf(" xmlns:p%d='u%d'", i, i%2)
	}
	return all
}()

// message returns the adversary's request with n units, or with 4 MiB of them.
func (a *adversary) message(t testing.TB, n int) (service string, doc []byte) {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", "requests", a.file))
	if err != nil {
		t.Fatal(err)
	}
	middle := a.before + strings.Repeat(a.unit, min(n, 4<<20/len(a.unit))) + a.after
	name := strings.TrimSuffix(filepath.Base(a.file), ".xml")
	service, _, _ = strings.Cut(strings.ToUpper(name), "-")
	return service, bytes.Replace(doc, []byte(a.mark), []byte(middle), 1)
}

// The memory that a Reader holds does not grow with the message of an adversary.
func TestAdversariesHoldNothing(t *testing.T) {
	for _, a := range adversaries {
		r := NewReader(DefaultBounds())
		held := func(n, step int) uint64 {
			service, doc := a.message(t, n)
			return allocated(func() { feedSteps(r, service, doc, step) })
		}
		held(adversity, 4096)
		held(adversity, 1)
		for _, step := range []int{1, 100, 32 << 10, 1 << 30} {
			if got := held(adversity, step); got > 16<<10 {
				t.Errorf(
					"%s, in windows of %d bytes: %d bytes allocated by a Reader that has read it before", a.name, step, got)
			}
		}
	}
}

// feedSteps feeds a message in windows of step bytes, up to its offence.
func feedSteps(r *Reader, service string, doc []byte, step int) {
	r.Reset(ServiceByCode(service))
	for from := 0; from < len(doc); from += step {
		to := min(from+step, len(doc))
		if r.Feed(doc[from:to], to == len(doc)) != nil {
			return
		}
	}
}

// allocated returns the number of bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzRepeated: whatever is repeated, a Reader allocates no more than its bounds allow,
// and its work grows no faster than the message, in one window or many.
func FuzzRepeated(f *testing.F) {
	for _, a := range adversaries {
		service, doc := a.message(f, 1)
		i := slices.Index(serviceCodes, service)
		before, after, _ := bytes.Cut(doc, []byte(a.before+a.unit+a.after))
		for whole := range uint16(2) {
			f.Add(append(before, a.before...), []byte(a.unit), append([]byte(a.after), after...),
				uint16(i)<<1|whole)
		}
	}
	f.Fuzz(func(t *testing.T, before, unit, after []byte, step uint16) {
		const most = 20 * adversity
		n := max(0, most-len(before)-len(after)) / max(1, len(unit))
		doc := slices.Concat(before, bytes.Repeat(unit, n), after)
		windows := len(doc) + 1
		if step&1 == 0 {
			windows = 1 + int(step>>3)
		}
		r := NewReader(DefaultBounds())
		begun := time.Now()
		if got := allocated(func() {
			feedSteps(r, serviceCodes[int(step>>1)%len(serviceCodes)], doc,
				windows)
		}); got > 1<<20 {
			t.Errorf("%d bytes allocated", got)
		}
		// This is no measurement: linear work takes at most half a second, other work
		// minutes.
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("%d bytes took %v", len(doc), took)
		}
	})
}

// BenchmarkAdversaries shows that a byte costs the same in a message eight times as
// long, whole and byte by byte.
func BenchmarkAdversaries(b *testing.B) {
	for _, a := range adversaries {
		for _, size := range []int{100_000, 800_000} {
			for _, step := range []int{32 << 10, 1} {
				b.Run(a.name+"/"+map[int]string{100_000: "short",
					800_000: "long"}[size]+map[int]string{1: "/bytes"}[step], func(b *testing.B) {
					service, doc := a.message(b, size/len(a.unit))
					r := NewReader(DefaultBounds())
					b.SetBytes(int64(len(doc)))
					b.ReportAllocs()
					for b.Loop() {
						feedSteps(r, service, doc, step)
					}
				})
			}
		}
	}
}
