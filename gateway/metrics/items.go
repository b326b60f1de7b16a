package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// items counts the items that answers held.
type items struct {
	returned *prometheus.CounterVec
	edited   *prometheus.CounterVec
	words    map[string]*itemCounters // of Labels.Items; never changed
}

// itemCounters are the counters of a word, made when they are first needed. An answer has
// many items, and each is a look-up less in the vector.
type itemCounters struct {
	returned [2]lazyCounter
	edited   [edits]lazyCounter
}

// A lazyCounter is made when it is first needed.
type lazyCounter struct {
	once sync.Once
	made prometheus.Counter
}

func (c *lazyCounter) inc(of *prometheus.CounterVec, values ...string) {
	c.once.Do(func() { c.made = of.WithLabelValues(values...) })
	c.made.Inc()
}

// An Edit is what the gateway does with an item of a message.
type Edit uint8

// The edits.
const (
	Removed     Edit = iota // from a request
	WouldRemove             // from a request, by the bus; the gateway leaves it
	Filled                  // into a request
	Filtered                // out of an answer, or the answer is refused or cut for it
	edits
)

var editNames = [edits]string{"removed", "would_remove", "filled", "filtered"}

// String returns the edit as the label has it.
func (e Edit) String() string { return editNames[e] }

// UnknownItem is the word of all elements of persons that are no known items.
const UnknownItem = "?"

func newItems(t table) items {
	return items{
		returned: t.counters("brana_items_returned_total",
			"Answers that held an item with a value, by its word (?: an element of a person that "+
				"is no known item), and whether the caller may ask for it.", "item", "permitted"),
		edited: t.counters("brana_items_edited_total",
			"Calls of which the gateway edited an item, by its word (?: of no reply): removed from or "+
				"filled into the request, or filtered out of the answer, which was refused or cut "+
				"for it where the route says so; would_remove: the bus would remove it.",
			"item", "edit"),
		words: map[string]*itemCounters{},
	}
}

// know makes room for the words that will be counted.
func (m *items) know(words []string) {
	m.words[UnknownItem] = &itemCounters{}
	for _, word := range words {
		m.words[word] = &itemCounters{}
	}
}

// ItemReturned counts an answer that held an item, by one of [Labels].Items or UnknownItem.
func (m *items) ItemReturned(word string, permitted bool) {
	value, which := "no", 0
	if permitted {
		value, which = "yes", 1
	}
	c := m.words[word]
	if c == nil {
		word, c = UnknownItem, m.words[UnknownItem] // labels are from closed sets
	}
	c.returned[which].inc(m.returned, word, value)
}

// ItemsEdited counts a call of which items were edited. Those that are none of
// [Labels].Items count once.
func (m *items) ItemsEdited(words []string, e Edit) {
	unknown := false
	for _, word := range words {
		c := m.words[word]
		if c == nil || word == UnknownItem {
			unknown = true
			continue
		}
		c.edited[e].inc(m.edited, word, e.String())
	}
	if unknown {
		m.words[UnknownItem].edited[e].inc(m.edited, UnknownItem, e.String())
	}
}
