package policy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"brana/egon"
)

// A Source says what the matrix gives to one triple at this moment, as E227
// does: no items mean that it has no row. What cannot be understood is an error.
// Fetch is called from many goroutines.
type Source interface {
	Fetch(ctx context.Context, q *egon.RightsQuery) ([]egon.RightsItem, error)
}

// CheckCaller says what is wrong with a quadruple that is to call the bus.
func CheckCaller(q egon.Quadruple) error {
	var errs []error
	for _, code := range []struct {
		name, value string
		most        int
	}{{"agenda", q.Agenda, longestAgenda}, {"role", q.Role, longestRole}, {"ovm", q.Ovm, longestOvm}} {
		if !isCode(code.value, code.most) {
			errs = append(errs, fmt.Errorf("%s is %q: write a code of letters, digits, dots, hyphens, underscores and colons, from 1 to %d", code.name, code.value, code.most))
		}
	}
	if n, ok := positive(q.Ais); !ok || n > 9999999 {
		errs = append(errs, fmt.Errorf("ais is %q: write the number of the information system, from 1 to 9999999", q.Ais))
	}
	return errors.Join(errs...)
}

// RowsConfig says where rows come from and how they are kept; all of it but
// Snapshot and OnRefresh is needed.
type RowsConfig struct {
	Source    Source
	Ages      Ages
	Timeout   time.Duration // of one fetching
	Parallel  int           // fetchings at once that nobody waits for
	Early     time.Duration // a row is refreshed early, or by a reload, once in so long
	Ungranted int           // rows kept of triples without a grant, which only E227 asks for
	Snapshot  string        // file in which the rows outlive the process; empty: none
	Origin    string        // what the rows are of: environment and upstream; a file of another origin is refused
	// OnRefresh is told of each fetching that has ended, OnSave of each writing
	// of the file.
	OnRefresh func(Refresh)
	OnSave    func(error)
}

// Validate returns all that is wrong, joined.
func (c RowsConfig) Validate() error {
	errs := []error{c.Ages.Validate()}
	if c.Source == nil || c.Origin == "" {
		errs = append(errs, errors.New("the rows have no source"))
	}
	if c.Timeout <= 0 || c.Parallel <= 0 || c.Early <= 0 || c.Ungranted <= 0 {
		errs = append(errs, errors.New("timeout, parallel, early and foreign must be above 0"))
	}
	return errors.Join(errs...)
}

// Rows keep the rows of a matrix that is had triple by triple, and put them into
// the snapshots of a store. The rows of triples with a grant are fetched at the
// start and whenever they are due; while that fails they are served as long as
// their age permits. Of each triple there is one fetching at a time.
//
// A row that was fetched is in the store before whoever waits for it goes on.
// Decisions take no lock: see [Store.Current].
type Rows struct {
	cfg     RowsConfig
	store   *Store
	prague  *time.Location
	loadErr error // why the file could not be used
	ctx     context.Context
	stop    context.CancelFunc
	tasks   sync.WaitGroup
	wake    chan struct{} // something may be due
	dirty   chan struct{} // the file is behind
	// A place for each fetching that somebody waits for: of rows with a grant, and
	// of others, so that whoever asks for ever new ones holds up no office.
	grantedPlaces, ungrantedPlaces chan struct{}

	mu            sync.Mutex
	shards        [shardCount]shard
	sets          sharedSets
	flights       map[*row]*flight // under way
	schedule      schedule
	ungranted     map[*row]struct{} // the rows without a grant
	running       int               // fetchings of the agenda
	followed      time.Time         // of the last follow
	changes       uint64
	changedShards []int   // the parts that have
	last          Refresh // the latest
	saved         time.Time
	saveErr       error

	build          sync.Mutex // serializes publish, guards the rest
	matrix         fetchedMatrix
	names          *nameBuilder
	published      uint64    // the changes that are in the store
	buildNotBefore time.Time // before it nothing is built again
}

// mostDemanded bounds the fetchings that somebody waits for: those of rows with
// a grant, and the others.
const mostWaitedFor = 64

// NewRows makes rows and puts them, as far as the file has them, into the
// store. It calls nobody before Start. That the file is damaged is no error: see
// [Rows.Loaded].
func NewRows(cfg RowsConfig, store *Store) (*Rows, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		return nil, fmt.Errorf("load the zone of the generation: %w", err)
	}
	r := &Rows{cfg: cfg, store: store, prague: prague, sets: sharedSets{}, names: newNameBuilder(), ungranted: map[*row]struct{}{}, flights: map[*row]*flight{},
		wake: make(chan struct{}, 1), dirty: make(chan struct{}, 1), grantedPlaces: make(chan struct{}, mostWaitedFor), ungrantedPlaces: make(chan struct{}, mostWaitedFor)}
	for n := range r.shards {
		r.shards[n].rows = map[handles]*row{}
	}
	r.changes = 1 // the store does not even know that there are none
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.loadErr = r.load(time.Now())
	r.publish()
	store.Follow(r.follow)
	return r, nil
}

// Loaded says why the rows in the file could not be used; nil when they could,
// or when there is no file.
func (r *Rows) Loaded() error { return r.loadErr }

// Await returns a snapshot that has a usable row of the triple, or knows that it
// has none. When nothing is known yet it waits for the fetching, as long as ctx
// permits. An error is a *[RowError].
func (r *Rows) Await(ctx context.Context, agenda, role, ovm []byte) (*Snapshot, error) {
	s := r.store.Current()
	_, fresh := s.Row(agenda, role, ovm, time.Now())
	if fresh == Fresh {
		return s, nil
	}
	t := Triple{string(agenda), string(role), string(ovm)}
	f, err := r.requested(t)
	switch {
	case fresh == Stale:
		return s, nil
	case err != nil:
		return nil, &RowError{t, err}
	case f != nil:
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, &RowError{t, fmt.Errorf("wait for the row: %w", context.Cause(ctx))}
		}
		if f.err != nil {
			return nil, &RowError{t, f.err}
		}
	}
	s = r.store.Current()
	if _, fresh := s.Row(agenda, role, ovm, time.Now()); fresh < Stale {
		return nil, &RowError{t, errGone}
	}
	return s, nil
}

// A RowError says that the row of a triple cannot be had.
type RowError struct {
	Triple Triple
	Err    error
}

func (e *RowError) Error() string { return fmt.Sprintf("row of %s: %v", e.Triple, e.Err) }

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }

var (
	errGone    = errors.New("it was dropped before it was used")
	errTooMany = errors.New("too many triples without a grant are asked for at once")
	errClosed  = errors.New("the gateway is ending")
)

// breather is how long after a fetching that failed nobody starts another one by
// asking, and after any fetching the agenda none.
const pauseAfterFetch = time.Second

// demanded returns the fetching of a row that somebody asks for, which is
// started when there is none; nil when the row is there by now.
func (r *Rows) requested(t Triple) (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	c := r.known(t)
	switch {
	case c == nil:
		if !r.makeRoom() {
			return nil, errTooMany
		}
		c = r.add(t)
	case r.flights[c] != nil:
		return r.flights[c], nil
	case c.set != nil && c.life().at(now) == Fresh:
		return nil, nil
	}
	if ill := c.troubles(); ill.failures > 0 && now.Before(ill.tried.Add(pauseAfterFetch)) {
		return nil, ill.err
	}
	return r.start(c, false)
}

// Doubt says that an upstream refused what the row had permitted to a call that
// began at a moment. The row is refreshed early, once in a while, unless it is
// newer than the call.
func (r *Rows) Doubt(agenda, role, ovm []byte, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.known(Triple{string(agenda), string(role), string(ovm)})
	now := time.Now()
	if c == nil || r.flights[c] != nil || c.fetched >= began.UnixNano() {
		return
	}
	ill := c.troubles()
	if now.Before(ill.doubted.Add(r.cfg.Early)) {
		return
	}
	ill.doubted = now
	c.trouble = &ill
	_, _ = r.start(c, false) // it fails when all is ending
}

// Start begins to fetch what is due. It returns at once.
func (r *Rows) Start() {
	r.tasks.Go(r.runSchedule)
	if r.cfg.Snapshot != "" {
		r.tasks.Go(r.runFile)
	}
}

// Close ends all fetching and writes the file. It returns why that failed.
func (r *Rows) Close() error {
	r.mu.Lock()
	r.stop() // under the lock: no fetching starts after it
	r.mu.Unlock()
	r.tasks.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saveErr
}
