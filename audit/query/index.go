package query

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"brana/audit"
	"brana/audit/journal"
)

// An index is what is in a segment that has ended: in which hours which callers called, and
// which results are of calls in earlier segments. It lies in a file beside the segment, made
// by the first query that reads the segment whole.
//
// An index saves reading and proves nothing. It counts only where it names the hash of the
// segment's last line as the header of the next segment does. A query that leaves segments out
// reads one of them all the same, chosen by chance, and compares; [Query.Whole] compares all.
type index struct {
	Format  int                         `json:"format"`
	First   uint64                      `json:"first"` // sequence numbers
	Last    uint64                      `json:"last"`
	Hash    string                      `json:"hash"`    // of the last line
	Hours   map[int64]map[string]uint64 `json:"hours"`   // since 1970: the number of calls of each caller
	Earlier []uint64                    `json:"earlier"` // intents, in earlier segments, of results
	Sum     string                      `json:"sum"`     // SHA-256 of this object without sum
}

const (
	indexFormat = 1
	// between stands between the parts of a caller. No message has this character.
	between = "\x00"
	// maxEntries is how many callers in hours an index has. Where there are more, most have
	// called once, and an index would be as long as its segment.
	maxEntries = 100_000
	maxIndex   = 32 << 20 // bytes of a file
	hourMicros = int64(time.Hour / time.Microsecond)
)

// indexPath is the path of the index of a segment.
func indexPath(s *journal.Segment) string {
	path := strings.TrimSuffix(strings.TrimSuffix(s.Path, ".zst"), ".jsonl")
	return path + ".index"
}

func newIndex(first uint64) *index {
	return &index{Format: indexFormat, First: first, Hours: map[int64]map[string]uint64{}}
}

// An indexer makes the index of a segment while it is read. A nil indexer makes none.
type indexer struct {
	index   *index
	entries int
	hour    int64
	callers map[string]uint64 // of that hour
	key     []byte
}

func newIndexer(first uint64) *indexer { return &indexer{index: newIndex(first), hour: -1} }

// add adds a record of use.
func (x *indexer) add(r *audit.Record) {
	switch {
	case x == nil || x.index == nil:
		return
	case r.Type == audit.TypeOutcome:
		if r.Intent < x.index.First {
			x.index.Earlier = append(x.index.Earlier, r.Intent)
			x.entries++
		}
		return
	}
	if hour := hourOf(r.Time); hour != x.hour || x.callers == nil {
		if x.callers = x.index.Hours[hour]; x.callers == nil {
			x.callers = map[string]uint64{}
			x.index.Hours[hour] = x.callers
		}
		x.hour = hour
	}
	x.key = append(x.key[:0], r.Agenda...)
	for _, part := range [...]string{r.Role, r.Ovm, r.Ais} {
		x.key = append(append(x.key, between...), part...)
	}
	n, known := x.callers[string(x.key)]
	if !known {
		if x.entries++; x.entries > maxEntries {
			x.index = nil
			return
		}
	}
	x.callers[string(x.key)] = n + 1
}

func hourOf(t time.Time) int64 {
	micros := t.UnixMicro()
	hour := micros / hourMicros
	if micros%hourMicros < 0 {
		hour--
	}
	return hour
}

// finish returns the index of the segment that has ended with a line; nil: there is none, as
// there are too many callers.
func (x *indexer) finish(last uint64, hash string) *index {
	if x == nil || x.index == nil {
		return nil
	}
	x.index.Last, x.index.Hash = last, hash
	slices.Sort(x.index.Earlier)
	x.index.Earlier = slices.Compact(x.index.Earlier)
	return x.index
}

// equal reports whether two indexes say the same.
func (x *index) equal(y *index) bool {
	return x.First == y.First && x.Last == y.Last && x.Hash == y.Hash &&
		slices.Equal(x.Earlier, y.Earlier) &&
		maps.EqualFunc(x.Hours, y.Hours, maps.Equal[map[string]uint64, map[string]uint64])
}

// holds reports whether a call that the filter wants can be in the segment.
func (x *index) holds(f *Filter) bool {
	for hour, callers := range x.Hours {
		begin := time.UnixMicro(hour * hourMicros)
		if !f.Until.IsZero() && !begin.Before(f.Until) ||
			!f.Since.IsZero() && !begin.Add(time.Hour).After(f.Since) {
			continue
		}
		if len(f.Callers) == 0 {
			return true
		}
		for caller := range callers {
			if f.byParts(strings.Split(caller, between)) {
				return true
			}
		}
	}
	return false
}

// save writes the index beside its segment, if this process may write there.
func (x *index) save(s *journal.Segment) {
	text := x.encode()
	path := indexPath(s)
	f, err := os.CreateTemp(filepath.Dir(path), "index-*.tmp")
	if err != nil {
		return // a reader of a journal need not be able to write there
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o640), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // there is nothing more to be done
	}
}

func (x *index) encode() []byte {
	x.Sum = ""
	sum := sha256.Sum256(x.json())
	x.Sum = hex.EncodeToString(sum[:])
	return x.json()
}

func (x *index) json() []byte {
	text, err := json.Marshal(x)
	if err != nil {
		panic(err) // numbers and strings are encoded always
	}
	return append(text, '\n')
}

// loadIndex reads the index of a segment that ended as the next one says. It is nil when
// there is none that counts.
func loadIndex(s *journal.Segment, ending *journal.Ending) *index {
	x := readIndex(s)
	if x == nil || x.Last != ending.Last || x.Hash != ending.Hash {
		return nil // it is of another segment
	}
	return x
}

// readIndex reads the index beside a segment. It is nil when there is none, and when it is
// damaged.
func readIndex(s *journal.Segment) *index {
	path := indexPath(s)
	if info, err := os.Stat(path); err != nil || info.Size() > maxIndex {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var x index
	if json.Unmarshal(text, &x) != nil || x.Format != indexFormat || x.First != s.First {
		return nil
	}
	sum := x.Sum
	if x.encode(); sum != x.Sum { // encode has set that of what was read
		return nil
	}
	return &x
}

// hidingIndex is the finding about an index that hides something.
func hidingIndex(s *journal.Segment) Finding {
	return Finding{Path: indexPath(s), What: "it hides what its segment holds: somebody has changed " +
		"it; remove it, and ask again for the whole journal"}
}
