package audittest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"brana/audit"
	"brana/audit/journal"
)

// A Config is what is written.
type Config struct {
	Journal journal.Config // where to; its durability is for the caller to choose
	Seed    uint64
	Calls   int       // number of calls; each has one or two records, an asynchronous one three
	From    time.Time // time of the first call; zero: Monday, 2 November 2026, 00:00 in UTC
	Days    int       // in which the calls come; 0: 7
	Callers int       // 0: 40
}

// atOnce is the number of calls that run at the same time.
const atOnce = 64

// Write writes a journal and closes it. It returns the number of its records of use.
func Write(cfg Config) (records int, err error) {
	j, err := journal.Open(cfg.Journal)
	if err != nil {
		return 0, err
	}
	w := newWriter(cfg, audit.NewRecorder(j))
	err = w.write(cfg.Calls)
	if closed := j.Close(); err == nil {
		err = closed
	}
	return w.records, err
}

// A writer writes calls, a round of them at once.
type writer struct {
	recorder *audit.Recorder
	rand     *rand.Rand
	clock    clock
	offices  []*office
	round    []call
	jobs     []ending // that are to end in a later round
	records  int
}

// An ending is a result that is to be written.
type ending struct {
	intent uint64
	result audit.Result
}

func newWriter(cfg Config, recorder *audit.Recorder) *writer {
	if cfg.From.IsZero() {
		cfg.From = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	}
	if cfg.Days == 0 {
		cfg.Days = 7
	}
	if cfg.Callers == 0 {
		cfg.Callers = 40
	}
	r := rand.New(rand.NewPCG(cfg.Seed, 0xb1a4a))
	return &writer{
		recorder: recorder,
		rand:     r,
		clock:    newClock(cfg.From, cfg.Days, cfg.Calls),
		offices:  newOffices(r, cfg.Callers),
		round:    make([]call, 0, atOnce),
	}
}

func (w *writer) write(calls int) error {
	for done := 0; done < calls; done += len(w.round) {
		w.round = w.round[:0]
		for range min(atOnce, calls-done) {
			at := w.clock.advance(w.rand)
			w.round = append(w.round, newCall(w.rand, at, drawOffice(w.rand, w.offices)))
		}
		if err := w.begin(); err != nil {
			return err
		}
		w.end()
	}
	w.conclude(w.jobs)
	return nil
}

// begin writes the intents of a round, all at once.
func (w *writer) begin() error {
	var all sync.WaitGroup
	for i := range w.round {
		c := &w.round[i]
		if c.refused {
			continue
		}
		all.Go(func() { c.intent, c.err = w.recorder.Intend(&c.call) })
	}
	all.Wait()
	for i := range w.round {
		if c := &w.round[i]; c.err != nil {
			return fmt.Errorf("write call %s: %w", c.call.AgendaZadostId, c.err)
		}
	}
	return nil
}

// end writes what came of a round, in the order of time, and of the jobs of the last.
func (w *writer) end() {
	endings := w.jobs
	w.jobs = nil
	for i := range w.round {
		c := &w.round[i]
		if c.refused {
			w.recorder.Whole(audit.TypeRefusal, &c.call, &c.result)
			w.records++
			continue
		}
		w.records++
		endings = append(endings, ending{c.intent, c.result})
		if c.hasJob() {
			w.jobs = append(w.jobs, ending{c.intent, c.job(w.rand)})
		}
	}
	w.conclude(endings)
}

func (w *writer) conclude(endings []ending) {
	slices.SortStableFunc(endings, func(a, b ending) int {
		return a.result.Time.Compare(b.result.Time)
	})
	for i := range endings {
		w.recorder.Conclude(endings[i].intent, &endings[i].result)
		w.records++
	}
}
