package query

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"brana/audit"
	"brana/audit/audittest"
	"brana/audit/journal"
	"brana/egon"
)

// A reader that follows sees each call once, over segments that end, are compressed and
// begin again after a restart.
func TestFollowLosesAndDoublesNothing(t *testing.T) {
	const calls, runs = 400, 3
	dir := t.TempDir()
	write := func(run int) {
		cfg := journal.Config{Dir: dir, Durability: journal.System, Size: 16 << 10}
		j, err := journal.Open(cfg)
		if err != nil {
			t.Error(err)
			return
		}
		keeper := journal.StartKeeper(journal.KeepConfig{Dir: dir, Compress: true, CompressAfter: time.Nanosecond}, j)
		recorder := audit.NewRecorder(j)
		for i := range calls {
			record(t, recorder, fmt.Sprintf("%d-%d", run, i), i%5 == 0)
		}
		keeper.Close()
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	write(0)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	seen := map[string]int{}
	q := Query{Dirs: []string{dir}, Found: func(f Finding) { t.Error(f) }}
	begun := make(chan struct{})
	go func() {
		<-begun
		for run := 1; run < runs; run++ {
			write(run)
		}
	}()
	q.Filter.Since = time.Now().Add(-time.Hour)
	for u, err := range q.Follow(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) == 0 {
			close(begun)
		}
		if seen[u.Call.AgendaZadostId]++; len(seen) == calls*runs {
			break
		}
	}
	want := map[string]int{}
	for run := range runs {
		for i := range calls {
			want[fmt.Sprintf("%d-%d", run, i)] = 1
		}
	}
	if d := gocmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
	compressed, _ := filepath.Glob(filepath.Join(dir, "*.zst"))
	if len(compressed) == 0 {
		t.Error("no segment was compressed")
	}
}

// record records a call as a gateway does.
func record(t *testing.T, r *audit.Recorder, id string, refused bool) {
	t.Helper()
	call := &audit.Call{Time: time.Now(), Service: "E05", AgendaZadostId: []byte(id), Head: &egon.Head{}}
	result := &audit.Result{Time: time.Now(), Outcome: "ok"}
	if refused {
		result.Outcome = "overloaded"
		r.Whole(audit.TypeRefusal, call, result)
		return
	}
	intent, err := r.Intend(call)
	if err != nil {
		t.Error(err)
	}
	r.Conclude(intent, result)
}

// What was read of a batch before its write failed is taken back: the refusals in it come
// once, when they are written again, and the intents never.
func TestFollowForgetsWhatWasNotConfirmed(t *testing.T) {
	line := func(kind, id, rest string) string {
		return fmt.Sprintf(`"type":%q,"time":"2026-11-28T07:00:00.000000Z","agenda_zadost_id":%q%s`, kind, id, rest)
	}
	refusal := func(id string) string { return line("refusal", id, `,"outcome":"overloaded"`) }
	intent := func(id string) string { return line("intent", id, "") }
	const outcome = `"type":"outcome","time":"2026-11-28T07:00:01.000000Z","intent":2,"outcome":"ok"`
	book := audittest.NewBook(t.TempDir())
	book.Line(intent("answered"))
	book.Line(refusal("early"))
	book.Void(outcome, refusal("again"), intent("refused"))
	if err := book.Flush(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	seen := map[string]int{}
	q := Query{Dirs: []string{book.Dir}, Found: func(f Finding) { t.Error(f) }}
	q.Filter.Since = time.Unix(0, 1)
	for u, err := range q.Follow(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		seen[u.Call.AgendaZadostId+" "+u.Outcome()]++
		if len(seen) == 3 {
			fail(t, book, outcome, refusal("again"), line("late", "last", `,"outcome":"ok"`))
		}
		if seen["last ok"] > 0 {
			break
		}
	}
	want := map[string]int{"answered ok": 1, "early overloaded": 1, "again overloaded": 1, "last ok": 1}
	if d := gocmp.Diff(want, seen); d != "" {
		t.Error(d, slices.Sorted(maps.Keys(seen)))
	}
}

// fail ends the segment as a failing disk does, and writes lines to the next one.
func fail(t *testing.T, book *audittest.Book, lines ...string) {
	t.Helper()
	if err := book.End(journal.Failed); err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		book.Line(l)
	}
	if err := book.Flush(); err != nil {
		t.Fatal(err)
	}
}
