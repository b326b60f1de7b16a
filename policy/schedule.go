package policy

import (
	"container/heap"
)

// An agenda is the rows of triples with a grant that are not being fetched, the
// one that is due first on top.
type schedule []*row

// put enters a row, or moves it to where its time has gone.
func (a *schedule) put(c *row) {
	if c.place < 0 {
		heap.Push(a, c)
	} else {
		heap.Fix(a, int(c.place))
	}
}

// drop takes a row out.
func (a *schedule) drop(c *row) {
	if c.place >= 0 {
		heap.Remove(a, int(c.place))
	}
}

// Len, Less, Swap, Push and Pop are for package heap.
func (a schedule) Len() int { return len(a) }

func (a schedule) Less(i, j int) bool { return a[i].next < a[j].next }

func (a schedule) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = int32(i), int32(j)
}

// Push is for package heap.
func (a *schedule) Push(x any) {
	c := x.(*row)
	c.place = int32(len(*a))
	*a = append(*a, c)
}

// Pop is for package heap.
func (a *schedule) Pop() any {
	last := len(*a) - 1
	c := (*a)[last]
	(*a)[last], *a = nil, (*a)[:last]
	c.place = unscheduled
	return c
}
