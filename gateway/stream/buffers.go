package stream

import "sync"

// WindowBytes is what one read of a body asks for.
const WindowBytes = 32 << 10

// pooledBytes bounds the buffers that are kept for another message.
const pooledBytes = 64 << 10

// Buffers are buffers that messages are read through. The zero value is ready for
// use, by any number of goroutines.
type Buffers struct{ free sync.Pool }

// Get takes a buffer: empty, with a capacity of WindowBytes at least.
func (b *Buffers) Get() *[]byte {
	if buf, ok := b.free.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 0, WindowBytes)
	return &buf
}

// Put gives a buffer back, whatever it holds and has grown to.
func (b *Buffers) Put(buf *[]byte) {
	if cap(*buf) <= pooledBytes {
		*buf = (*buf)[:0]
		b.free.Put(buf)
	}
}
