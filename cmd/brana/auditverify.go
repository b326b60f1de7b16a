package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"brana/audit"
	"brana/audit/journal"
	"brana/audit/query"
)

type auditVerifyCmd struct {
	Key   []string `placeholder:"FILE" help:"Public key (PEM) of audit.key; each one if it was changed."`
	Seals []string `placeholder:"FILE" help:"Copies of seals from elsewhere; they show a removed end."`
	Dirs  []string `arg:"" name:"dir" help:"Folders of journals, one for each gateway."`
}

// Run prints what each journal proved to be: 0 when all are whole, 1 when one is broken, 2
// when one cannot be read.
func (a *auditVerifyCmd) Run(out stdio) error {
	options, err := a.options()
	if err != nil {
		return exit(exitUsage, err)
	}
	var unread []error
	var gateways []string
	broken, nameless := false, false // nameless: it broke before it named its gateway
	for _, dir := range a.Dirs {
		v, hiding, err := verifyJournal(dir, options)
		if err != nil {
			unread, nameless = append(unread, err), true
			continue
		}
		gateways = append(gateways, v.Gateways...)
		nameless = nameless || len(v.Gateways) == 0
		broken = broken || v.Broken != nil || len(hiding) > 0
		a.print(out.out, v)
		for _, index := range hiding {
			fmt.Fprintf(out.out, "  %s\n", index.Error())
		}
	}
	if options.Copies != nil && !nameless {
		for _, name := range options.Copies.Gateways() {
			if !slices.Contains(gateways, name) {
				fmt.Fprintf(out.out, "copies of gateway %s are there, and no journal of it is given\n", name)
			}
		}
	}
	switch {
	case unread != nil:
		return exit(exitUsage, errors.Join(unread...))
	case broken:
		return exit(exitRefused, nil)
	}
	return nil
}

// verifyJournal checks one journal, its calls without an outcome, and the indexes of query that
// would hide a segment.
func verifyJournal(
	dir string, options *journal.Options,
) (*journal.Verdict, []query.Finding, error) {
	calls := unfinishedCalls{segments: map[uint64]*audit.Unfinished{}}
	var indexes query.IndexCheck
	options.Each = func(s journal.Segment) func(line []byte) {
		return both(calls.each(s), indexes.Each(s))
	}
	v, err := journal.Verify(dir, options)
	if err != nil {
		return nil, nil, err
	}
	if n, most := calls.unfinished().Count(); n > 0 {
		v.Notes = append(v.Notes, unfinishedNote(n, most))
	}
	return v, indexes.Findings(), nil
}

// both gives each line to f, and to g if there is one.
func both(f, g func(line []byte)) func(line []byte) {
	if g == nil {
		return f
	}
	return func(line []byte) { f(line); g(line) }
}

// options reads the keys and the copies.
func (a *auditVerifyCmd) options() (*journal.Options, error) {
	o := &journal.Options{}
	for _, file := range a.Key {
		key, err := journal.ReadPublicKey(file)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		o.Keys = append(o.Keys, ed25519.PublicKey(key))
	}
	if len(a.Seals) == 0 {
		return o, nil
	}
	copies, err := journal.ReadCopies(a.Seals...)
	if err != nil {
		return nil, fmt.Errorf("--seals: %w", err)
	}
	o.Copies = copies
	return o, nil
}

// print prints a verdict, and the folder before it when there are several.
func (a *auditVerifyCmd) print(out io.Writer, v *journal.Verdict) {
	if len(a.Dirs) > 1 {
		fmt.Fprintf(out, "%s: ", strings.TrimSuffix(v.Dir, "/"))
	}
	if v.Broken != nil {
		fmt.Fprintln(out, v.Broken)
		return
	}
	fmt.Fprintf(out, "%d records, %d segments, chain whole\n", v.Records, v.Segments)
	fmt.Fprintf(out, "  written by gateway %s\n", strings.Join(v.Gateways, ", "))
	for _, note := range v.Notes {
		fmt.Fprintf(out, "  %s\n", note)
	}
}

// unfinishedCalls are the calls of one journal that have no outcome. Its segments are read at the
// same time.
type unfinishedCalls struct {
	mu       sync.Mutex
	segments map[uint64]*audit.Unfinished // by their first number
}

func (c *unfinishedCalls) each(s journal.Segment) func(line []byte) {
	one := audit.NewUnfinished()
	c.mu.Lock()
	c.segments[s.First] = one
	c.mu.Unlock()
	return one.Line
}

// unfinished joins the segments.
func (c *unfinishedCalls) unfinished() *audit.Unfinished {
	all := audit.NewUnfinished()
	for _, first := range slices.Sorted(maps.Keys(c.segments)) {
		all.Join(c.segments[first])
	}
	return all
}

func unfinishedNote(n int, most bool) string {
	about := ""
	if most {
		about = "up to "
	}
	return fmt.Sprintf("%s%d intents have no outcome: their calls run, or ended with the gateway; "+
		"brana audit query --outcome unfinished lists them", about, n)
}
