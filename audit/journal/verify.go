package journal

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"time"
)

// attempts is how often a journal is read anew because segments were deleted meanwhile.
const attempts = 3

// Verify checks the journal in a folder, which may be written meanwhile: its chain, its
// numbers, headers, seals and signatures, what was deleted, and copies kept elsewhere. A broken
// journal is no error; an unreadable one is. Options that are nil compare it with nothing.
func Verify(dir string, o *Options) (v *Verdict, err error) {
	if o == nil {
		o = &Options{}
	}
	for range attempts {
		v, err = verify(dir, o)
		if !errors.Is(err, fs.ErrNotExist) {
			return v, err
		}
	}
	return v, err
}

func verify(dir string, o *Options) (*Verdict, error) {
	listing, err := List(dir)
	if err != nil {
		return nil, err
	}
	return verifyListing(dir, listing, o)
}

func verifyListing(dir string, listing *Listing, o *Options) (*Verdict, error) {
	if len(listing.Segments) == 0 {
		return nil, fmt.Errorf("%s holds no segment of a journal", dir)
	}
	j := &joiner{Verdict: &Verdict{Dir: dir}, options: o}
	for _, path := range listing.Foreign {
		j.note("%s is no file of a journal, and does not count", path)
	}
	for _, path := range listing.Twins {
		j.note("%s is left over from an interrupted compression, and does not count", path)
	}
	for p, err := range portions(listing.Segments, o) {
		if err != nil {
			return nil, err
		}
		if j.Broken = j.add(p); j.Broken != nil {
			return j.Verdict, nil
		}
	}
	j.Broken = j.finish()
	return j.Verdict, nil
}

// portions scans segments, several at a time, and yields what they hold in order.
func portions(segments []Segment, o *Options) func(yield func(*portion, error) bool) {
	type result struct {
		portion *portion
		err     error
	}
	return func(yield func(*portion, error) bool) {
		order := make(chan chan result, runtime.GOMAXPROCS(0)-1)
		stop := make(chan struct{})
		go func() {
			defer close(order)
			for i := range segments {
				one := make(chan result, 1)
				select {
				case <-stop:
					return
				case order <- one:
				}
				go func() {
					p, err := examine(segments[i:min(i+2, len(segments))], o)
					one <- result{p, err}
				}()
			}
		}()
		more := true
		for one := range order {
			r := <-one
			if more && !yield(r.portion, r.err) {
				more = false
				close(stop)
			}
		}
	}
}

// examine scans the first of one or two segments.
func examine(segments []Segment, o *Options) (*portion, error) {
	var next *head
	if len(segments) > 1 {
		var err error
		if next, err = peek(segments[1]); asBreak(err) != nil {
			next, err = &head{}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	p, err := scan(segments[0], next, o)
	if b := asBreak(err); b != nil {
		return &portion{segment: segments[0], path: b.Path, broken: b}, nil
	}
	return p, err
}

// A joiner joins portions to a journal.
type joiner struct {
	*Verdict
	options  *Options
	begin    *portion
	before   *portion
	deleted  []deletion
	unsealed int
	signed   bool // a segment is signed
	copies   int
}

// add joins a portion to those before it.
func (j *joiner) add(p *portion) *Break {
	if p.header != nil {
		if name := p.header.Gateway; !slices.Contains(j.Gateways, name) {
			j.Gateways = append(j.Gateways, name)
		}
		if b := j.addKey(p); b != nil {
			return b
		}
	}
	if p.broken != nil {
		return p.broken
	}
	if j.begin == nil {
		j.begin, j.First = p, p.segment.First
	} else if b := j.join(p); b != nil {
		return b
	}
	if b := j.addCopies(p); b != nil {
		return b
	}
	j.before, j.Last = p, p.last
	j.Records += p.records()
	j.Segments++
	j.copies += p.copies
	j.deleted = append(j.deleted, p.deleted...)
	return nil
}

// join checks that a portion follows the one before it, whose end was compared with its header.
func (j *joiner) join(p *portion) *Break {
	e, before := p.header.Before, j.before
	at := place{path: p.path, line: 1}
	switch {
	case e == nil || e.First < before.segment.First:
		return newBreak(at, Foreign, "the segment does not follow the one before it")
	case e.First == before.segment.First && e.Last > before.last:
		j.note("%s: numbers %d to %d are lost: the disk failed before it had confirmed them",
			before.path, before.last+1, e.Last)
	case e.First == before.segment.First:
	case e.Last == before.last:
		return newBreak(at, Edited, "the header names number %d as the beginning of the segment before, "+
			"which is %d", e.First, before.segment.First)
	default:
		return newBreak(at, Missing, "numbers %d to %d stood before it; the segment that begins "+
			"with number %d is missing", before.last+1, e.Last, e.First)
	}
	if before.seal == nil {
		j.unsealed++
	}
	if before.rest.bytes > 0 {
		j.note("%s: %d bytes after number %d are no records: the segment has %s (%d whole lines "+
			"among them)", before.path, before.rest.bytes, before.last, e.Cause, before.rest.lines)
	}
	return nil
}

// addCopies checks that no copy says that a portion was written under a name that the gateway
// had before: a forger who makes lines anew cannot escape copies by another name.
func (j *joiner) addCopies(p *portion) *Break {
	for _, name := range j.Gateways {
		if name == p.header.Gateway {
			continue
		}
		within := j.options.Copies.of(name).from(p.segment.First)
		if len(within) > 0 && within[0].Seq <= p.last {
			return newBreak(place{path: p.path, line: 1}, Foreign, "gateway %s wrote the segment; "+
				"the copy %s shows that number %d is of gateway %s",
				p.header.Gateway, within[0].Place, within[0].Seq, name)
		}
	}
	return nil
}

// addKey checks who signed a portion.
func (j *joiner) addKey(p *portion) *Break {
	at, key := place{path: p.path, line: 1}, p.header.Key
	changed := j.before != nil && j.before.header.Key != key
	public := ed25519.PublicKey(exactly(ed25519.PublicKeySize, []byte(key)))
	fits := func(k ed25519.PublicKey) bool { return k.Equal(public) }
	known := slices.ContainsFunc(j.options.Keys, fits)
	switch given := len(j.options.Keys) > 0; {
	case key == "" && j.signed && given:
		return newBreak(at, Forged, "the segment is not signed, and one before it is")
	case key == "" && changed:
		j.note("from %s on nothing is signed", p.path)
	case key == "":
	case given && !known:
		return newBreak(at, Forged, "the segment is signed with key %s, which is not given: "+
			"the key does not fit, or somebody else made the segment", Fingerprint(public))
	case j.before == nil || changed:
		j.note("signed with key %s from %s on", Fingerprint(public), p.path)
	}
	j.signed = j.signed || key != ""
	return nil
}

// finish checks what the whole journal must show.
func (j *joiner) finish() *Break {
	if b := j.checkBegin(); b != nil {
		return b
	}
	last := j.before
	for _, gateway := range j.Gateways {
		if beyond := j.options.Copies.of(gateway).from(j.Last + 1); len(beyond) > 0 {
			c := beyond[len(beyond)-1]
			return newBreak(place{last.path, int(last.lines) + 1, last.end}, Truncated,
				"the journal ends after number %d; the copy %s shows that it went on to number %d",
				j.Last, c.Place, c.Seq)
		}
	}
	if j.options.Copies != nil && j.copies == 0 {
		return newBreak(place{path: j.begin.path, line: 1}, Foreign, "no copy is of this journal, which "+
			"gateway %s wrote; those given are of %s", strings.Join(j.Gateways, ", "),
			strings.Join(j.options.Copies.Gateways(), ", "))
	}
	switch {
	case !j.signed && len(j.options.Keys) > 0:
		return newBreak(place{j.begin.path, 1, 0}, Forged, "no segment is signed, and a key is given")
	case !j.signed:
		j.note("nothing is signed: a user who can write to the folder can make it anew")
	case len(j.options.Keys) == 0:
		j.note("no key is given: compare the fingerprint with that of the gateway's key")
	}
	if last.seal == nil {
		j.noteOpen(last)
	}
	if j.unsealed > 0 {
		j.note("%d segments have no seal: their writer crashed or the disk failed", j.unsealed)
	}
	if j.copies > 0 {
		j.note("%d copies fit", j.copies)
	}
	return nil
}

// noteOpen reports a last segment without a seal.
func (j *joiner) noteOpen(p *portion) {
	j.note("%s is open: %d records after its header wait for a seal, and a cut at its end shows "+
		"by copies only", p.path, p.records())
	if p.rest.bytes > 0 {
		j.note("%s: %d bytes after number %d are no whole line: it is being written, or a crash "+
			"has torn it", p.path, p.rest.bytes, p.last)
	}
}

// checkBegin checks that a record says so if the beginning of the journal was deleted.
func (j *joiner) checkBegin() *Break {
	if e := j.begin.header.Before; e != nil {
		i := slices.IndexFunc(j.deleted, func(d deletion) bool {
			return d.First == e.First && d.Last == e.Last && d.Hash == e.Hash
		})
		if i < 0 {
			return newBreak(place{path: j.begin.path, line: 1}, Missing,
				"numbers 1 to %d are gone, and no record says that they were deleted", e.Last)
		}
		d := j.deleted[i]
		j.note("numbers 1 to %d were deleted, the last of them at %s (%s:%d)",
			e.Last, d.Time.Format(time.RFC3339), d.path, d.line)
	}
	for _, d := range j.deleted {
		if d.First >= j.First {
			j.note("the segment that begins with number %d is to be deleted (%s:%d), and still there",
				d.First, d.path, d.line)
		}
	}
	return nil
}
