package journal

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// CopiesConfig is where copies of headers, seals and marks go. Several places may be given.
type CopiesConfig struct {
	Gateway string
	File    string        // a file to which they are appended; not in the folder of the journal
	Syslog  string        // /dev/log, udp:HOST:PORT or tcp:HOST:PORT
	Command []string      // a program and its arguments, which reads one copy from its standard input
	Every   time.Duration // time between two marks; 0: a minute
	// Event is called for what fails. It may be nil.
	Event func(Event)
}

// lastPatience is how long Close waits for copies.
const lastPatience = 5 * time.Second

// Copies sends copies of a journal's headers and seals elsewhere, and marks of the last line
// that is on the disk. Each one covers all lines before it, since it holds a hash of the chain.
// Nobody waits for them. It is safe for concurrent use.
type Copies struct {
	cfg     CopiesConfig
	outlets []*outlet
	ctx     context.Context // of the goroutines; Close ends it
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// StartCopies starts to send copies. Its caller closes it after the journal.
func StartCopies(cfg CopiesConfig) (*Copies, error) {
	if cfg.Event == nil {
		cfg.Event = func(Event) {}
	}
	if cfg.Every == 0 {
		cfg.Every = time.Minute
	}
	var senders []sender
	if cfg.File != "" {
		senders = append(senders, toFile(cfg.File))
	}
	if cfg.Syslog != "" {
		send, err := toSyslog(cfg.Syslog, cfg.Gateway)
		if err != nil {
			return nil, fmt.Errorf("copies of seals: %w", err)
		}
		senders = append(senders, send)
	}
	if len(cfg.Command) > 0 {
		senders = append(senders, toCommand(cfg.Command))
	}
	return startCopies(cfg, senders), nil
}

func startCopies(cfg CopiesConfig, senders []sender) *Copies {
	c := &Copies{cfg: cfg}
	c.ctx, c.stop = context.WithCancel(context.Background())
	for _, send := range senders {
		p := newOutlet(send, cfg.Event)
		c.outlets = append(c.outlets, p)
		c.done.Go(func() { p.run(c.ctx) })
	}
	return c
}

// Add sends a copy of a header or seal that is on the disk. It does not wait.
func (c *Copies) Add(line []byte) {
	text := append(bytes.Clone(line), '\n')
	for _, p := range c.outlets {
		p.add(text)
	}
}

// Mark sends a mark from time to time, if there are new lines on the disk. The function
// returns the last of them, as [Journal.Durable] does. Mark is called once.
func (c *Copies) Mark(durable func() (seq uint64, hash hash)) {
	if len(c.outlets) == 0 {
		return
	}
	c.done.Go(func() {
		var marked uint64
		for rested(c.ctx, c.cfg.Every) == nil {
			seq, sum := durable()
			if seq == marked {
				continue
			}
			marked = seq
			if text, err := c.markOf(seq, sum); err == nil {
				c.Add(text)
			}
		}
	})
}

func (c *Copies) markOf(seq uint64, sum hash) ([]byte, error) {
	return json.Marshal(&Mark{
		Type: TypeMark, Time: time.Now(), Gateway: c.cfg.Gateway, Seq: seq,
		Hash: hex.EncodeToString(sum[:]),
	})
}

// Stats returns the counts of the copies to all places.
func (c *Copies) Stats() (s CopyStats) {
	for _, p := range c.outlets {
		p.count(&s)
	}
	return s
}

// Close sends the copies that wait, for at most five seconds, and ends.
func (c *Copies) Close() {
	patience, over := context.WithTimeout(context.Background(), lastPatience)
	defer over()
	for _, p := range c.outlets {
		p.drained(patience)
	}
	c.stop()
	c.done.Wait()
}
