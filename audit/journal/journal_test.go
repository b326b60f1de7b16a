package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// opened opens a journal that is closed at the end of the test.
func opened(t testing.TB, cfg Config) *Journal {
	t.Helper()
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func closed(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func appended(t testing.TB, j *Journal, name string) uint64 {
	t.Helper()
	seq, err := j.Append(record(name), true)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func TestLinesAreAChainOverSegmentsAndStarts(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for start := range 3 {
		j := opened(t, Config{Dir: dir, Size: 2000})
		for n := range 20 {
			name := fmt.Sprintf("%d.%d", start, n)
			want = append(want, name)
			seq := appended(t, j, name)
			if n == 19 {
				closed(t, j)
				chain := wholeChain(t, dir)
				if got := chain[seq-1].Name; got != name {
					t.Errorf("line %d is %q, want %q", seq, got, name)
				}
			}
		}
	}
	chain := wholeChain(t, dir)
	if got := names(chain); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	causes := map[string]int{}
	for _, line := range chain {
		if line.Type == TypeSeal {
			causes[line.Cause]++
		}
	}
	if causes["shutdown"] != 3 || causes["size"] != 3 || len(causes) != 2 {
		t.Errorf("segments ended by %v", causes)
	}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if info, _ := f.Info(); info.Size() > 2000+400 || info.Mode() != fileMode {
			t.Errorf("%s has %d bytes and mode %v", f.Name(), info.Size(), info.Mode())
		}
	}
}

func TestManyCallsShareABatch(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, Config{Dir: dir})
	const callers, each = 16, 25
	seqs := make([][]uint64, callers)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for n := range each {
				seqs[c] = append(seqs[c], appended(t, j, fmt.Sprintf("%d.%d", c, n)))
				if _, err := j.Append(record(fmt.Sprintf("%d.%d outcome", c, n)), false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stats := j.Stats()
	closed(t, j)
	chain := wholeChain(t, dir)
	for c := range callers {
		for n, seq := range seqs[c] {
			if got, want := chain[seq-1].Name, fmt.Sprintf("%d.%d", c, n); got != want {
				t.Errorf("line %d is %q, want %q", seq, got, want)
			}
		}
	}
	if got := len(names(chain)); got != 2*callers*each {
		t.Errorf("%d records, want %d", got, 2*callers*each)
	}
	if stats.Syncs >= callers*each {
		t.Errorf("%d fdatasyncs for %d calls that wait", stats.Syncs, callers*each)
	}
}

func TestALineThatNobodyWaitsForIsWrittenSoon(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, Config{Dir: dir})
	if _, err := j.Append(record("outcome"), false); err != nil {
		t.Fatal(err)
	}
	for j.Stats().Records == 0 {
		time.Sleep(time.Millisecond)
	}
	if got := names(wholeChain(t, dir)); !slices.Equal(got, []string{"outcome"}) {
		t.Errorf("the segment holds %q", got)
	}
}

func TestSecondGatewayIsRefused(t *testing.T) {
	dir := t.TempDir()
	opened(t, Config{Dir: dir, Gateway: "g1"})
	_, err := Open(Config{Dir: dir, Gateway: "g2"})
	want := fmt.Sprintf("open journal: another gateway writes the journal in %s (pid %d, gateway g1): "+
		"each gateway needs a folder of its own", dir, os.Getpid())
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// The folder stays locked when somebody removes the file that says so.
func TestSecondGatewayIsRefusedWithoutTheLockFile(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, Config{Dir: dir, Gateway: "g1"})
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Config{Dir: dir, Gateway: "g2"})
	if err == nil || !strings.Contains(err.Error(), "another gateway writes the journal in "+dir+" (its lock was removed)") {
		t.Errorf("got %v", err)
	}
	closed(t, j)
	closed(t, opened(t, Config{Dir: dir, Gateway: "g2"}))
}

func TestWhatNoJournalMakesIsRefusedAndNotTouched(t *testing.T) {
	first := segmentName(1)
	const begin = `{"seq":1,"prev":"0000000000000000000000000000000000000000000000000000000000000000",`
	for _, c := range []struct{ name, file, text, want string }{
		{"foreign file", "notes.txt", "mine", "is no file of a journal: move it elsewhere"},
		{"newer format", first, begin + `"type":"segment","format":99,"version":"v9"}` + "\n", "formats up to 1"},
		{"no header", first, begin + `"type":"intent"}` + "\n", "it is no header of a segment"},
		{"empty", first, "", "has no header and cannot be continued"},
		{"renamed", segmentName(7), begin + `"type":"segment","format":1}` + "\n", "was the file renamed?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(Config{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			entries, _ := os.ReadDir(dir)
			text, _ := os.ReadFile(filepath.Join(dir, c.file))
			if len(entries) != 1 || string(text) != c.text {
				t.Errorf("the folder holds %v, the file %q", entries, text)
			}
		})
	}
}

func TestAppendRefusesWhatDoesNotFit(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, Config{Dir: dir})
	long := record(strings.Repeat("x", MaxLine))
	if _, err := j.Append(long, true); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a long line: %v", err)
	}
	if _, err := j.Append(long, false); err == nil || j.Stats().Lost != 1 {
		t.Errorf("a long line that nobody waits for: %v, lost %d", err, j.Stats().Lost)
	}
	closed(t, j)
	if _, err := j.Append(record("late"), true); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if got := names(wholeChain(t, dir)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
