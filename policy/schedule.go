package policy

import "container/heap"

// A schedule is a heap of rows: those of triples with a grant that are not being
// fetched. The row that is due first is on top.
type schedule []*row

// put enters a row, or moves it after its time has changed.
func (s *schedule) put(row *row) {
	if row.place < 0 {
		heap.Push(s, row)
	} else {
		heap.Fix(s, int(row.place))
	}
}

// drop removes a row.
func (s *schedule) drop(row *row) {
	if row.place >= 0 {
		heap.Remove(s, int(row.place))
	}
}

// Len, Less, Swap, Push and Pop are for package heap.
func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].next < s[j].next }

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = int32(i), int32(j)
}

// Push is for package heap.
func (s *schedule) Push(x any) {
	row := x.(*row)
	row.place = int32(len(*s))
	*s = append(*s, row)
}

// Pop is for package heap.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	row := (*s)[last]
	(*s)[last], *s = nil, (*s)[:last]
	row.place = unscheduled
	return row
}
