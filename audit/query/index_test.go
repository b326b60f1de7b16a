package query

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"brana/audit/audittest"
	"brana/audit/journal"
)

// hours is a journal of three segments that have ended, with the calls of 7, 8 and 9 o'clock,
// and an open one. The outcome of a call of 7 o'clock is in the segment of 8, and one of 8 in
// that of 9.
const hours = `
{"type":"intent","time":"2026-11-28T07:00:00.000000Z","service":"E05","agenda":"A1","role":"R","ovm":"1","ais":"1"}
{"type":"refusal","time":"2026-11-28T07:00:01.000000Z","service":"E05","agenda":"A1","role":"R","ovm":"1","ais":"2","outcome":"overloaded"}
seal size
{"type":"outcome","time":"2026-11-28T08:00:00.000000Z","intent":2,"outcome":"ok"}
{"type":"refusal","time":"2026-11-28T08:00:01.000000Z","service":"E05","agenda":"A1","role":"R","ovm":"1","ais":"2","outcome":"overloaded"}
{"type":"intent","time":"2026-11-28T08:00:02.000000Z","service":"E05","agenda":"A1","role":"R","ovm":"1","ais":"2"}
seal size
{"type":"outcome","time":"2026-11-28T09:00:00.000000Z","intent":8,"outcome":"ok"}
{"type":"refusal","time":"2026-11-28T09:00:01.000000Z","service":"E05","agenda":"A1","role":"R","ovm":"1","ais":"2","outcome":"overloaded"}
seal size
`

// indexed writes the journal of hours, and has its indexes made.
func indexed(t *testing.T) (dir string, indexes []string) {
	t.Helper()
	dir = t.TempDir()
	if err := audittest.NewBook(dir).Script(hours); err != nil {
		t.Fatal(err)
	}
	if _, findings := ask(t, Filter{}, dir); findings != nil {
		t.Fatal(findings)
	}
	indexes, err := filepath.Glob(filepath.Join(dir, "*.index"))
	if err != nil || len(indexes) != 3 {
		t.Fatal(indexes, err)
	}
	return dir, indexes
}

func at(clock string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-11-28T"+clock+":00Z")
	if err != nil {
		panic(err)
	}
	return t
}

// What a filter wants decides which segments are read.
func TestIndexSaysWhatToRead(t *testing.T) {
	dir, _ := indexed(t)
	first, err := ParseCaller("A1/R/1/1")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		filter Filter
		skip   []bool
	}{
		"everything":        {Filter{}, []bool{false, false, false, false}},
		"a caller":          {Filter{Callers: []Caller{first}}, []bool{false, false, true, false}},
		"7, and its result": {Filter{Until: at("08:00")}, []bool{false, false, true, false}},
		"8":                 {Filter{Since: at("08:00"), Until: at("09:00")}, []bool{true, false, false, false}},
		"9":                 {Filter{Since: at("09:30")}, []bool{true, true, false, false}},
		"after all":         {Filter{Since: at("10:00")}, []bool{true, true, true, false}},
	} {
		p, err := newPlan(dir)
		if err != nil {
			t.Fatal(err)
		}
		p.loadIndexes()
		sampled := -1
		p.prune(&c.filter, func(n int) int { sampled = n; return 0 })
		var skip []bool
		for i := range p.parts {
			skip = append(skip, p.parts[i].skip)
		}
		want, left := c.skip, 0
		for i := range want {
			if want[i] {
				if left++; left == 1 {
					want[i] = false // it is read to compare
				}
			}
		}
		if d := gocmp.Diff(want, skip); d != "" || left > 0 && sampled != left {
			t.Errorf("%s: %s, one of %d is compared, want of %d", name, d, sampled, left)
		}
	}
}

// A use is found with its result, though only its first segment holds calls of its hour.
func TestIndexKeepsResultsOfEarlierCalls(t *testing.T) {
	dir, _ := indexed(t)
	uses, findings := ask(t, Filter{Until: at("07:30"), Services: []string{"E05"}}, dir)
	if len(uses) != 2 || uses[1].Outcome() != "ok" || findings != nil {
		t.Errorf("%d uses, findings %v", len(uses), findings)
	}
}

// The outcome of a call that was deleted is read for its own time, though no call is of it. A
// filter that asks for what only a call has needs it not.
func TestIndexKeepsResultsOfDeletedCalls(t *testing.T) {
	dir := t.TempDir()
	if err := audittest.NewBook(dir).Script(`
{"type":"intent","time":"2026-11-28T07:00:00.000000Z","service":"E05"}
seal size
{"type":"refusal","time":"2026-11-28T08:00:00.000000Z","service":"E05","outcome":"overloaded"}
seal size
{"type":"refusal","time":"2026-11-28T08:00:01.000000Z","service":"E05","outcome":"overloaded"}
{"type":"outcome","time":"2026-11-28T10:00:00.000000Z","intent":2,"outcome":"ok"}
seal size
`); err != nil {
		t.Fatal(err)
	}
	ask(t, Filter{}, dir)
	p, err := newPlan(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.parts[0].Path); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		filter Filter
		skip   bool
	}{
		{Filter{Since: at("10:00")}, false},
		{Filter{Since: at("10:00"), Services: []string{"E05"}}, true},
	} {
		if p, err = newPlan(dir); err != nil {
			t.Fatal(err)
		}
		p.loadIndexes()
		p.prune(&c.filter, func(int) int { return 0 }) // the segment of 8 is compared
		if p.parts[1].skip != c.skip {
			t.Errorf("%+v: skip is %t", c.filter, p.parts[1].skip)
		}
	}
	if uses, _ := ask(t, Filter{Since: at("10:00")}, dir); len(uses) != 1 || uses[0].Call != nil {
		t.Errorf("%d uses", len(uses))
	}
}

// An index that hides calls is found out: by the query that compares it, and by a check.
func TestIndexThatHidesIsFoundOut(t *testing.T) {
	dir, indexes := indexed(t)
	hideFirst(t, dir)
	want := indexes[0] + ": it hides what its segment holds"
	// Only one segment is left out of this query: it is the one that is compared.
	uses, findings := ask(t, Filter{Since: at("07:00"), Until: at("08:00")}, dir)
	if len(findings) != 1 || !strings.HasPrefix(findings[0], want) {
		for range 50 { // which of two is compared is chance
			if uses, findings = ask(t, Filter{Since: at("07:00"), Until: at("08:00")}, dir); findings != nil {
				break
			}
		}
	}
	if len(findings) != 1 || !strings.HasPrefix(findings[0], want) || len(uses) != 2 {
		t.Errorf("%d uses, findings %v, want 2 uses and %s", len(uses), findings, want)
	}
	if checked := check(t, dir); len(checked) != 1 || !strings.HasPrefix(checked[0].Error(), want) {
		t.Errorf("check: %v", checked)
	}
}

// hideFirst takes the calls out of the index of the first segment.
func hideFirst(t *testing.T, dir string) {
	t.Helper()
	p, err := newPlan(dir)
	if err != nil {
		t.Fatal(err)
	}
	p.loadIndexes()
	forged := p.parts[0].index
	forged.Hours = map[int64]map[string]uint64{}
	if err := os.WriteFile(indexPath(&p.parts[0].Segment), forged.encode(), 0o640); err != nil {
		t.Fatal(err)
	}
}

// A query that follows compares what it reads as any other does, and reads all if it is to.
func TestIndexThatHidesIsFoundOutWhileFollowing(t *testing.T) {
	dir, indexes := indexed(t)
	hideFirst(t, dir)
	var findings []string
	q := Query{
		Dirs: []string{dir}, Filter: Filter{Since: at("07:00"), Until: at("08:00")}, Whole: true,
		Found: func(f Finding) { findings = append(findings, f.Error()) },
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	uses := 0
	for _, err := range q.Follow(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if uses++; uses == 2 { // the second one ends in the segment after
			break
		}
	}
	if uses != 2 || len(findings) != 1 || !strings.HasPrefix(findings[0], indexes[0]+": it hides") {
		t.Errorf("%d uses, findings %v", uses, findings)
	}
}

// check compares the indexes of a journal that is whole.
func check(t *testing.T, dir string) []Finding {
	t.Helper()
	var c IndexCheck
	v, err := journal.Verify(dir, &journal.Options{Each: c.Each})
	if err != nil || v.Broken != nil {
		t.Fatal(v, err)
	}
	return c.Findings()
}

// A check finds nothing where indexes are honest or missing, and makes none.
func TestIndexesAreCheckedWithoutMakingAny(t *testing.T) {
	dir, indexes := indexed(t)
	if err := os.Remove(indexes[1]); err != nil {
		t.Fatal(err)
	}
	if checked := check(t, dir); checked != nil {
		t.Errorf("check: %v", checked)
	}
	if _, err := os.Stat(indexes[1]); err == nil {
		t.Error("the check has made an index")
	}
}

// An index that is damaged, or that of another segment, does not count.
func TestIndexThatDoesNotCount(t *testing.T) {
	for name, spoil := range map[string]func(text, other []byte) []byte{
		"empty":              func(_, _ []byte) []byte { return nil },
		"cut":                func(text, _ []byte) []byte { return text[:len(text)/2] },
		"changed by chance":  func(text, _ []byte) []byte { text[len(text)/3]++; return text },
		"of another segment": func(_, other []byte) []byte { return other },
		"of a newer format": func(text, _ []byte) []byte {
			return []byte(strings.Replace(string(text), `"format":1`, `"format":2`, 1))
		},
	} {
		dir, indexes := indexed(t)
		other, err := os.ReadFile(indexes[1])
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(indexes[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(indexes[0], spoil(text, other), 0o640); err != nil {
			t.Fatal(err)
		}
		p, err := newPlan(dir)
		if err != nil {
			t.Fatal(err)
		}
		if p.loadIndexes(); p.parts[0].index != nil || p.parts[1].index == nil {
			t.Errorf("%s: the index counts", name)
		}
		if checked := check(t, dir); checked != nil {
			t.Errorf("%s: check: %v", name, checked)
		}
		if uses, findings := ask(t, Filter{Until: at("08:00")}, dir); len(uses) != 2 || findings != nil {
			t.Errorf("%s: %d uses, findings %v", name, len(uses), findings)
		}
	}
}

// An index with the hash of another line hides nothing, since it does not count; a check agrees.
func TestIndexOfAnotherLastLine(t *testing.T) {
	dir, indexes := indexed(t)
	hideFirst(t, dir)
	p, err := newPlan(dir)
	if err != nil {
		t.Fatal(err)
	}
	p.loadIndexes()
	other := p.parts[0].index
	other.Hash = strings.Repeat("0", len(other.Hash))
	if err := os.WriteFile(indexes[0], other.encode(), 0o640); err != nil {
		t.Fatal(err)
	}
	if uses, findings := ask(t, Filter{Until: at("08:00")}, dir); len(uses) != 2 || findings != nil {
		t.Errorf("%d uses, findings %v", len(uses), findings)
	}
	if err := os.WriteFile(indexes[0], other.encode(), 0o640); err != nil { // the query made a new one
		t.Fatal(err)
	}
	if checked := check(t, dir); checked != nil {
		t.Errorf("check: %v", checked)
	}
}

// Since is in the time that is asked for, until is not.
func TestBordersOfTime(t *testing.T) {
	dir, _ := indexed(t)
	const micro = time.Microsecond
	refused := at("07:00").Add(time.Second)
	for _, c := range []struct {
		since, until time.Time
		want         int
	}{
		{refused, refused.Add(micro), 1},
		{refused.Add(-micro), refused, 0},
		{refused.Add(micro), refused.Add(time.Second), 0},
		{at("07:00"), refused, 1},
		{at("07:00"), at("08:00").Add(time.Second), 2},
		{at("07:00"), at("09:00").Add(time.Second), 4},
	} {
		if uses, _ := ask(t, Filter{Since: c.since, Until: c.until}, dir); len(uses) != c.want {
			t.Errorf("%s to %s: %d uses, want %d", c.since, c.until, len(uses), c.want)
		}
	}
}

// A segment that was changed after its index was made gets no new one, and is named.
func TestIndexOfAChangedSegment(t *testing.T) {
	dir, indexes := indexed(t)
	path := strings.TrimSuffix(indexes[2], ".index") + ".jsonl"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), `"ais":"2"`, `"ais":"3"`, 1)), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, findings := ask(t, Filter{}, dir); len(findings) != 1 || !strings.Contains(findings[0], ":3: ") {
		t.Errorf("findings %v", findings)
	}
	listing, err := journal.List(dir)
	if err != nil || len(listing.Foreign) > 0 {
		t.Errorf("foreign files %v, %v", listing.Foreign, err)
	}
}
