package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// A slowWriter lets each write go when it is told to.
type slowWriter struct {
	began chan struct{}
	letGo chan error
	mu    sync.Mutex
	pages []string
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.began <- struct{}{}
	err := <-w.letGo
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages = append(w.pages, string(p))
	return len(p), err
}

// Lines that come while one is written go out together, each whole. Nobody's
// Write returns before its line is out, and each is told what became of it.
func TestLinesThatComeTogetherGoOutTogether(t *testing.T) {
	w := &slowWriter{began: make(chan struct{}), letGo: make(chan error)}
	b := &logbook{out: w}
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
	full := errors.New("no space left")
	w.letGo <- full
	for range more {
		if err := <-ended; err != full {
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
	b := &logbook{out: &out}
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
