// Package journal keeps lines in order, durably and so that a change shows. It knows
// segments, the chain and the disk, and nothing of what the lines say.
//
// A journal is a folder of segments. A line is a JSON object that begins with its sequence
// number and the hash of the line before:
//
//	{"seq":7,"prev":"<SHA-256 of line 6, hex>","type":"intent",…}
//
// The hash is that of the bytes of the line without its newline. The first line of a
// segment is its [Header], the last one its [Seal]; both are signed when there is a key.
// A segment that did not end well is never written to again: the header of the next one
// says how it ended.
//
// The first line after an fdatasync ends with the number of the last line that was on the
// disk by then:
//
//	{"seq":9,"prev":"…","type":"outcome",…,"synced":8}
//
// So a crash, which leaves part of what was never confirmed, differs from a change of lines
// that were.
//
// # States
//
// Lines gather in a batch (batch.go), which the queue (queue.go) hands to the writer
// (writer.go). The writer brings one batch at a time to the disk. What becomes of a call that
// waits for its line depends on the state of the writer:
//
//	state    the writer                    a call        until
//	writing  has a segment                 waits         a write or fdatasync fails: failed
//	                                                     there is no answer for Timeout: stalled
//	                                                     Close: closed
//	failed   begins a segment at once      waits         it has begun: writing
//	                                                     that, or its first batch, fails: blocked
//	blocked  begins one after a pause,     is refused    it has begun: writing
//	         100 ms at first, then 1 s                   Close: it tries once more, closed
//	stalled  waits for the disk            is refused    the disk answers: writing or failed
//	closed   has sealed the segment        is refused
//
// From writing to writing by size or age: the segment is sealed and the next one begins, while
// calls wait. A batch whose write or fdatasync fails releases its calls with the error. Lines
// that no call waits for are never refused; they are kept for the next segment, up to a bound.
package journal
