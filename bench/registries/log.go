package registries

import (
	"sync"
	"time"
)

// An Entry is one message in the log of a server, without personal data.
type Entry struct {
	Registry       string    `json:"registry"`
	Step           string    `json:"step"`             // as G27 or E05; empty: not understood
	Target         string    `json:"target,omitempty"` // agenda that ORG was asked to translate into
	Action         string    `json:"action"`           // SOAPAction
	Start          time.Time `json:"start"`            // the request's head has been read
	Head           Duration  `json:"head"`             // from Start until the answer could begin
	Duration       Duration  `json:"duration"`
	End            time.Time `json:"end"` // Start and Duration: the answer has been handed over
	HTTPStatus     int       `json:"status"`
	Kod            string    `json:"kod"` // VysledekKod of the answer
	AgendaZadostId string    `json:"agenda_zadost_id"`
	IszrZadostId   string    `json:"iszr_zadost_id"`
	Failure        Failure   `json:"failure,omitempty"` // played on purpose
	Broken         bool      `json:"broken,omitempty"`  // the answer did not go out whole
	Problem        string    `json:"problem,omitempty"` // a panic with its stack
	Uses           int       `json:"uses,omitempty"`    // use records in ROB, one per person
	Hidden         bool      `json:"hidden,omitempty"`  // from the person (znepristupniLog)
}

// logSize is the number of entries that a server keeps.
const logSize = 1 << 14

// messageLog holds the last entries of one server. It may be used by several
// goroutines.
type messageLog struct {
	hook func(Entry) // called with every entry, outside the lock; may be nil

	mu      sync.Mutex
	entries []Entry // a ring once it is full
	oldest  int     // index of the oldest entry of a full ring
}

// all returns the entries, oldest first.
func (l *messageLog) all() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]Entry{}, l.entries[l.oldest:]...), l.entries[:l.oldest]...)
}

// clear forgets all entries.
func (l *messageLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries, l.oldest = nil, 0
}

// record enters a message that ends now.
func (l *messageLog) record(e Entry) {
	e.End = time.Now()
	e.Duration = Duration(e.End.Sub(e.Start))
	if e.Head == 0 {
		e.Head = e.Duration
	}
	l.mu.Lock()
	if len(l.entries) < logSize {
		l.entries = append(l.entries, e)
	} else {
		l.entries[l.oldest] = e
		l.oldest = (l.oldest + 1) % logSize
	}
	l.mu.Unlock()
	if l.hook != nil {
		l.hook(e)
	}
}
