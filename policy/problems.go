package policy

import (
	"errors"
	"fmt"
)

// mostProblems bounds what one load reports; a matrix exported wrongly has a
// mistake on each of its millions of lines.
const mostProblems = 100

// problems collects mistakes, so that all can be mended at once.
type problems struct {
	all  []error
	more int
}

// add notes a mistake at a place, file:line:col or a file alone.
func (p *problems) add(place, format string, args ...any) {
	if len(p.all) == mostProblems {
		p.more++
		return
	}
	p.all = append(p.all, fmt.Errorf("%s: "+format, append([]any{place}, args...)...))
}

// count returns how many mistakes there are, so that a caller sees whether there
// are more than before.
func (p *problems) count() int { return len(p.all) + p.more }

// err returns all mistakes as one error, nil when there were none.
func (p *problems) err() error {
	if p.more > 0 {
		return errors.Join(append(p.all, fmt.Errorf("%d more mistakes: mend these first", p.more))...)
	}
	return errors.Join(p.all...)
}

func place(file string, line, col int) string { return fmt.Sprintf("%s:%d:%d", file, line, col) }
