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

// A logbook writes lines of the log. Lines that several goroutines write at the
// same time go out in one system call.
//
// When Write returns, the kernel has the line, as if each had been written by
// itself: the line of an exchange is written before its caller has the whole
// answer, and a gateway that is killed loses none.
//
// The book is blocked while nobody reads it, or its file takes nothing. Then Write
// does not wait. Up to mostHeld bytes are held, and go out in their order, each
// line whole, when there is room again. Lines beyond that are lost and counted.
type logbook struct {
	out      io.Writer
	now      func([]byte) int // writes the bytes that the kernel takes at once; may be nil
	patience time.Duration    // a page that takes longer blocks the book
	// mended is called when the book is no longer blocked, with the number of
	// lines lost in that time. It runs in a goroutine of its own; may be nil.
	mended func(b blockage, lost int64)

	blocked atomic.Pointer[blockage]
	lost    atomic.Int64

	mu    sync.Mutex
	page  *page  // that lines are added to; nil: the next one begins one
	going *page  // that the scribe writes; nil: there is no scribe
	used  []byte // the text of a page that was written, for the next
	lone  int    // pages of one line in succession

	turn sync.Mutex // held while a page is written at once
}

// A page is lines that go out together. The goroutine that began it writes it, or
// leaves it to the scribe, which is the goroutine that may wait for the file.
type page struct {
	text []byte
	done chan struct{} // closed when the wait is over; nil unless a goroutine waits
	free bool          // the wait is over: the page was written, or the book is blocked
}

// A blockage is a time in which the log takes no lines.
type blockage struct {
	since time.Time
	why   error
	lost  int64 // lines that were lost before it
}

// patience is the longest wait for a line.
const patience = time.Second

// mostHeld bounds the text of a page, in bytes. In a blocked book that text waits
// for room. It has room for the lines of all exchanges that run at once.
const mostHeld = 4 << 20

var (
	errUnread   = fmt.Errorf("nothing was taken for %s: whatever reads it has stalled", patience)
	errLineLost = errors.New("the log is blocked, and holds as many lines as it may")
)

// newLogbook makes the book of a file. The caller closes the file.
func newLogbook(f *os.File) *logbook {
	out := newNoWaitFile(f)
	return &logbook{out: out, now: out.WriteNow, patience: patience}
}

// Write adds a copy of a line. It returns when the line was written, or at once
// while the book is blocked. An error means that the line is lost.
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
		runtime.Gosched() // goroutines that are about to write a line do so now
	}
	b.turn.Lock()
	b.write(p)
	return len(line), nil
}

// tryAgain is the number of pages of one line after which a writer yields to
// others once more. Where nobody else writes, to yield each time would wake
// another processor each time.
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

// write writes a page in its turn, and ends the turn. It leaves to the scribe the
// bytes that the kernel does not take at once, and the whole page while a scribe
// is at work.
func (b *logbook) write(p *page) {
	b.mu.Lock()
	if b.going != nil || b.page != p { // the scribe has the page, or takes it next
		b.turn.Unlock()
		b.await(p)
		return
	}
	b.page = nil // from here on nobody else adds to p
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

// finish frees the goroutines that wait for a page, and keeps the memory of its
// text for another page. The caller holds b.mu.
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

// scribe writes the rest of a page, and then the pages that came meanwhile, until
// there is none.
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
		go b.mended(*over, b.lost.Load()-over.lost) // it may write a line
	}
}

// The pause between tries to write to a file that takes nothing.
const shortestPause, longestPause = 10 * time.Millisecond, time.Second

// put writes the rest of a page and waits for as long as that takes.
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

// block declares the book blocked, unless the page has gone out, and frees all
// goroutines that wait.
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

// Blocked returns why the log takes no lines at this moment, or nil.
func (b *logbook) Blocked() error {
	is := b.blocked.Load()
	if is == nil {
		return nil
	}
	return fmt.Errorf("blocked for %s, %d lines are lost: %w",
		time.Since(is.since).Truncate(time.Second), b.lost.Load()-is.lost, is.why)
}

// Lost is the number of lines that were lost.
func (b *logbook) Lost() int64 { return b.lost.Load() }

// Sync does nothing: lines that could be written are not held.
func (b *logbook) Sync() error { return nil }

// flush waits until the lines that are held have gone out, or the time is over.
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
