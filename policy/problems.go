package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// A Place is where something is written. When Line is 0, it is the whole file.
type Place struct {
	File      string
	Line, Col int // from 1; columns count bytes in the matrix, characters in grants
}

// String returns file:line:col.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// line returns file:line, the name of a rule in a record.
func (p Place) line() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// A problem is one mistake: what is wrong and what to do.
type problem struct {
	place Place
	text  string
}

func (p problem) Error() string { return p.place.String() + ": " + p.text }

// mostProblems bounds the report of one load. A matrix that is exported wrongly has a
// mistake on each of its millions of lines.
const mostProblems = 100

// problems collects mistakes, so that all of them can be mended at once.
type problems struct {
	all  []problem
	more int
}

func (p *problems) add(at Place, format string, args ...any) {
	if len(p.all) == mostProblems {
		p.more++
		return
	}
	p.all = append(p.all, problem{at, fmt.Sprintf(format, args...)})
}

// note adds a mistake that comes as an error.
func (p *problems) note(err error) {
	var one problem
	if !errors.As(err, &one) {
		one = problem{text: err.Error()}
	}
	p.add(one.place, "%s", one.text)
}

// count returns the number of mistakes so far.
func (p *problems) count() int { return len(p.all) + p.more }

// err returns all mistakes as one error, in the order of their places, or nil.
func (p *problems) err() error {
	slices.SortStableFunc(p.all, func(a, b problem) int {
		x, y := a.place, b.place
		return cmp.Or(
			cmp.Compare(x.File, y.File),
			cmp.Compare(x.Line, y.Line),
			cmp.Compare(x.Col, y.Col))
	})
	var errs []error
	for _, one := range p.all {
		errs = append(errs, one)
	}
	if p.more > 0 {
		errs = append(errs, fmt.Errorf("%d more mistakes: mend these first", p.more))
	}
	return errors.Join(errs...)
}
