package main

import (
	"io"
	"runtime"
	"sync"
)

// A logbook writes lines of the log. What several write at the same time goes
// out in one system call.
//
// A line is with the kernel when Write returns, as if each had been written by
// itself: the row of an exchange is written before its caller has the whole
// answer, and a gateway that is killed loses none.
type logbook struct {
	out io.Writer

	mu   sync.Mutex
	page *page  // that lines are added to; nil: the next one begins one
	used []byte // the text of a page that was written, for the next
	lone int    // pages of one line in succession

	turn sync.Mutex // held by whoever writes a page
}

// A page is lines that go out together. Whoever began it writes it.
type page struct {
	text []byte
	done chan struct{} // closed when it was written; nil unless somebody waits
	err  error
}

// Write adds a line, which it does not keep, and returns when it was written.
func (b *logbook) Write(line []byte) (int, error) {
	b.mu.Lock()
	p := b.page
	if p != nil {
		p.text = append(p.text, line...)
		if p.done == nil {
			p.done = make(chan struct{})
		}
		b.mu.Unlock()
		<-p.done
		return len(line), p.err
	}
	p = &page{text: append(b.used, line...)}
	b.page, b.used = p, nil
	crowded := b.lone%tryAgain == 0
	b.mu.Unlock()

	if crowded {
		runtime.Gosched() // whoever is about to write a line does so now
	}
	b.turn.Lock()
	defer b.turn.Unlock()
	b.write(p)
	return len(line), p.err
}

// tryAgain is after how many pages of one line others are waited for once more.
// To do so each time would wake another processor each time where there is
// nobody else.
const tryAgain = 32

// mostKept bounds the text that is kept for the next page.
const mostKept = 64 << 10

func (b *logbook) write(p *page) {
	b.mu.Lock()
	b.page = nil // p is ours alone from here on
	if b.lone++; p.done != nil {
		b.lone = 0
	}
	b.mu.Unlock()
	_, p.err = b.out.Write(p.text)
	if p.done != nil {
		close(p.done)
	}
	if cap(p.text) <= mostKept {
		b.mu.Lock()
		b.used = p.text[:0]
		b.mu.Unlock()
	}
}

// Sync does nothing: what was written is not held here.
func (b *logbook) Sync() error { return nil }
