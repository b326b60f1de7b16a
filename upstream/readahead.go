package upstream

import (
	"io"
	"sync"
)

// The bounds of reading ahead, in bytes. With the window of a token reader and the buffer
// of its connection, a call holds less than 256 KiB of a reply, and 160 KiB more where a
// medium waits for its day (medium.go).
const (
	aheadPiece = 32 << 10
	aheadBytes = 6 * aheadPiece
)

// piecePool holds the memory of used pieces.
var piecePool = sync.Pool{New: func() any { return new([aheadPiece]byte) }}

// A readAhead reads a source before its reader does: on a goroutine of its own, until the
// source ends or aheadBytes are held. Then it reads only on demand, so that the sender is
// held back by its own socket.
type readAhead struct {
	src  io.ReadCloser
	done chan struct{} // closed when the goroutine has ended; the reader then owns the rest
	held []piece       // none is empty
	end  error         // of src; io.EOF: it was whole; nil: it goes on
}

// A piece is the bytes of a few reads.
type piece struct {
	memory     *[aheadPiece]byte // from piecePool
	start, end int               // of the bytes that were not read yet
}

// startReadAhead begins to read src. It calls broke when src breaks.
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

// fill reads until the source ends or aheadBytes are held. It returns the end of the
// source, nil when that goes on.
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

// settle waits until the source has ended or aheadBytes are held. It returns the length of
// the source, or -1 when that goes on.
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

// Read returns the bytes that were read ahead, and then those of the source.
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

// Close closes the source. It may come from elsewhere while a Read waits.
func (a *readAhead) Close() error {
	err := a.src.Close()
	<-a.done
	return err
}
