package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The ends of the names of files in the folder of a journal.
const (
	extPlain      = ".jsonl"
	extCompressed = ".jsonl.zst"
	extMaking     = ".tmp"
	extIndex      = ".index"
	lockName      = "lock"
)

// digits is the length of the number in the name of a segment.
const digits = 20

// A Segment is a file of a journal.
type Segment struct {
	First      uint64 // sequence number of its first line, as its name says
	Path       string
	Compressed bool  // zstd (RFC 8878)
	Size       int64 // bytes of the file when it was listed

	files fs.FS // where Path is; nil: in the file system of the operating system
}

// A Listing is the content of the folder of a journal.
type Listing struct {
	Segments []Segment // in order
	Twins    []string  // compressed files whose plain one is there as well, and counts
	Foreign  []string  // paths of files that no journal makes
}

// List lists the folder of a journal. An interrupted compression leaves both files of a
// segment: the plain one counts. It is an error if the folder is missing or unreadable.
func List(dir string) (*Listing, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no journal: there is no folder %s", dir)
	case err != nil:
		return nil, fmt.Errorf("list the journal: %w", err)
	}
	listing := &Listing{}
	for _, entry := range entries {
		if err := listing.add(dir, entry); err != nil {
			return nil, fmt.Errorf("list the journal: %w", err)
		}
	}
	slices.SortFunc(listing.Segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Path, b.Path)) // plain first
	})
	listing.Segments = slices.DeleteFunc(listing.Segments, listing.twin())
	return listing, nil
}

// add sorts a file in by its name.
func (l *Listing) add(dir string, entry fs.DirEntry) error {
	name, path := entry.Name(), filepath.Join(dir, entry.Name())
	first, compressed, ok := parseName(name)
	switch {
	case name == lockName, strings.HasSuffix(name, extMaking), strings.HasSuffix(name, extIndex):
		return nil
	case !ok, !entry.Type().IsRegular():
		l.Foreign = append(l.Foreign, path)
		return nil
	}
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) { // its time was over, or it was compressed
		return nil
	}
	if err != nil {
		return err
	}
	l.Segments = append(l.Segments, Segment{
		First: first, Path: path, Compressed: compressed, Size: info.Size(),
	})
	return nil
}

// twin returns a function that finds the second file of a segment.
func (l *Listing) twin() func(Segment) bool {
	var before uint64
	return func(s Segment) bool {
		if s.First == before {
			l.Twins = append(l.Twins, s.Path)
			return true
		}
		before = s.First
		return false
	}
}

// segmentName is the name of the file of a segment.
func segmentName(first uint64) string { return fmt.Sprintf("%0*d%s", digits, first, extPlain) }

// parseName reads the name of the file of a segment. No segment begins with line 0.
func parseName(name string) (first uint64, compressed, ok bool) {
	number, ext, _ := strings.Cut(name, ".")
	switch "." + ext {
	case extPlain:
	case extCompressed:
		compressed = true
	default:
		return 0, false, false
	}
	first, err := strconv.ParseUint(number, 10, 64)
	return first, compressed, err == nil && len(number) == digits && first > 0
}

// segmentPath is the path of a segment that was created under another name.
func segmentPath(f *os.File) string { return strings.TrimSuffix(f.Name(), extMaking) }
