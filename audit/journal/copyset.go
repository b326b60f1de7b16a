package journal

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sort"
	"time"
)

// TypeMark is the type of a copy that is no line of the journal: it names the line that was
// the last one on the disk.
const TypeMark = "mark"

// A Mark is a copy that names the last line that is on the disk.
type Mark struct {
	Type    string    `json:"type"` // TypeMark
	Time    time.Time `json:"time"`
	Gateway string    `json:"gateway"`
	Seq     uint64    `json:"seq"`  // of the line
	Hash    string    `json:"hash"` // SHA-256 of the line, hex
}

// A Copy is what was kept elsewhere of one line of a journal.
type Copy struct {
	Place   string // where it was read: file:line
	Time    time.Time
	Gateway string
	Seq     uint64
	Hash    string // SHA-256 of the line, hex
}

// A CopySet is the copies that were kept elsewhere, of one gateway or of several.
type CopySet struct {
	byGateway map[string]copyList
}

// copyList is copies by number.
type copyList []Copy

// ReadCopies reads copies of headers, seals and marks from files in which each has a line of
// its own. What a log daemon writes before them and after them is skipped, and so are lines
// without a copy.
func ReadCopies(paths ...string) (*CopySet, error) {
	set := &CopySet{byGateway: map[string]copyList{}}
	for _, path := range paths {
		if err := set.read(path); err != nil {
			return nil, err
		}
	}
	for _, list := range set.byGateway {
		slices.SortStableFunc(list, func(a, b Copy) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return set, nil
}

func (c *CopySet) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, MaxLine)
	n, found := 0, false
	for in.Scan() {
		n++
		one, ok := parseCopy(in.Bytes())
		if !ok {
			continue
		}
		found = true
		one.Place = fmt.Sprintf("%s:%d", path, n)
		c.byGateway[one.Gateway] = append(c.byGateway[one.Gateway], one)
	}
	switch err := in.Err(); {
	case err != nil:
		return fmt.Errorf("%s:%d: %w", path, n+1, err)
	case !found:
		return fmt.Errorf("%s holds no copy of a header or seal", path)
	}
	return nil
}

// parseCopy finds a copy in a line of a file.
func parseCopy(text []byte) (c Copy, ok bool) {
	end := bytes.LastIndexByte(text, '}') + 1
	if at := bytes.Index(text[:end], []byte(lineBegin)); at >= 0 {
		line := text[at:end]
		l, ok := ParseLine(line)
		if !ok || string(l.Type) != TypeSegment && string(l.Type) != TypeSeal {
			return c, false
		}
		var said struct {
			Time    time.Time
			Gateway string
		}
		if err := json.Unmarshal(line, &said); err != nil {
			return c, false
		}
		sum := sha256.Sum256(line)
		return Copy{
			Time: said.Time, Gateway: said.Gateway, Seq: l.Seq, Hash: hex.EncodeToString(sum[:]),
		}, true
	}
	at := bytes.Index(text[:end], []byte(`{"type":"`+TypeMark+`"`))
	var m Mark
	if at < 0 || json.Unmarshal(text[at:end], &m) != nil || m.Seq == 0 {
		return c, false
	}
	return Copy{Time: m.Time, Gateway: m.Gateway, Seq: m.Seq, Hash: m.Hash}, true
}

// Gateways are the names of the gateways whose copies are in the set.
func (c *CopySet) Gateways() (names []string) {
	for name := range c.byGateway {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *CopySet) of(gateway string) copyList {
	if c == nil {
		return nil
	}
	return c.byGateway[gateway]
}

// from is the copies from a number on.
func (l copyList) from(seq uint64) copyList {
	return l[sort.Search(len(l), func(i int) bool { return l[i].Seq >= seq }):]
}
