package query

import "fmt"

// A Finding is a place of a journal that is not as its gateway has written it, or that
// cannot be read. The uses beside it are read all the same.
type Finding struct {
	Path string // of the segment, or of a file that is none
	Line int    // from 1; 0: the file as a whole
	What string
}

func (f Finding) Error() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s", f.Path, f.What)
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.What)
}

// maxFindings is the number of findings of one segment that are reported one by one: a
// file that was written anew would have one for each line.
const maxFindings = 20
