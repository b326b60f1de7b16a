package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// KeepConfig is how long segments are kept, and how.
type KeepConfig struct {
	Dir           string
	Keep          time.Duration // after which a closed segment is deleted; 0: never
	Compress      bool          // closed segments are compressed
	CompressAfter time.Duration // time from the end of a segment until it is compressed
	// Event is called for each segment that was compressed or deleted, and for failures. It
	// may be nil.
	Event func(Event)
}

// lookAgain is the time between two looks at the folder.
const lookAgain = time.Minute

// A Keeper compresses and deletes the closed segments of a journal in the background. It never
// touches the segment that is being written, and never compresses the one before it:
// a shipper reads files that are plain.
type Keeper struct {
	cfg     KeepConfig
	journal line
	// now returns the time by the clock as it was at the start: a step of the clock meanwhile
	// deletes nothing.
	now func() time.Time
	// recorded is the number of the record of a deletion that has not been carried out, by
	// the first number of its segment.
	recorded map[uint64]uint64
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// line is what a Keeper needs of a [Journal].
type line interface {
	Append(fields []byte, await bool) (uint64, error)
	Durable() (seq uint64, hash hash)
}

// StartKeeper starts to keep the segments of a journal. Its caller closes it before the
// journal.
func StartKeeper(cfg KeepConfig, j *Journal) *Keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := newKeeper(cfg, j)
	k.stop = stop
	k.done.Go(func() { k.run(ctx) })
	return k
}

func newKeeper(cfg KeepConfig, j line) *Keeper {
	if cfg.Event == nil {
		cfg.Event = func(Event) {}
	}
	started := time.Now()
	return &Keeper{
		cfg: cfg, journal: j, recorded: map[uint64]uint64{},
		now: func() time.Time { return started.Add(time.Since(started)) },
	}
}

// Close ends the work; a segment that is being compressed stays plain.
func (k *Keeper) Close() {
	k.stop()
	k.done.Wait()
}

func (k *Keeper) run(ctx context.Context) {
	for {
		if err := k.pass(ctx); err != nil && ctx.Err() == nil {
			k.cfg.Event(Event{What: KeepingFailed, Err: err})
		}
		if rested(ctx, lookAgain) != nil {
			return
		}
	}
}

// pass deletes the segments whose time is over, and compresses the others.
func (k *Keeper) pass(ctx context.Context) error {
	listing, err := List(k.cfg.Dir)
	if err != nil {
		return err
	}
	segments := listing.Segments
	for k.cfg.Keep > 0 && len(segments) > 1 && ctx.Err() == nil {
		gone, err := k.delete(segments[0], segments[1])
		if err != nil {
			return err
		}
		if !gone {
			break
		}
		segments = segments[1:]
	}
	for i := 0; k.cfg.Compress && i+2 < len(segments) && ctx.Err() == nil; i++ {
		if err := k.compress(ctx, segments[i], segments[i+1]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// delete deletes the oldest segment if its time is over and a record says so on the disk. It
// reports whether the segment is gone.
func (k *Keeper) delete(s, next Segment) (gone bool, err error) {
	header, err := next.Header()
	if err != nil {
		return false, err
	}
	e := header.Before
	if k.now().Sub(header.Time) < k.cfg.Keep {
		return false, nil
	}
	if e == nil || e.First != s.First {
		return false, fmt.Errorf("%s does not follow %s: nothing is deleted; "+
			"brana audit verify shows what is wrong", next.Path, s.Path)
	}
	seq, recorded := k.recorded[s.First]
	if !recorded {
		if seq, err = k.record(e); err != nil {
			return false, err
		}
		k.recorded[s.First] = seq
	}
	if durable, _ := k.journal.Durable(); durable < seq {
		return false, nil // the next pass deletes
	}
	if err := removeSegment(s); err != nil {
		return false, err
	}
	delete(k.recorded, s.First)
	k.cfg.Event(Event{What: SegmentDeleted, Segment: filepath.Base(s.Path)})
	return true, nil
}

// record appends the record of a deletion.
func (k *Keeper) record(e *Ending) (uint64, error) {
	fields, err := json.Marshal(&Deleted{
		Type: TypeDeleted, Time: time.Now(), First: e.First, Last: e.Last, Hash: e.Hash,
	})
	if err != nil {
		return 0, err
	}
	return k.journal.Append(fields[1:len(fields)-1], true)
}

// removeSegment removes the files of a segment, and makes that durable.
func removeSegment(s Segment) error {
	name := strings.TrimSuffix(strings.TrimSuffix(s.Path, extCompressed), extPlain)
	for _, ext := range []string{extIndex, extCompressed, extPlain} {
		if err := os.Remove(name + ext); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return folder(filepath.Dir(s.Path)).Sync()
}

// compress compresses a segment if it has been closed for long enough.
func (k *Keeper) compress(ctx context.Context, s, next Segment) error {
	if s.Compressed {
		return nil
	}
	header, err := next.Header()
	if err != nil {
		return err
	}
	if k.now().Sub(header.Time) < k.cfg.CompressAfter {
		return nil
	}
	size, err := compress(ctx, s)
	if err != nil {
		return err
	}
	k.cfg.Event(Event{What: SegmentCompressed, Segment: filepath.Base(s.Path), Bytes: size})
	return nil
}
