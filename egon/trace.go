package egon

import (
	"sync"
	"time"
)

// A Trace is what came of one call at the registries. The askers of the registries fill
// it, several goroutines at once. It is complete when the body of the answer is closed, or
// the call has failed; only then it may be read. The zero value is an empty Trace, a nil
// one takes nothing.
type Trace struct {
	mu    sync.Mutex
	spans [maxSpans]Span
	count int // of spans, and of those for which there was no room
	items Returned
}

// maxSpans is more than any call has: E198 asks seven times at most.
const maxSpans = 12

// A Span is one message to a registry, from the wait for its turn until its outcome is
// known.
type Span struct {
	Registry string // name of the upstream in the configuration
	Message  string // O08, or [RelayedMessage]
	Result   SpanResult
	Took     time.Duration // until the answer was read, or the head of a longer one
}

// RelayedMessage is the Message of a [Span] of a request that is relayed unchanged.
const RelayedMessage = "relay"

// A SpanResult is what came of a message to a registry, one word of a closed set.
type SpanResult string

// The results. The first five are answers.
const (
	SpanOK       SpanResult = "ok"
	SpanVarovani SpanResult = "varovani"
	SpanChyba    SpanResult = "chyba"
	SpanFault    SpanResult = "fault"    // a SOAP Fault in place of a reply
	SpanAnswered SpanResult = "answered" // with no status that is known
	SpanTimeout  SpanResult = "timeout"  // of the message, or of the whole call
	SpanBusy     SpanResult = "busy"     // its turn would have come too late; nothing was sent
	SpanRefused  SpanResult = "refused"  // by the circuit breaker; nothing was sent
	SpanEnded    SpanResult = "ended"    // the caller left, or another message failed
	SpanFailed   SpanResult = "failed"   // no answer of the contract came
)

// ResultOf returns the result of an answer with a VysledekKod.
func ResultOf(kod string) SpanResult {
	switch kod {
	case OK:
		return SpanOK
	case Varovani:
		return SpanVarovani
	case Chyba:
		return SpanChyba
	}
	return SpanAnswered
}

// Begin begins a span and returns its number. A Trace keeps the first twelve and counts
// the others.
func (t *Trace) Begin(registry, message string) (n int) {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count < maxSpans {
		t.spans[t.count] = Span{Registry: registry, Message: message, Result: SpanFailed}
	}
	t.count++
	return t.count - 1
}

// End says what came of span number n, and after which time.
func (t *Trace) End(n int, r SpanResult, took time.Duration) {
	t.change(n, func(s *Span) { s.Result, s.Took = r, took })
}

// Judge replaces the result of span number n: an answer may show only while it is read
// what it is, or break then.
func (t *Trace) Judge(n int, r SpanResult) {
	t.change(n, func(s *Span) { s.Result = r })
}

func (t *Trace) change(n int, f func(*Span)) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n < min(t.count, maxSpans) {
		f(&t.spans[n])
	}
}

// Spans returns the spans in the order of their beginnings. The slice is the Trace's own.
func (t *Trace) Spans() []Span { return t.spans[:min(t.count, maxSpans)] }

// Omitted is the number of spans for which there was no room.
func (t *Trace) Omitted() int { return max(t.count-maxSpans, 0) }

// Returns adds items that the answer holds.
func (t *Trace) Returns(items *Returned) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items.Merge(items)
}

// ReturnsItem adds one item that the answer holds, by its word.
func (t *Trace) ReturnsItem(word string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items.Add(word)
}

// Returned returns the items that the answer holds. They are the Trace's own.
func (t *Trace) Returned() *Returned { return &t.items }

// Reset makes the Trace empty, for another call.
func (t *Trace) Reset() { t.count, t.items = 0, Returned{} }
