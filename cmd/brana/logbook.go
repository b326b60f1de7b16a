package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A logbook writes lines of the log. What several write at the same time goes
// out in one system call.
//
// A line is with the kernel when Write returns, as if each had been written by
// itself: the row of an exchange is written before its caller has the whole
// answer, and a gateway that is killed loses none.
//
// The book is blocked while nobody reads it, or its file takes nothing. No line
// is waited for then: up to mostHeld bytes are held, and go out in their order,
// each whole, when there is room again. Lines beyond that are lost and counted.
type logbook struct {
	out      io.Writer
	now      func([]byte) int // writes what goes without waiting; nil: nothing does
	patience time.Duration    // after it a page that did not go out blocks the book
	// mended is called, in a goroutine of its own, after a time in which the
	// book was blocked, with the number of lines lost in that time; may be nil.
	mended func(b blockage, lost int64)

	blocked atomic.Pointer[blockage]
	lost    atomic.Int64

	mu    sync.Mutex
	page  *page  // that lines are added to; nil: the next one begins one
	going *page  // that the scribe writes; nil: there is no scribe
	used  []byte // the text of a page that was written, for the next
	lone  int    // pages of one line in succession

	turn sync.Mutex // held by whoever writes a page at once
}

// A page is lines that go out together. The goroutine that began it writes it, or
// leaves it to the scribe.
type page struct {
	text []byte
	done chan struct{} // closed when nobody has to wait any more; nil unless somebody does
	free bool          // nobody has to wait: it was written, or the book is blocked
}

// A blockage is a time in which the log takes no lines.
type blockage struct {
	since time.Time
	why   error
	lost  int64 // lines that were lost before it
}

// patience is how long a line is waited for.
const patience = time.Second

// mostHeld bounds the text of a page, in bytes: of a blocked book it is what
// waits for room. The lines of as many exchanges as run at once have place.
const mostHeld = 4 << 20

var (
	errUnread   = fmt.Errorf("nothing was taken for %s: whatever reads it has stalled", patience)
	errLineLost = errors.New("the log is blocked, and holds as many lines as it may")
)

// newLogbook makes the book of a file that stays the caller's to close.
func newLogbook(f *os.File) *logbook {
	out := newNoWaitFile(f)
	return &logbook{out: out, now: out.WriteNow, patience: patience}
}

// Write adds a line, which it does not keep, and returns when it was written,
// or at once while the book is blocked. An error means that the line is lost.
func (b *logbook) Write(line []byte) (int, error) {
	b.mu.Lock()
	p, lead := b.page, false
	if p == nil {
		p = &page{text: b.used, free: b.blocked.Load() != nil}
		b.page, b.used = p, nil
		lead = b.going == nil
	} else if len(p.text)+len(line) > mostHeld {
		b.mu.Unlock()
		b.lost.Add(1)
		return 0, errLineLost
	}
	p.text = append(p.text, line...)
	if !lead {
		b.await(p)
		return len(line), nil
	}
	crowded := b.lone%tryAgain == 0
	b.mu.Unlock()

	if crowded {
		runtime.Gosched() // whoever is about to write a line does so now
	}
	b.turn.Lock()
	b.write(p)
	return len(line), nil
}

// tryAgain is after how many pages of one line others are waited for once more.
// To do so each time would wake another processor each time where there is
// nobody else.
const tryAgain = 32

// mostKept bounds the text that is kept for the next page.
const mostKept = 64 << 10

// await waits for a page, unlocking b.mu.
func (b *logbook) await(p *page) {
	if p.free {
		b.mu.Unlock()
		return
	}
	if p.done == nil {
		p.done = make(chan struct{})
	}
	done := p.done
	b.mu.Unlock()
	<-done
}

// write writes a page in its turn, which it ends. What does not go at once is
// for the scribe, and so is the page when one is at work.
func (b *logbook) write(p *page) {
	b.mu.Lock()
	if b.going != nil || b.page != p { // the scribe has it, or takes it next
		b.turn.Unlock()
		b.await(p)
		return
	}
	b.page = nil // p is ours alone from here on
	if b.lone++; p.done != nil {
		b.lone = 0
	}
	b.mu.Unlock()
	n := 0
	if b.now != nil {
		n = b.now(p.text)
	}
	b.mu.Lock()
	if n < len(p.text) {
		b.going = p
		go b.scribe(p, p.text[n:])
		b.turn.Unlock()
		b.await(p)
		return
	}
	b.turn.Unlock()
	b.finish(p)
	b.mu.Unlock()
}

// finish frees the goroutines that wait for a page, and keeps its text for another
// page.
// The caller holds b.mu.
func (b *logbook) finish(p *page) {
	p.release()
	if cap(p.text) <= mostKept && b.used == nil {
		b.used = p.text[:0]
	}
}

func (p *page) release() {
	p.free = true
	if p.done != nil {
		close(p.done)
		p.done = nil
	}
}

// scribe writes the rest of a page, and then what has come meanwhile, until
// nothing is left.
func (b *logbook) scribe(p *page, rest []byte) {
	for {
		b.put(p, rest)
		b.mu.Lock()
		b.finish(p)
		p, b.page = b.page, nil
		b.going = p
		if p == nil {
			break
		}
		b.mu.Unlock()
		rest = p.text
	}
	over := b.blocked.Swap(nil)
	b.mu.Unlock()
	if over != nil && b.mended != nil {
		go b.mended(*over, b.lost.Load()-over.lost) // it writes a line, perhaps
	}
}

// Between the tries to write to a file that takes nothing.
const shortestPause, longestPause = 10 * time.Millisecond, time.Second

// put writes the rest of a page, however long that takes.
func (b *logbook) put(p *page, rest []byte) {
	watch := time.AfterFunc(b.patience, func() { b.block(p, errUnread) })
	defer watch.Stop()
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		n, err := b.out.Write(rest)
		if rest = rest[n:]; len(rest) == 0 {
			return
		}
		b.block(p, err)
		time.Sleep(pause)
	}
}

// block begins the time in which the book is blocked, unless the page has gone
// out, and frees all who wait.
func (b *logbook) block(p *page, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.going != p || b.blocked.Load() != nil {
		return
	}
	b.blocked.Store(&blockage{since: time.Now(), why: why, lost: b.lost.Load()})
	p.release()
	if b.page != nil {
		b.page.release()
	}
}

// Blocked says why the log takes no lines at this moment, or nil.
func (b *logbook) Blocked() error {
	is := b.blocked.Load()
	if is == nil {
		return nil
	}
	return fmt.Errorf("blocked for %s, %d lines are lost: %w", time.Since(is.since).Truncate(time.Second), b.lost.Load()-is.lost, is.why)
}

// Lost is how many lines were lost.
func (b *logbook) Lost() int64 { return b.lost.Load() }

// Sync does nothing: what could be written is not held here.
func (b *logbook) Sync() error { return nil }

// flush waits for what is held, a time at most.
func (b *logbook) flush(most time.Duration) {
	if b == nil {
		return
	}
	for until := time.Now().Add(most); time.Now().Before(until); time.Sleep(shortestPause) {
		b.mu.Lock()
		idle := b.going == nil && b.page == nil
		b.mu.Unlock()
		if idle {
			return
		}
	}
}
