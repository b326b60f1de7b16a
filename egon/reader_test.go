package egon

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A requestCase is one section of testdata/requests/*.txtar: a request made
// from one of the files beside it, and what the gate says to it.
//
//	service E198               the code in the path; E198 if not said
//	from e198.xml              the request to begin with
//	edit OLD => NEW            once, in order; escapes as in Go
//	before TEXT, after TEXT    around all of it
//	want accept                or: want KIND ERROR
//	head NAME=VALUE            what the head then says, among other things
type requestCase struct {
	name, service string
	doc           []byte
	want          string
	head          []string
}

func requestCases(t testing.TB) []requestCase {
	t.Helper()
	files, err := filepath.Glob("testdata/requests/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases: ", err)
	}
	var cases []requestCase
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			c := requestCase{name: strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + f.Name, service: "E198"}
			for line := range strings.Lines(string(f.Data)) {
				c.read(t, strings.TrimSuffix(line, "\n"))
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func (c *requestCase) read(t testing.TB, line string) {
	t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "":
	case "service":
		c.service = rest
	case "from":
		doc, err := os.ReadFile(filepath.Join("testdata", "requests", rest))
		if err != nil {
			t.Fatal(err)
		}
		c.doc = doc
	case "edit":
		from, to, ok := strings.Cut(rest, " => ")
		if !ok || !bytes.Contains(c.doc, unescape(t, from)) {
			t.Fatalf("%s: nothing to edit: %s", c.name, line)
		}
		c.doc = bytes.Replace(c.doc, unescape(t, from), unescape(t, to), 1)
	case "before":
		c.doc = append(unescape(t, rest), c.doc...)
	case "after":
		c.doc = append(c.doc, unescape(t, rest)...)
	case "want":
		c.want = rest
	case "head":
		c.head = append(c.head, rest)
	default:
		t.Fatalf("%s: unknown line: %s", c.name, line)
	}
}

func unescape(t testing.TB, s string) []byte {
	t.Helper()
	var b []byte
	for s != "" {
		r, multibyte, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			t.Fatalf("%v in %q", err, s)
		}
		if multibyte {
			b = append(b, string(r)...)
		} else {
			b = append(b, byte(r))
		}
		s = rest
	}
	return b
}

func TestRequests(t *testing.T) {
	r := NewReader(DefaultBounds())
	for _, c := range requestCases(t) {
		t.Run(c.name, func(t *testing.T) {
			whole := feedRequest(t, r, c.service, c.doc, []int{len(c.doc)})
			if got := whole.verdict(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for _, line := range c.head {
				if !strings.Contains("\n"+whole.Head+"\n", "\n"+line+"\n") {
					t.Errorf("head has no line %q:\n%s", line, whole.Head)
				}
			}
			same := func(cuts ...int) {
				t.Helper()
				if cut := feedRequest(t, r, c.service, c.doc, cuts); cut != whole {
					t.Fatalf("cut at %v (-whole +cut):\n%s", cuts, cmp.Diff(whole, cut))
				}
			}
			each := make([]int, len(c.doc))
			for i := range c.doc {
				each[i] = i + 1
				if i%splitStep == 0 {
					same(i, len(c.doc))
				}
			}
			same(each...)
		})
	}
}

// A reading is all that a Reader says of a request, in comparable form.
type reading struct {
	Kind, Path, Popis, Err string // of the offence
	Offset                 int64
	RequestID, Head        string
	Done                   bool
	Released               int64
}

func (r reading) verdict() string {
	if r.Kind == "" {
		return "accept"
	}
	return r.Kind + " " + r.Err
}

// feedRequest feeds a request that is cut at the given offsets, the last of
// which is its length, and checks its head once it is known.
func feedRequest(t testing.TB, r *Reader, service string, doc []byte, cuts []int) reading {
	t.Helper()
	r.Reset(ServiceByCode(service))
	var got reading
	var err error
	var value *Offence
	buffer := make([]byte, len(doc)) // overwritten after every window: nothing may be kept of it
	from, checked, released := 0, false, int64(0)
	for _, cut := range cuts {
		window := buffer[:copy(buffer, doc[from:cut])]
		from = cut
		err = r.Feed(window, cut == len(doc))
		clear(window)
		if h := r.Head(); h != nil && !checked {
			checked = true
			value = h.Check()
		}
		if now := r.Releasable(); now < released || now > int64(cut) {
			t.Fatalf("after %d of %d bytes %d may leave, before it were %d", cut, len(doc), now, released)
		} else {
			released = now
		}
		if again := r.Feed(nil, false); err != nil && again != err {
			t.Fatalf("an offence is forgotten: %v, then %v", err, again)
		}
	}
	got.RequestID, got.Done = string(r.RequestID()), r.Done()
	got.Head = describe(r.Head())
	o := value
	if err != nil && !errors.As(err, &o) {
		t.Fatalf("Feed returned %T, want *Offence", err)
	}
	if err == nil {
		got.Released = released
	} else if released > o.Offset {
		t.Fatalf("%d bytes may leave, the offence is at byte %d", released, o.Offset)
	}
	if o != nil {
		kinds := [...]string{Malformed: "malformed", TooLarge: "too large", Mismatch: "mismatch", Invalid: "invalid"}
		got.Kind, got.Offset, got.Path, got.Popis, got.Err = kinds[o.Kind], o.Offset, o.Path, o.Popis, o.Err.Error()
		if strings.Contains(got.Popis+got.Err, "%!") || !strings.HasSuffix(got.Popis, ".") {
			t.Fatalf("text is not a sentence: %q, %q", got.Popis, got.Err)
		}
	}
	return got
}

// describe writes a head as lines NAME=VALUE, without what is absent.
func describe(h *Head) string {
	if h == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Enveloped=%v\nOffset=%d\n", h.Enveloped, h.Offset)
	if h.HasItems {
		fmt.Fprint(&b, "Items=")
		for i, w := range h.Items {
			fmt.Fprintf(&b, "%s%s", strings.Repeat(" ", min(i, 1)), w.Text)
		}
		fmt.Fprint(&b, "\nItemOffsets=")
		for _, w := range h.Items {
			fmt.Fprintf(&b, "%d ", w.Offset)
		}
		fmt.Fprintln(&b)
	}
	describeFields(&b, "", reflect.ValueOf(h.Info))
	if h.Media != nil {
		describeFields(&b, "", reflect.ValueOf(*h.Media))
	}
	if h.Rights != nil {
		describeFields(&b, "Rights.", reflect.ValueOf(*h.Rights))
	}
	return b.String()
}

func describeFields(b *strings.Builder, prefix string, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.IsZero() {
			continue
		}
		name := prefix + v.Type().Field(i).Name
		switch {
		case f.Kind() == reflect.Struct:
			describeFields(b, name+".", f)
		case f.Kind() == reflect.Slice:
			b.WriteString(name + "=" + string(f.Bytes()) + "\n")
		default:
			fmt.Fprintf(b, "%s=%v\n", name, f)
		}
	}
}

// Whoever gets only what was released before the end was proven must not be
// able to take it for a whole request.
func TestNothingIsReleasedTooEarly(t *testing.T) {
	r := NewReader(DefaultBounds())
	for _, c := range requestCases(t) {
		r.Reset(ServiceByCode(c.service))
		var most int64
		for i := range c.doc {
			if r.Feed(c.doc[i:i+1], false) != nil {
				break
			}
			most = r.Releasable()
		}
		request := ServiceByCode(c.service).Request
		end := regexp.MustCompile(`</([\w.]+:)?` + request + `\s*>`)
		if end.Match(c.doc[:most]) {
			t.Errorf("%s: the end tag of %s leaves before the message is complete", c.name, request)
		}
		if c.want != "accept" {
			continue
		}
		if err := r.Feed(nil, true); err != nil || !r.Done() || r.Releasable() != int64(len(c.doc)) {
			t.Errorf("%s: at the end %d of %d bytes may leave, err %v", c.name, r.Releasable(), len(c.doc), err)
		}
	}
}

// A request may be cut anywhere: what came is never taken for a whole one.
func TestCutRequestsAreRefused(t *testing.T) {
	r := NewReader(DefaultBounds())
	for _, name := range []string{"e198.xml", "e05.xml"} {
		doc, err := os.ReadFile(filepath.Join("testdata", "requests", name))
		if err != nil {
			t.Fatal(err)
		}
		for n := range bytes.TrimRight(doc, "\n") {
			r.Reset(ServiceByCode(strings.ToUpper(strings.TrimSuffix(name, ".xml"))))
			if err := r.Feed(doc[:n], true); err == nil || r.Done() {
				t.Fatalf("%s cut at byte %d: err %v, done %v", name, n, err, r.Done())
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	for i, c := range requestCases(f) {
		f.Add(c.doc, uint16(i))
	}
	codes := []string{"E198", "E227", "E05", "E100"}
	r := NewReader(DefaultBounds())
	f.Fuzz(func(t *testing.T, doc []byte, step uint16) {
		code := codes[int(step)%len(codes)]
		whole := feedRequest(t, r, code, doc, []int{len(doc)})
		var cuts []int
		for i := 0; i < len(doc); i += 1 + int(step/4)%(1+len(doc)/3) {
			cuts = append(cuts, i)
		}
		if cut := feedRequest(t, r, code, doc, append(cuts, len(doc))); cut != whole {
			t.Errorf("cut at %v (-whole +cut):\n%s", cuts, cmp.Diff(whole, cut))
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, bench := range []struct{ code, file string }{{"E198", "e198.xml"}, {"E227", "e227.xml"}, {"E05", "e05.xml"}} {
		doc, err := os.ReadFile(filepath.Join("testdata", "requests", bench.file))
		if err != nil {
			b.Fatal(err)
		}
		r, s := NewReader(DefaultBounds()), ServiceByCode(bench.code)
		b.Run(bench.code, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(s)
				if err := r.Feed(doc, true); err != nil {
					b.Fatal(err)
				}
				if o := r.Head().Check(); o != nil {
					b.Fatal(o)
				}
			}
		})
	}
}
