package gateway

import (
	"sync"

	"brana/egon"
	"brana/gateway/stream"
)

// A pool lends values that are costly to make. The borrower puts it back once,
// and does not use it afterwards.
type pool[T any] interface {
	Get() T
	Put(value T)
}

// The pools of a gateway.
type pools struct {
	readers pool[*egon.Reader]      // of requests
	replies pool[*egon.ReplyReader] // of relayed replies
	buffers pool[*[]byte]           // of both, empty, of stream.WindowBytes at least
	uses    pool[*use]              // for the record of use, cleared
	aifos   pool[*egon.AifoReader]  // of requests and answers, when persons are recorded
	traces  pool[*egon.Trace]       // of exchanges, empty
}

func newPools(requests egon.Bounds) pools {
	replies := requests
	replies.TotalBytes = 0
	return pools{
		readers: newFreeList(func() *egon.Reader { return egon.NewReader(requests) }),
		replies: newFreeList(func() *egon.ReplyReader { return egon.NewReplyReader(replies) }),
		buffers: &stream.Buffers{},
		uses:    newFreeList(func() *use { return &use{} }),
		traces:  newFreeList(func() *egon.Trace { return &egon.Trace{} }),
		aifos:   newFreeList(func() *egon.AifoReader { return egon.NewAifoReader(requests.XML) }),
	}
}

// A freeList is a pool of what the garbage collector has left.
type freeList[T any] struct{ free sync.Pool }

func newFreeList[T any](newValue func() T) *freeList[T] {
	return &freeList[T]{sync.Pool{New: func() any { return newValue() }}}
}

func (l *freeList[T]) Get() T      { return l.free.Get().(T) }
func (l *freeList[T]) Put(value T) { l.free.Put(value) }
