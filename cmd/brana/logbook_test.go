package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A slowWriter holds each write until the test lets it go, or has it fail.
type slowWriter struct {
	began chan struct{}
	letGo chan error
	mu    sync.Mutex
	pages []string
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.began <- struct{}{}
	err := <-w.letGo
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages = append(w.pages, string(p))
	return len(p), nil
}

// Lines that come while one is written go out together, each whole. No Write returns
// before its line is out, and each returns the outcome of its line.
func TestLinesThatComeTogetherGoOutTogether(t *testing.T) {
	w := &slowWriter{began: make(chan struct{}), letGo: make(chan error)}
	b := &logbook{out: w, patience: time.Hour}
	ended := make(chan error, 32)
	write := func(line string) {
		_, err := b.Write([]byte(line))
		ended <- err
	}
	go write("first\n")
	<-w.began
	const more = 20
	for i := range more {
		go write(fmt.Sprintf("line %02d\n", i))
	}
	for range 2000 { // until all have come
		b.mu.Lock()
		n := 0
		if b.page != nil {
			n = bytes.Count(b.page.text, []byte("\n"))
		}
		b.mu.Unlock()
		if n == more {
			break
		}
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-ended:
		t.Fatalf("a Write returned (%v) before anything was out", err)
	default:
	}
	w.letGo <- nil
	if err := <-ended; err != nil {
		t.Errorf("the first line: %v", err)
	}
	<-w.began
	select {
	case err := <-ended:
		t.Fatalf("a Write returned (%v) before its page was out", err)
	default:
	}
	w.letGo <- nil
	for range more {
		if err := <-ended; err != nil {
			t.Errorf("a line of the second page: %v", err)
		}
	}
	lines := bytes.SplitAfter([]byte(w.pages[1]), []byte("\n"))
	slices.SortFunc(lines, bytes.Compare)
	for i := range more {
		if got, want := string(lines[i+1]), fmt.Sprintf("line %02d\n", i); got != want {
			t.Errorf("line %q, want %q", got, want)
		}
	}
	if len(w.pages) != 2 || w.pages[0] != "first\n" || len(lines) != more+1 {
		t.Errorf("pages = %q", w.pages)
	}
}

// A line does not depend on what its writer does with the bytes afterwards, nor
// a page on those before it.
func TestManyWriters(t *testing.T) {
	var out bytes.Buffer // a page is written by one at a time
	b := &logbook{out: &out, patience: time.Hour}
	const writers, each = 16, 500
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			line := make([]byte, 0, 64)
			for k := range each {
				line = fmt.Appendf(line[:0], "%02d %03d\n", i, k)
				if n, err := b.Write(line); n != len(line) || err != nil {
					t.Errorf("Write = %d, %v", n, err)
				}
			}
		})
	}
	all.Wait()
	next := map[int]int{}
	for line := range bytes.Lines(out.Bytes()) {
		var i, k int
		if _, err := fmt.Sscanf(string(line), "%d %d\n", &i, &k); err != nil || next[i] != k {
			t.Fatalf("line %q where %d of %d should be: %v", line, next[i], i, err)
		}
		next[i]++
	}
	if len(next) != writers || slices.ContainsFunc([]int{0, writers - 1}, func(i int) bool { return next[i] != each }) {
		t.Errorf("lines of each = %v", next)
	}
}

var errFull = errors.New("no space left")

// A disk takes a number of bytes, and is full for the rest.
type disk struct {
	mu   sync.Mutex
	room int
	text bytes.Buffer
}

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, _ := d.text.Write(p[:min(len(p), d.room)])
	if d.room -= n; n < len(p) {
		return n, errFull
	}
	return n, nil
}

func (d *disk) grow(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room += bytes
}

// A full disk holds up nobody. When there is room again, a line that was written in
// part is completed, and the lines that were held follow. Lost lines are reported.
func TestAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{room: 10}
		told := make(chan int64, 1)
		b := &logbook{out: d, patience: time.Second, mended: func(_ blockage, lost int64) { told <- lost }}
		began := time.Now()
		for i := range 3 {
			if _, err := b.Write(fmt.Appendf(nil, "line %d\n", i)); err != nil {
				t.Error(err)
			}
		}
		if err := b.Blocked(); !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), "blocked for 0s, 0 lines are lost") {
			t.Errorf("Blocked = %v", err)
		}
		large := append(bytes.Repeat([]byte("x"), mostHeld-1), '\n')
		if _, err := b.Write(large); err == nil || b.Lost() != 1 {
			t.Errorf("more than may be held: %v, %d lines lost", err, b.Lost())
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited for %s", waited)
		}
		d.grow(1 << 20)
		if lost := <-told; lost != 1 || b.Blocked() != nil {
			t.Errorf("%d lines told as lost, then %v", lost, b.Blocked())
		}
		if _, err := b.Write([]byte("line 3\n")); err != nil {
			t.Error(err)
		}
		if got := d.text.String(); got != "line 0\nline 1\nline 2\nline 3\n" {
			t.Errorf("written: %q", got)
		}
	})
}

// Whoever reads the log and stalls is waited for once, for patience.
func TestAStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		b := &logbook{out: w, patience: time.Second}
		began := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { _, _ = b.Write([]byte("line\n")) })
		}
		all.Wait()
		_, _ = b.Write([]byte("line\n"))
		b.flush(time.Second)
		if waited := time.Since(began); waited != 2*time.Second || !errors.Is(b.Blocked(), errUnread) {
			t.Errorf("waited for %s; Blocked = %v", waited, b.Blocked())
		}
		text := make(chan string)
		go func() { b, _ := io.ReadAll(r); text <- string(b) }()
		b.flush(time.Second)
		w.Close()
		if got := <-text; got != strings.Repeat("line\n", 4) || b.Blocked() != nil || b.Lost() != 0 {
			t.Errorf("%q was written, %d lines lost; Blocked = %v", got, b.Lost(), b.Blocked())
		}
	})
}
