package policy

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var someRows = []fileRow{
	{Triple{"A115", "CT239", "00007064"}, time.Unix(1_700_000_001, 0).UTC(),
		[]Item{{"Aifo", ""}, {"Prijmeni", "101-1-1"}}},
	{Triple{"X999", "XR1", "12345678"}, time.Unix(1_700_000_000, 0).UTC(),
		[]Item{{"Žádost", "101-1-2"}}},
}

func encoded(t testing.TB, rows []fileRow) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encodeRows(&b, "test bus", rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(file []byte) ([]fileRow, error) {
	return readRows("rows", bytes.NewReader(file), "test bus")
}

func sameRows(a, b []fileRow) string { return cmp.Diff(a, b, cmp.AllowUnexported(fileRow{})) }

func TestRowsAreReadAsWritten(t *testing.T) {
	for _, rows := range [][]fileRow{nil, someRows[:1], someRows} {
		got, err := decode(encoded(t, rows))
		if err != nil {
			t.Fatal(err)
		}
		if diff := sameRows(rows, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A damaged file is refused, whatever the damage, and the message names the remedy.
func TestDamagedFileIsRefused(t *testing.T) {
	whole := encoded(t, someRows)
	refused := func(what string, file []byte) {
		t.Helper()
		rows, err := decode(file)
		if err == nil || rows != nil {
			t.Errorf("%s: %d rows, %v", what, len(rows), err)
		} else if text := err.Error(); !strings.HasPrefix(text, "rows:") ||
			!strings.Contains(text, "remove") {
			t.Errorf("%s: %s", what, text)
		}
	}
	for n := range whole {
		refused(fmt.Sprintf("cut after %d bytes", n), whole[:n])
	}
	for n := range whole {
		for _, flip := range []byte{1, 0x20, 0x80} {
			file := bytes.Clone(whole)
			file[n] ^= flip
			refused(fmt.Sprintf("byte %d changed by %#x", n, flip), file)
		}
	}
	lines := strings.SplitAfter(string(whole), "\n")
	refused("a row missing", []byte(strings.Join(append(lines[:2:2], lines[3:]...), "")))
	refused("a row twice", encoded(t, []fileRow{someRows[0], someRows[0]}))
	refused("something after the end", append(bytes.Clone(whole), "row\n"...))
	refused("two files", append(bytes.Clone(whole), whole...))
	refused("a row without items", encoded(t,
		[]fileRow{{someRows[0].triple, someRows[0].fetched, nil}}))
	refused("another version", bytes.Replace(whole, []byte("rows 1\n"), []byte("rows 2\n"), 1))
	refused("a line without end", bytes.Repeat([]byte("x"), 3<<20))
}

// A file of another environment or upstream is refused.
func TestFileOfAnotherOriginIsRefused(t *testing.T) {
	_, err := readRows("rows", bytes.NewReader(encoded(t, someRows)), "production bus")
	want := "rows:2: the rows are of test bus, not of production bus: " +
		"remove the file, or name the right one"
	if err == nil || err.Error() != want {
		t.Errorf("readRows = %v", err)
	}
}

// A file that was not written by us is refused. Rows that are read write the same file
// again.
func FuzzRowsFile(f *testing.F) {
	f.Add(encoded(f, nil))
	f.Add(encoded(f, someRows))
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, err := decode(file)
		if err != nil {
			return
		}
		again, err := decode(encoded(t, rows))
		if err != nil {
			t.Fatal(err)
		}
		if diff := sameRows(rows, again); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

// Any rows survive the file.
func TestAnyRowsSurviveTheFile(t *testing.T) {
	code := rapid.StringMatching(`[A-Za-z0-9._:ěščřž-]{1,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		var rows []fileRow
		triples := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Triple {
			return Triple{code.Draw(t, "agenda"), code.Draw(t, "role"), code.Draw(t, "ovm")}
		}), 0, 5, rapid.ID[Triple]).Draw(rt, "triples")
		for _, triple := range triples {
			one := fileRow{triple: triple,
				fetched: time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(rt, "fetched"), 0).UTC()}
			for _, kod := range rapid.SliceOfN(code, 1, 5).Draw(rt, "items") {
				one.items = append(one.items, Item{kod,
					rapid.OneOf(rapid.Just(""), code).Draw(rt, "rpp")})
			}
			rows = append(rows, one)
		}
		got, err := decode(encoded(t, rows))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := sameRows(rows, got); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// Rows that are too old are left out, and so are rows that only a wrong clock can have
// fetched.
func TestRowsOfTheFileThatDecideNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "rows")
		now := time.Now().UTC()
		var rows []fileRow
		for i, fetched := range []time.Time{now.Add(-time.Hour), now.Add(-4 * time.Hour),
			now.Add(time.Hour), {}, now.AddDate(7000, 0, 0)} {
			rows = append(rows, fileRow{Triple{"A1", "CR1", fmt.Sprint(i + 1)},
				fetched.Truncate(time.Second), []Item{{"Jmeno", ""}}})
		}
		if err := os.WriteFile(file, encoded(t, rows), 0o600); err != nil {
			t.Fatal(err)
		}
		s := newFixture(t, newFakeBus(nil), func(c *RowsConfig) { c.Snapshot = file })
		if n := len(slices.Collect(s.all())); s.Loaded() != nil || n != 1 ||
			s.known(rows[0].triple) == nil {
			t.Errorf("%d rows were taken over, %v, want the first of %d", n, s.Loaded(), len(rows))
		}
	})
}

// A damaged file does not stop the start. The next writing mends it.
func TestStartWithADamagedFile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "rows")
		if err := os.WriteFile(file, encoded(t, someRows)[:100], 0o600); err != nil {
			t.Fatal(err)
		}
		with := func(c *RowsConfig) { c.Snapshot = file }
		s := newFixture(t, newFakeBus(map[string]string{own: "Jmeno"}), with, own)
		if err := s.Loaded(); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("Loaded = %v", err)
		}
		s.Start()
		if got, err := s.await(own, time.Second); err != nil || got != "Jmeno" {
			t.Errorf("Await = %s, %v", got, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if s = newFixture(t, newFakeBus(nil), with, own); s.Loaded() != nil ||
			s.decide(own, "Jmeno") != "granted" {
			t.Errorf("after the file was mended: %v, %s", s.Loaded(), s.decide(own, "Jmeno"))
		}
	})
}

// A failed writing is reported and stops nothing. It is repeated at ever longer intervals,
// although no row changes, until it succeeds.
func TestFileThatCannotBeWritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var reports atomic.Int64
		dir := filepath.Join(t.TempDir(), "nowhere")
		s := newFixture(t, newFakeBus(map[string]string{own: "Jmeno"}), func(c *RowsConfig) {
			c.Snapshot = filepath.Join(dir, "rows")
			c.OnSave = func(error) { reports.Add(1) }
		}, own)
		s.Start()
		time.Sleep(time.Minute)
		if got := s.decide(own, "Jmeno"); got != "granted" {
			t.Errorf("decided %s", got)
		}
		if st := s.Status(); !errors.Is(st.SaveErr, os.ErrNotExist) {
			t.Errorf("status %+v", st)
		}
		if n := reports.Load(); n != 5 { // after 1, 3, 7, 15 and 31 s
			t.Errorf("reported %d times", n)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(saveAgain)
		if st := s.Status(); st.SaveErr != nil || st.Saved.IsZero() || reports.Load() != 6 {
			t.Errorf("status %+v, reported %d times", st, reports.Load())
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Close = %v", err)
		}
	})
}

// TestWriterThatIsKilled kills a process again and again at random moments while it
// writes the file: the file is always whole.
func TestWriterThatIsKilled(t *testing.T) {
	if file := os.Getenv("BRANA_TEST_WRITE_ROWS"); file != "" {
		for n := 1; ; n = n%2000 + 1 {
			if err := writeRows(file, "test bus", numbered(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "rows")
	sizes := map[int]bool{}
	for round := range 25 {
		writer := exec.Command(os.Args[0], "-test.run=^TestWriterThatIsKilled$")
		writer.Env = append(os.Environ(), "BRANA_TEST_WRITE_ROWS="+file)
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(file)
		for { // until it has written at least once
			now, err := os.Stat(file)
			if err == nil && (before == nil || !os.SameFile(before, now)) {
				break
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(round*137%1000) * 10 * time.Microsecond)
		_ = writer.Process.Kill() // it writes until then
		_ = writer.Wait()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := decode(text)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if diff := sameRows(numbered(len(rows)), rows); diff != "" {
			t.Fatalf("round %d: (-want +got):\n%s", round, diff)
		}
		sizes[len(rows)] = true
	}
	if err := writeRows(file, "test bus", nil); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(temporary(file)); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	t.Logf("%d sizes of files were seen", len(sizes))
}

// numbered returns n rows that depend on n alone.
func numbered(n int) (rows []fileRow) {
	for i := range n {
		rows = append(rows, fileRow{Triple{"A1", "R1", fmt.Sprint(i)},
			time.Unix(int64(1_700_000_000+n), 0).UTC(), []Item{{"Jmeno", fmt.Sprint(n)}}})
	}
	return rows
}
