package query

import (
	"bufio"
	"io"
	"sync"
	"time"
)

// A Printer writes uses, one after the other. What it has written reaches the reader soon.
type Printer interface {
	Print(*Use) error
	Flush() error // at the end
}

// soon is how long a line may wait for others.
const soon = 20 * time.Millisecond

// A writer writes lines, many with one system call when they come fast. The zero writer is
// not ready: see newWriter.
type writer struct {
	mu    sync.Mutex
	buf   *bufio.Writer
	waits bool // a flush will come
}

func newWriter(out io.Writer) *writer { return &writer{buf: bufio.NewWriterSize(out, 64<<10)} }

// line writes a line.
func (w *writer) line(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.buf.Write(b); err != nil {
		return err
	}
	if !w.waits {
		w.waits = true
		time.AfterFunc(soon, func() { _ = w.Flush() }) // the buffer keeps the error
	}
	return nil
}

// Flush writes what waits.
func (w *writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waits = false
	return w.buf.Flush()
}
