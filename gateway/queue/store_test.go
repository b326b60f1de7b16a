package queue

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
)

func TestMemory(t *testing.T) { testStore(t, memory) }
func TestRedis(t *testing.T)  { testStore(t, onRedis(startServer(t))) }

// In a Cluster a script whose keys were not in one slot would be refused.
func TestRedisCluster(t *testing.T) { testStore(t, onRedis(startCluster(t))) }

// testStore is the contract of a store.
func testStore(t *testing.T, make maker) {
	for _, test := range []struct {
		name string
		run  func(*storeTest)
	}{
		{"a job runs, then its answer is there until it is deleted", lifeOfAJob},
		{"nothing of one AIS is seen or touched by another", queuesAreApart},
		{"a page ends where the next begins", pages},
		{"both filters hold, bounds included", filters},
		{"numbers go on in the order in which answers are made", numbers},
		{"an answer expires at its time", expiry},
		{"a job without an answer is lost when its time is over", lostJobs},
		{"an answer that comes too late does not replace the lost one", lateAnswer},
		{"an answer is left once", doneTwice},
		{"a full queue is refused until there is room", fullOfEntries},
		{"a queue holds room for the answers of jobs that run", fullOfBytes},
		{"an answer that is too large is refused", tooLarge},
		{"a deleted job leaves no answer", deletedJob},
		{"all answers go, jobs that run stay", deleteAll},
		{"what was forgotten does not begin from one again", numbersAfterOblivion},
		{"a clock that steps back keeps what there is", clockStepsBack},
		{"changes are reported", changes},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newStoreTest(t, bounds, make)) })
	}
}

func lifeOfAJob(b *storeTest) {
	b.want(own, 1, Answer{})
	b.open(own, 1, nil)
	b.clock.move(3 * time.Second)
	b.want(own, 1, Answer{State: Running, Since: 3 * time.Second})
	b.wantList(own, Filter{}, "")
	b.done(own, 1, "<a>\x00ř</a>", nil)
	b.want(own, 1, ready("<a>\x00ř</a>"))
	b.want(own, 1, ready("<a>\x00ř</a>")) // reading does not delete
	now := b.clock.now()
	item := egon.QueueItem{
		Service:      "E227",
		IszrZadostId: id(1),
		Number:       uint64(now.UnixMilli()),
		Created:      now,
		Expires:      now.Add(time.Hour),
	}
	page := egon.QueuePage{Items: []egon.QueueItem{item}}
	if diff := cmp.Diff(page, b.list(own, Filter{})); diff != "" {
		b.t.Errorf("list (-want +got):\n%s", diff)
	}
	b.must(b.Delete(b.t.Context(), own, id(1), id(2)))
	b.want(own, 1, Answer{})
	b.wantList(own, Filter{}, "")
}

func queuesAreApart(b *storeTest) {
	b.made(own, 1)
	b.open(own, 2, nil)
	b.made(other, 3)
	for n := 1; n <= 2; n++ {
		b.want(other, n, Answer{})
		b.done(other, n, "theirs", ErrGone)
	}
	b.wantList(other, Filter{}, "3")
	b.must(b.Delete(b.t.Context(), other, id(1), id(2)))
	b.must(b.DeleteAll(b.t.Context(), other))
	b.wantList(other, Filter{}, "")
	b.want(own, 1, ready("answer 1"))
	b.want(own, 2, Answer{State: Running})
	// Even under one id they are two.
	b.made(other, 1)
	b.must(b.Delete(b.t.Context(), own, id(1)))
	b.want(own, 1, Answer{})
	b.want(other, 1, ready("answer 1"))
}

func pages(b *storeTest) {
	for n := 1; n <= 5; n++ {
		b.made(own, n)
		b.clock.move(time.Millisecond)
	}
	b.wantList(own, Filter{}, "12|34|5")
	b.must(b.Delete(b.t.Context(), own, id(5)))
	b.wantList(own, Filter{}, "12|34")
}

func filters(b *storeTest) {
	var items []egon.QueueItem
	for n := 1; n <= 4; n++ {
		b.made(own, n)
		items = append(items, b.list(own, Filter{From: uint64(b.clock.now().UnixMilli())}).Items...)
		b.clock.move(time.Second)
	}
	b.wantList(own, Filter{From: items[1].Number}, "23|4")
	b.wantList(own, Filter{From: items[1].Number + 1}, "34")
	b.wantList(own, Filter{Since: items[2].Created}, "34")
	b.wantList(own, Filter{Since: items[2].Created.Add(time.Microsecond)}, "4")
	b.wantList(own, Filter{From: items[1].Number, Since: items[3].Created}, "4")
	b.wantList(own, Filter{From: items[3].Number, Since: items[1].Created}, "4")
	b.wantList(own, Filter{From: 1<<64 - 1}, "")
	b.wantList(own, Filter{Since: b.clock.now()}, "")
}

// A caller that asks for what came after the last number it saw misses nothing,
// though a job that was opened first may end last, or be lost.
func numbers(b *storeTest) {
	b.open(own, 1, nil)
	b.open(own, 2, nil)
	b.open(own, 3, nil)
	b.clock.move(time.Second)
	b.done(own, 3, "c", nil)
	seen := b.list(own, Filter{}).Items[0]
	b.done(own, 1, "a", nil) // in the same millisecond
	b.clock.move(time.Minute)
	b.made(own, 4)
	after := Filter{From: seen.Number + 1, Since: seen.Created}
	b.wantList(own, after, "12|4")
	for _, f := range []Filter{{}, after} {
		last := egon.QueueItem{}
		for p := b.list(own, f); ; p = b.list(own, Filter{From: p.Next.Number}) {
			for _, item := range p.Items {
				if item.Number <= last.Number || item.Created.Before(last.Created) {
					b.t.Errorf("%+v comes after %+v", item, last)
				}
				last = item
			}
			if !p.More {
				break
			}
		}
	}
}

func expiry(b *storeTest) {
	b.made(own, 1)
	b.clock.move(time.Hour - time.Millisecond)
	b.made(own, 2)
	b.want(own, 1, ready("answer 1"))
	b.clock.move(time.Millisecond)
	b.want(own, 1, Answer{})
	b.wantList(own, Filter{}, "2")
	b.clock.move(time.Hour)
	b.wantList(own, Filter{}, "")
	if got := b.changes[own]; got != (Change{Entries: 0, Expired: 2}) {
		b.t.Errorf("reported %+v", got)
	}
}

func lostJobs(b *storeTest) {
	b.open(own, 1, nil)
	b.clock.move(time.Minute - time.Millisecond)
	b.want(own, 1, Answer{State: Running, Since: time.Minute - time.Millisecond})
	b.clock.move(10 * time.Minute)
	b.want(own, 1, Answer{State: Ready, Body: []byte("lost"), Lost: true})
	// It was made when its time was over, not when somebody looked.
	item := b.list(own, Filter{}).Items[0]
	if made := newClock().at.Add(time.Minute); !item.Created.Equal(made) ||
		!item.Expires.Equal(made.Add(time.Hour)) {
		b.t.Errorf("made %v, expires %v", item.Created, item.Expires)
	}
	if got := b.changes[own]; got != (Change{Entries: 1, Lost: 1}) {
		b.t.Errorf("reported %+v", got)
	}
	// One that nobody looked at for long is lost and expired at once.
	b.open(own, 2, nil)
	b.clock.move(2 * time.Hour)
	b.want(own, 2, Answer{})
	if got := b.changes[own]; got != (Change{Entries: 0, Lost: 2, Expired: 2}) {
		b.t.Errorf("reported %+v", got)
	}
}

func lateAnswer(b *storeTest) {
	b.open(own, 1, nil)
	b.clock.move(time.Minute)
	b.done(own, 1, "late", ErrGone)
	b.want(own, 1, Answer{State: Ready, Body: []byte("lost"), Lost: true})
	b.done(own, 2, "of nothing", ErrGone)
}

func doneTwice(b *storeTest) {
	b.open(own, 1, nil)
	b.done(own, 1, "first", nil)
	b.clock.move(time.Second)
	b.done(own, 1, "second", nil)
	b.want(own, 1, ready("first"))
	b.wantList(own, Filter{}, "1")
}

func fullOfEntries(b *storeTest) {
	for n := 1; n <= 5; n++ {
		b.made(own, n)
	}
	b.open(own, 6, ErrFull)
	b.want(own, 6, Answer{})
	b.made(other, 7)
	b.must(b.Delete(b.t.Context(), own, id(3)))
	b.open(own, 6, nil)
	b.open(own, 8, ErrFull)
	b.clock.move(time.Hour) // by now the answers have expired
	b.open(own, 8, nil)
}

func fullOfBytes(b *storeTest) {
	for n := 1; n <= 4; n++ {
		b.open(own, n, nil)
	}
	b.open(own, 5, ErrFull)
	b.done(own, 1, "small", nil)
	b.open(own, 5, ErrFull) // five bytes are too many
	b.must(b.Delete(b.t.Context(), own, id(1)))
	b.open(own, 5, nil)
	b.must(b.Delete(b.t.Context(), own, id(2), id(3), id(4), id(5)))
	for n := 1; n <= 4; n++ {
		b.open(own, n, nil)
	}
	b.clock.move(time.Minute) // lost they hold little
	b.open(own, 5, nil)
}

func tooLarge(b *storeTest) {
	b.open(own, 1, nil)
	b.done(own, 1, string(make([]byte, AnswerBytes+1)), ErrTooLarge)
	b.want(own, 1, Answer{State: Running})
	whole := bytes.Repeat([]byte("x"), AnswerBytes)
	b.done(own, 1, string(whole), nil)
	b.want(own, 1, ready(string(whole)))
	j := job(own, 2)
	j.Lost = append(whole, 'x')
	if err := b.Open(b.t.Context(), j); !errors.Is(err, ErrTooLarge) {
		b.t.Errorf("open: %v", err)
	}
}

func deletedJob(b *storeTest) {
	b.open(own, 1, nil)
	b.must(b.Delete(b.t.Context(), own, id(1)))
	b.want(own, 1, Answer{})
	b.done(own, 1, "unwanted", ErrGone)
	b.want(own, 1, Answer{})
	b.clock.move(time.Hour)
	b.want(own, 1, Answer{})
}

func deleteAll(b *storeTest) {
	b.made(own, 1)
	b.made(own, 2)
	b.made(own, 3)
	b.open(own, 4, nil)
	b.must(b.DeleteAll(b.t.Context(), own))
	b.wantList(own, Filter{}, "")
	b.want(own, 4, Answer{State: Running})
	b.done(own, 4, "later", nil)
	b.wantList(own, Filter{}, "4")
}

func numbersAfterOblivion(b *storeTest) {
	b.made(own, 1)
	before := b.list(own, Filter{}).Items[0].Number
	b.must(b.DeleteAll(b.t.Context(), own))
	b.clock.move(30 * 24 * time.Hour)
	b.made(own, 2)
	if after := b.list(own, Filter{}).Items[0].Number; after <= before {
		b.t.Errorf("number %d comes after %d", after, before)
	}
}

func clockStepsBack(b *storeTest) {
	b.made(own, 1)
	b.clock.move(-time.Hour)
	b.made(own, 2)
	b.open(own, 3, nil)
	b.wantList(own, Filter{}, "12")
	b.want(own, 3, Answer{State: Running})
	b.clock.move(time.Hour + time.Minute)
	b.want(own, 3, Answer{State: Ready, Body: []byte("lost"), Lost: true})
}

func changes(b *storeTest) {
	b.made(own, 1)
	b.open(own, 2, nil)
	if got := b.changes[own]; got != (Change{Entries: 2}) {
		b.t.Errorf("reported %+v", got)
	}
	b.must(b.Delete(b.t.Context(), own, id(1), id(2)))
	if got := b.changes[own]; got != (Change{}) {
		b.t.Errorf("reported %+v", got)
	}
	if _, reported := b.changes[other]; reported {
		b.t.Error("reported an AIS that nobody named")
	}
}
