package query

import (
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"brana/audit/audittest"
	"brana/audit/journal"
)

// The benchmarks read the journal in BRANA_AUDIT_JOURNAL, which is written if the folder is
// missing: of BRANA_AUDIT_CALLS calls, 100 000 if that is not set; 5 200 000 make 10 million
// records. Without a folder it is a temporary one.
func benchJournal(b *testing.B) string {
	b.Helper()
	calls, err := strconv.Atoi(os.Getenv("BRANA_AUDIT_CALLS"))
	if err != nil {
		calls = 100_000
	}
	dir := os.Getenv("BRANA_AUDIT_JOURNAL")
	if dir == "" {
		dir = b.TempDir()
	} else if _, err := os.Stat(dir); err == nil {
		return dir
	}
	begun := time.Now()
	records, err := audittest.Write(audittest.Config{
		Journal: journal.Config{Dir: dir, Durability: journal.System},
		Seed:    1,
		Calls:   calls,
		Days:    30,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d records written in %s", records, time.Since(begun).Round(time.Second))
	compressAll(b, dir)
	return dir
}

// compressAll compresses the segments, as a gateway does with those that have ended.
func compressAll(b *testing.B, dir string) {
	b.Helper()
	listing, err := journal.List(dir)
	if err != nil {
		b.Fatal(err)
	}
	w, err := zstd.NewWriter(nil, zstd.WithWindowSize(1<<20)) // as the journal does
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range listing.Segments {
		text, err := os.ReadFile(s.Path)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(s.Path+".zst", w.EncodeAll(text, nil), 0o640); err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(s.Path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuery(b *testing.B) {
	dir := benchJournal(b)
	day := time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)
	caller := func(text string) []Caller {
		c, err := ParseCaller(text)
		if err != nil {
			b.Fatal(err)
		}
		return []Caller{c}
	}
	json, csv, table := NewJSON(io.Discard), NewCSV(io.Discard), NewTable(io.Discard, time.UTC, 0)
	for _, c := range []struct {
		name   string
		filter Filter
		out    Printer
	}{
		{"hits-little", Filter{Callers: caller("*/*/*/1029"), Refused: true}, json},
		{"caller-day", Filter{Callers: caller("*/*/*/1005"), Since: day, Until: day.AddDate(0, 0, 1)}, json},
		{"hits-all/json", Filter{}, json},
		{"hits-all/csv", Filter{}, csv},
		{"hits-all/table", Filter{}, table},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				q := Query{Dirs: []string{dir}, Filter: c.filter}
				uses := 0
				for u, err := range q.Uses(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
					if err := c.out.Print(u); err != nil {
						b.Fatal(err)
					}
					uses++
				}
				b.ReportMetric(float64(uses), "uses")
			}
		})
	}
}
