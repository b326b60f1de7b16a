package audit

import (
	"strconv"
	"sync"

	"brana/audit/journal"
)

// A Recorder appends the records of exchanges to a journal. It is safe for concurrent use.
type Recorder struct {
	journal *journal.Journal
	buffers sync.Pool // of *[]byte
}

// NewRecorder returns a Recorder of a journal, which its caller closes.
func NewRecorder(j *journal.Journal) *Recorder {
	return &Recorder{journal: j, buffers: sync.Pool{New: func() any {
		b := make([]byte, 0, 2048)
		return &b
	}}}
}

// Intend records the intent of a call and returns when it is as durable as the journal
// promises. The number is what its outcome refers to. An error means that there is no
// such record to rely on: the call must not go on unless the operator wants that.
func (r *Recorder) Intend(c *Call) (intent uint64, err error) {
	buf := r.buffers.Get().(*[]byte)
	defer r.buffers.Put(buf)
	*buf = appendCall(begin((*buf)[:0], TypeIntent, c.Time), c)
	return r.journal.Append(*buf, true)
}

// Conclude records the outcome of an intent. It does not wait for the disk.
func (r *Recorder) Conclude(intent uint64, result *Result) {
	buf := r.buffers.Get().(*[]byte)
	defer r.buffers.Put(buf)
	b := begin((*buf)[:0], TypeOutcome, result.Time)
	b = append(b, `,"intent":`...)
	b = strconv.AppendUint(b, intent, 10)
	*buf = appendResult(text(b, "iszr_zadost_id", result.IszrZadostId), result)
	_, _ = r.journal.Append(*buf, false) // the journal counts what it loses
}

// Whole records a call and its result in one: a refusal, or a late record. The
// IszrZadostId is that of the call. It does not wait for the disk.
func (r *Recorder) Whole(kind string, c *Call, result *Result) {
	buf := r.buffers.Get().(*[]byte)
	defer r.buffers.Put(buf)
	*buf = appendResult(appendCall(begin((*buf)[:0], kind, c.Time), c), result)
	_, _ = r.journal.Append(*buf, false) // the journal counts what it loses
}

// Blocked returns why no record can be written at this moment, or nil.
func (r *Recorder) Blocked() error { return r.journal.Blocked() }
