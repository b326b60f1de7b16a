package journal

import (
	"sync"
	"time"
)

// entries are the fields of lines that have no place in the chain yet, one after the other.
type entries struct {
	text []byte
	ends []end
}

// An end is where the fields of a line end in the text, and whether a call waits for it.
type end struct {
	at      int
	awaited bool
}

func (l *entries) add(fields []byte, awaited bool) {
	l.text = append(l.text, fields...)
	l.ends = append(l.ends, end{len(l.text), awaited})
}

// fields returns the fields of line i.
func (l *entries) fields(i int) []byte {
	from := 0
	if i > 0 {
		from = l.ends[i-1].at
	}
	return l.text[from:l.ends[i].at]
}

// takeFree appends the lines of another that no call waits for, as long as the text has
// no more than a number of bytes. It returns how many lines it left out.
func (l *entries) takeFree(from *entries, most int) (lost uint64) {
	for i, e := range from.ends {
		if e.awaited {
			continue
		}
		fields := from.fields(i)
		if len(l.text)+len(fields) > most {
			lost++
			continue
		}
		l.add(fields, false)
	}
	return lost
}

// keepBuffer is the size up to which the buffers of a batch are used again.
const keepBuffer = 1 << 20

// empty returns the buffers, without lines, for another batch.
func (l *entries) empty() entries {
	if cap(l.text) > keepBuffer {
		return entries{}
	}
	return entries{text: l.text[:0], ends: l.ends[:0]}
}

// A batch is the lines that one write brings to the disk, and the calls that wait for it.
type batch struct {
	entries
	waiting int       // calls
	began   time.Time // when its first call began to wait
	written time.Time // when its first line came, if no call waits

	put      int            // lines that were put before those that were added
	done     sync.WaitGroup // released once the fate of the batch is known
	released bool
	first    uint64 // sequence number of the first line that was added
	err      error  // why it failed
}

func newBatch(buffers entries) *batch {
	b := &batch{entries: buffers}
	b.done.Add(1)
	return b
}

// prepend puts lines that no call waits for before those of the batch.
func (b *batch) prepend(kept *entries) {
	if len(kept.ends) == 0 {
		return
	}
	if len(b.ends) == 0 {
		b.written = time.Now()
	}
	b.put += len(kept.ends)
	for i, e := range b.ends {
		kept.add(b.fields(i), e.awaited)
	}
	b.entries = *kept
}

// release lets the calls go that wait for the batch. The first to know its fate is right:
// a batch that was given up may still come to the disk.
func (b *batch) release(first uint64, err error) {
	if b.released {
		return
	}
	b.released = true
	b.first, b.err = first+uint64(b.put), err
	b.done.Done()
}
