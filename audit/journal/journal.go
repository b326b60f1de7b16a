package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Config is how a journal is kept.
type Config struct {
	Dir     string // folder of the journal; it is made if it is missing
	Gateway string // name of the gateway that writes
	Version string // of its program
}

// A Journal is a folder of segments that is being written. It is safe for concurrent use.
type Journal struct {
	mu      sync.Mutex
	file    *os.File
	seq     uint64
	prev    [sha256.Size]byte
	pending bytes.Buffer
	batch   *batch
	wake    chan struct{}
	done    chan struct{}
}

// A batch is the lines that one write brings to the disk.
type batch struct {
	done chan struct{}
	err  error // why it failed, once done is closed
}

// Open begins a segment in a folder.
func Open(cfg Config) (*Journal, error) {
	if err := os.MkdirAll(cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	path := filepath.Join(cfg.Dir, fmt.Sprintf("%020d.jsonl", 1))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{
		file:  f,
		batch: &batch{done: make(chan struct{})},
		wake:  make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
	header, err := json.Marshal(&Header{
		Type: TypeSegment, Format: Format, Time: time.Now(),
		Gateway: cfg.Gateway, Version: cfg.Version,
	})
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	go j.commit()
	_, err = j.Append(header[1:len(header)-1], true)
	return j, err
}

// Append appends a line: the fields of a JSON object without its braces. It returns the
// line's sequence number; with wait, once the line is as durable as the journal promises.
func (j *Journal) Append(fields []byte, wait bool) (uint64, error) {
	j.mu.Lock()
	j.seq++
	seq, b := j.seq, j.batch
	line := append(j.pending.AvailableBuffer(), `{"seq":`...)
	line = strconv.AppendUint(line, seq, 10)
	line = append(line, `,"prev":"`...)
	line = hex.AppendEncode(line, j.prev[:])
	line = append(line, `",`...)
	line = append(line, fields...)
	line = append(line, '}')
	j.prev = sha256.Sum256(line)
	j.pending.Write(append(line, '\n'))
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
	if !wait {
		return seq, nil
	}
	<-b.done
	return seq, b.err
}

// commit writes the batches.
func (j *Journal) commit() {
	defer close(j.done)
	var writing bytes.Buffer
	for range j.wake {
		j.mu.Lock()
		b := j.batch
		j.batch = &batch{done: make(chan struct{})}
		j.pending, writing = writing, j.pending
		j.mu.Unlock()
		if _, b.err = writing.WriteTo(j.file); b.err == nil {
			b.err = j.file.Sync()
		}
		writing.Reset()
		close(b.done)
	}
}

// Blocked returns why no line can be written at this moment, or nil.
func (j *Journal) Blocked() error { return nil }

// Close ends the segment. Nothing may be appended any more.
func (j *Journal) Close() error {
	close(j.wake)
	<-j.done
	return j.file.Close()
}
