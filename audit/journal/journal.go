package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Journal is a folder of segments that is being written. It is safe for concurrent use.
type Journal struct {
	queue  *queue
	writer *writer
	lock   *lock
}

// Open begins a segment in a folder, after it has found how the last one ended. It touches
// nothing and refuses the folder if another process writes there, if it holds files that no
// journal makes, or segments of a newer format. A disk that cannot be written to is no
// error: the journal begins blocked, and goes on trying.
func Open(cfg Config) (*Journal, error) {
	j, err := open(cfg)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return j, nil
}

func open(cfg Config) (*Journal, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, folderMode); err != nil {
		return nil, err
	}
	if _, err := survey(cfg.Dir); err != nil {
		return nil, err
	}
	lock, err := lockFolder(cfg.Dir, cfg.Gateway)
	if err != nil {
		return nil, err
	}
	t, err := survey(cfg.Dir)
	if err == nil {
		err = removeUnfinished(cfg.Dir)
	}
	if err == nil && t.ending != nil {
		err = confirm(t.path)
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	q := newQueue(cfg.Timeout, cfg.Event)
	w := newWriter(cfg, q)
	if t.ending != nil {
		w.at, w.before = t.position, t.ending
		if t.ending.Cause != Sealed {
			q.tell(Event{What: EndFound, Segment: filepath.Base(t.path), Ending: t.ending})
		}
	}
	w.begin()
	go w.run()
	return &Journal{queue: q, writer: w, lock: lock}, nil
}

// survey lists the folder and finds where the journal ends.
func survey(dir string) (tail, error) {
	listing, err := List(dir)
	if err != nil {
		return tail{}, err
	}
	return findTail(listing)
}

// removeUnfinished removes segments that were being made when their process died.
func removeUnfinished(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, unfinished := strings.CutSuffix(entry.Name(), extMaking)
		if _, _, ours := parseName(name); !unfinished || !ours {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Append appends a line: the fields of a JSON object without its braces, the first of them
// the type; it keeps none of the bytes. With await it returns when the line is as durable
// as the journal promises, and the sequence number of the line. After an error the line is
// not to be relied on, though a disk that answers late may have it. Without await it does
// not wait and returns 0; the line is lost if the error is not nil, and after a failure of
// the disk it is written again, as long as memory suffices.
func (j *Journal) Append(fields []byte, await bool) (uint64, error) {
	b, place, err := j.queue.add(fields, await)
	if err != nil || !await {
		return 0, err
	}
	b.done.Wait()
	if b.err != nil {
		return 0, b.err
	}
	return b.first + uint64(place), nil
}

// Blocked returns why no line can be written at this moment, or nil.
func (j *Journal) Blocked() error { return j.queue.blocked() }

// Durable returns the last line that an fdatasync has confirmed, and its SHA-256.
func (j *Journal) Durable() (seq uint64, hash [sha256.Size]byte) {
	j.queue.mu.Lock()
	defer j.queue.mu.Unlock()
	return j.queue.durable.seq, j.queue.durable.hash
}

// Close writes what has gathered and seals the segment. Nothing may be appended any more.
// If the disk does not answer within the timeout, Close returns an error and leaves the
// folder locked until the process ends.
func (j *Journal) Close() error {
	j.queue.close()
	select {
	case <-j.writer.done:
	case <-time.After(j.writer.cfg.Timeout):
		return errors.New("close the journal: the disk does not answer: its last segment has no seal")
	}
	err := j.writer.err
	if err != nil {
		err = fmt.Errorf("close the journal: its last segment has no seal: %w", err)
	}
	return errors.Join(err, j.lock.Close())
}

// Stats returns the counts of the journal.
func (j *Journal) Stats() Stats {
	c := &j.writer.counts
	s := Stats{
		Records: c.records.Load(), Bytes: c.bytes.Load(), Commits: c.commits.Load(),
		Syncs: c.syncs.Load(), Segments: c.segments.Load(), Failures: c.failures.Load(),
	}
	if began := c.began.Load(); began != 0 {
		s.Segment = time.Unix(0, began)
	}
	j.queue.count(&s)
	return s
}
