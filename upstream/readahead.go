package upstream

import (
	"io"
	"sync"
)

// What is read ahead, in bytes. With the window of a scanner and the buffer of
// its connection that is all of a reply that a call holds: below 256 KiB, and
// 160 KiB more where a medium waits for its day (medium.go).
const (
	aheadPiece = 32 << 10
	aheadBytes = 6 * aheadPiece
)

// pieces are used ones.
var piecePool = sync.Pool{New: func() any { return new([aheadPiece]byte) }}

// An ahead reads a source before anybody wants what it gives: on a goroutine of
// its own, until the source ends or aheadBytes are held. From then on it leaves
// the source alone, so that whoever sends is held back by its own socket, and
// reads only what is asked for.
type readAhead struct {
	src  io.ReadCloser
	done chan struct{} // closed when the goroutine has ended; all below is then the reader's
	held []piece       // none of them is empty
	end  error         // of src; io.EOF: it was whole; nil: it goes on
}

// A piece is what one read, or a few, have given.
type piece struct {
	memory     *[aheadPiece]byte // from pieces
	start, end int               // of what was not given out
}

// readAhead begins to read src. If that breaks, it calls broke.
func startReadAhead(src io.ReadCloser, broke func(error)) *readAhead {
	a := &readAhead{src: src, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.end = recovered("read ahead", a.fill)
		if a.end != nil && a.end != io.EOF {
			broke(a.end)
		}
	}()
	return a
}

func (a *readAhead) fill() error {
	var end error
	for end == nil {
		last := len(a.held) - 1
		if last < 0 || a.held[last].end == aheadPiece {
			if len(a.held) == aheadBytes/aheadPiece {
				return nil
			}
			a.held = append(a.held, piece{memory: piecePool.Get().(*[aheadPiece]byte)})
			last++
		}
		p := &a.held[last]
		var n int
		n, end = a.src.Read(p.memory[p.end:])
		p.end += n
	}
	if last := len(a.held) - 1; last >= 0 && a.held[last].end == 0 {
		piecePool.Put(a.held[last].memory)
		a.held = a.held[:last]
	}
	return end
}

// settle waits until the source has ended or no more of it is held, and returns
// the length of what there is if that is all, otherwise -1.
func (a *readAhead) settle() (length int64, err error) {
	<-a.done
	switch a.end {
	case nil:
		return -1, nil
	case io.EOF:
		for _, p := range a.held {
			length += int64(p.end - p.start)
		}
		return length, nil
	}
	return 0, a.end
}

// Read gives what was read ahead and then what the source gives.
func (a *readAhead) Read(p []byte) (n int, err error) {
	<-a.done
	if len(a.held) == 0 {
		if a.end == nil {
			n, a.end = a.src.Read(p)
			return n, a.end
		}
		return 0, a.end
	}
	for n < len(p) && len(a.held) > 0 {
		first := &a.held[0]
		k := copy(p[n:], first.memory[first.start:first.end])
		n += k
		if first.start += k; first.start == first.end {
			piecePool.Put(first.memory)
			a.held = a.held[1:]
		}
	}
	return n, nil
}

// Close closes the source; it may come from elsewhere while a Read waits.
func (a *readAhead) Close() error {
	err := a.src.Close()
	<-a.done
	return err
}
