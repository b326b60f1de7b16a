package egon

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon/testdata/requests"
	"brana/egon/xmltext"
)

func requestCases(t testing.TB) []requests.Case {
	t.Helper()
	cases, err := requests.Cases()
	if err != nil {
		t.Fatal(err)
	}
	messages, err := requests.Messages()
	if err != nil {
		t.Fatal(err)
	}
	return append(cases, messages...)
}

// shortCases returns the seeds of fuzzing. Long ones only make it slow.
func shortCases(t testing.TB) []requests.Case {
	t.Helper()
	return slices.DeleteFunc(requestCases(t),
		func(c requests.Case) bool { return len(c.Doc) > 8<<10 })
}

// Every case has one verdict: read without a memo, cut at any one byte, and cut
// at every byte.
func TestRequests(t *testing.T) {
	r, off := newReader(xmltext.MemoAll), newReader(xmltext.MemoOff)
	for _, c := range requestCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			whole := feedRequest(t, off, c.Service, c.Doc, []int{len(c.Doc)})
			if got := whole.verdict(); got != c.Want {
				t.Errorf("got  %s\nwant %s", got, c.Want)
			}
			for _, line := range c.Head {
				if !strings.Contains("\n"+whole.Head+"\n", "\n"+line+"\n") {
					t.Errorf("head has no line %q:\n%s", line, whole.Head)
				}
			}
			forEachCut(len(c.Doc), func(cuts ...int) {
				if cut := feedRequest(t, r, c.Service, c.Doc, cuts); cut != whole {
					t.Fatalf("cut at %v (-whole +cut):\n%s", cuts, cmp.Diff(whole, cut))
				}
			})
		})
	}
}

// The scanner has the same result for every case, however it is cut.
func TestRequestsThroughTheScanner(t *testing.T) {
	s := xmltext.NewScanner(xmltext.DefaultBounds())
	for _, c := range requestCases(t) {
		whole := scanCuts(s, c.Doc, len(c.Doc))
		if whole != "" && c.Want == "accept" {
			t.Errorf("%s: the scanner refuses it: %s", c.Name, whole)
		}
		forEachCut(len(c.Doc), func(cuts ...int) {
			if cut := scanCuts(s, c.Doc, cuts...); cut != whole {
				t.Fatalf("%s: cut at %v: %s, whole: %s", c.Name, cuts, cut, whole)
			}
		})
	}
}

// scanCuts scans a document cut at the given offsets, and returns its offence with the
// place.
func scanCuts(s *xmltext.Scanner, doc []byte, cuts ...int) string {
	s.Reset()
	from := 0
	for _, cut := range cuts {
		window := doc[from:cut]
		from = cut
		for {
			tok, n, err := s.Next(window, cut == len(doc))
			window = window[n:]
			if err == xmltext.ErrMore || tok.Kind == xmltext.End {
				break
			}
			if err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

// forEachCut calls try with every way to cut n bytes in two, and with the way to
// cut them into single bytes. Of documents beyond 8 KiB it tries longSplits of the
// ways.
func forEachCut(n int, try func(cuts ...int)) {
	each, step := make([]int, n), splitStep
	if n > 8<<10 {
		step = max(step, n/longSplits)
	}
	for i := range n {
		each[i] = i + 1
		if i%step == 0 {
			try(i, n)
		}
	}
	if n > 0 {
		try(each...)
	}
}

// Each rule has the cases it asks for: some that break it and some that come near.
func TestEveryRuleHasItsCases(t *testing.T) {
	rules, err := requests.Rules()
	if err != nil {
		t.Fatal(err)
	}
	refused, accepted := map[string]int{}, map[string]int{}
	for _, c := range requestCases(t) {
		for _, name := range c.Shows {
			if c.Want == "accept" {
				accepted[name]++
			} else {
				refused[name]++
			}
		}
	}
	for _, rule := range rules {
		if rule.Refuse && refused[rule.Name] == 0 || rule.Accept && accepted[rule.Name] == 0 {
			t.Errorf("%s: %d cases refused, %d accepted", rule.Name, refused[rule.Name],
				accepted[rule.Name])
		}
		t.Logf("%-16s %3d refused %3d accepted", rule.Name, refused[rule.Name], accepted[rule.Name])
		delete(refused, rule.Name)
		delete(accepted, rule.Name)
	}
	if len(refused)+len(accepted) > 0 {
		t.Errorf("no such rules: %v %v", refused, accepted)
	}
}

// A reading is all results of a Reader for a request, in comparable form.
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

// feedRequest feeds a request that is cut at the given offsets, the last of which is its
// length, and checks its head once it is known.
func feedRequest(t testing.TB, r *Reader, service string, doc []byte, cuts []int) reading {
	t.Helper()
	r.Reset(ServiceByCode(service))
	var got reading
	var err error
	var value *Offence
	buffer := make([]byte, len(doc)) // cleared after every window: the Reader keeps nothing of it
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
			t.Fatalf("after %d of %d bytes %d may leave, before it were %d", cut, len(doc), now,
				released)
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
		kinds := [...]string{Malformed: "malformed", OtherVersion: "version", TooLarge: "too large",
			Mismatch: "mismatch", Invalid: "invalid"}
		got.Kind, got.Offset, got.Path, got.Popis, got.Err = kinds[o.Kind], o.Offset, o.Path,
			o.Popis, o.Err.Error()
		if strings.Contains(got.Popis+got.Err, "%!") || !strings.HasSuffix(got.Popis, ".") {
			t.Fatalf("text is not a sentence: %q, %q", got.Popis, got.Err)
		}
	}
	return got
}

// describe writes a head as lines NAME=VALUE, without absent values.
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
		fmt.Fprint(&b, "\nItemEnds=")
		for _, w := range h.Items {
			fmt.Fprintf(&b, "%d ", w.End)
		}
		fmt.Fprintln(&b)
	}
	fmt.Fprintf(&b, "afterInfo=%d\n", h.afterInfo)
	for _, x := range []extent{h.authorization, h.list} {
		fmt.Fprintf(&b, "%s %d-%d empty=%v\n", x.name, x.end, x.after, x.empty)
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

// A request that is cut anywhere is never accepted as a whole one.
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

// FuzzReader: whatever is remembered and however a request is cut, a Reader has the same
// results.
func FuzzReader(f *testing.F) {
	for i, c := range shortCases(f) {
		f.Add(c.Doc, uint16(i))
	}
	r, off := newReader(xmltext.MemoAll), newReader(xmltext.MemoOff)
	f.Fuzz(func(t *testing.T, doc []byte, step uint16) {
		code := serviceCodes[int(step)%len(serviceCodes)]
		whole := feedRequest(t, off, code, doc, []int{len(doc)})
		for range 2 { // the second time with a memo of the first
			if got := feedRequest(t, r, code, doc, []int{len(doc)}); got != whole {
				t.Errorf("with a memo (-off +all):\n%s", cmp.Diff(whole, got))
			}
		}
		var cuts []int
		for i := 0; i < len(doc); i += 1 + int(step/4)%(1+len(doc)/3) {
			cuts = append(cuts, i)
		}
		cuts = append(cuts, len(doc))
		if cut := feedRequest(t, r, code, doc, cuts); cut != whole {
			t.Errorf("cut at %v (-whole +cut):\n%s", cuts, cmp.Diff(whole, cut))
		}
		if want, got := released(off, code, doc, cuts),
			released(r, code, doc, cuts); !slices.Equal(want, got) {
			t.Errorf("cut at %v, %v bytes may leave without a memo and %v with one", cuts, want,
				got)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, bench := range []struct{ code, file string }{{"E198", "e198.xml"}, {"E227", "e227.xml"},
		{"E05", "e05.xml"}, {"X11", "messages/x11.xml"}, {"O08", "messages/o08.xml"}} {
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
