package policy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"brana/egon"
)

// A Source returns the row of one triple at this moment, as E227 does. No items mean
// that the triple has no row. An unreadable answer is an error. Fetch is called from
// many goroutines.
type Source interface {
	Fetch(ctx context.Context, q *egon.RightsQuery) ([]egon.RightsItem, error)
}

// CheckCaller returns everything that is wrong with the quadruple under which the
// gateway itself calls the bus, joined.
func CheckCaller(q egon.Quadruple) error {
	var errs []error
	for _, code := range []struct {
		name, value string
		most        int
	}{
		{"agenda", q.Agenda, longestAgenda},
		{"role", q.Role, longestRole},
		{"ovm", q.Ovm, longestOvm},
	} {
		if !isCode(code.value, code.most) {
			errs = append(errs, fmt.Errorf("%s is %q: write a code of %s, from 1 to %d characters",
				code.name, code.value, codeCharacters, code.most))
		}
	}
	if n, ok := positive(q.Ais); !ok || n > 9999999 {
		errs = append(errs, fmt.Errorf(
			"ais is %q: write the number of the information system, from 1 to 9999999", q.Ais))
	}
	return errors.Join(errs...)
}

// RowsConfig says where rows come from and how they are kept. Every field but
// Snapshot, OnRefresh and OnSave is needed.
type RowsConfig struct {
	Source    Source
	Ages      Ages
	Timeout   time.Duration // of one fetch
	Parallel  int           // most fetches at once that no call waits for
	Early     time.Duration // shortest time between two early refreshes of a row, or two reloads
	Ungranted int           // most rows of triples without a grant; only E227 asks for these
	Snapshot  string        // file in which the rows outlive the process; empty: none
	Origin    string        // environment and upstream; a file of another origin is refused
	// OnRefresh is called with each fetch that has ended, OnSave after each writing
	// of the file.
	OnRefresh func(Refresh)
	OnSave    func(error)
}

// Validate returns everything that is wrong, joined.
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

// Rows keep a matrix that is fetched triple by triple, and put it into the snapshots
// of a store. The rows of triples with a grant are fetched at the start and whenever
// they are due. While fetching fails, they are served as long as their age permits.
// A triple has at most one fetch under way.
//
// A fetched row is in the store before a call that waits for it goes on. Decisions
// take no lock: see [Store.Current].
//
// The words: a row is what is known of one triple (row.go), and an item set is what
// the triple may have (itemset.go). Rows lie in shards (shard.go). A fetched matrix
// is the rows as decisions see them (fetched.go), and a file row is a row in the
// file (rowsformat.go).
type Rows struct {
	cfg     RowsConfig
	store   *Store
	prague  *time.Location
	loadErr error // why the file could not be used
	ctx     context.Context
	stop    context.CancelFunc
	tasks   sync.WaitGroup
	wake    chan struct{} // a row may be due
	dirty   chan struct{} // the file is older than the rows
	// Places for fetches that calls wait for. Rows without a grant have their own, so
	// that a caller who asks for ever new triples delays nobody who has a grant.
	grantedPlaces, ungrantedPlaces chan struct{}

	mu            sync.Mutex
	shards        [shardCount]shard
	sets          sharedSets
	flights       map[*row]*flight // under way
	schedule      schedule
	ungranted     map[*row]struct{} // the rows without a grant
	running       int               // fetches that the schedule started
	followed      time.Time         // when follow ran last; zero: never
	changes       uint64            // number of changes so far
	changedShards []int             // since the last publish
	last          Refresh           // the latest
	saved         time.Time
	saveErr       error

	build          sync.Mutex // serializes publish, guards the following
	matrix         fetchedMatrix
	names          *nameBuilder
	published      uint64    // number of changes that are in the store
	buildNotBefore time.Time // the earliest moment of the next build
}

// mostWaitedFor bounds the fetches that calls wait for: of rows with a grant, and
// of other rows.
const mostWaitedFor = 64

// NewRows returns the rows that the file has, and puts them into the store. It does
// not call the source before Start. A damaged file is no error: see [Rows.Loaded].
// The caller closes the rows.
func NewRows(cfg RowsConfig, store *Store) (*Rows, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		return nil, fmt.Errorf("load the zone of the generation: %w", err)
	}
	r := &Rows{
		cfg:             cfg,
		store:           store,
		prague:          prague,
		sets:            sharedSets{},
		names:           newNameBuilder(),
		ungranted:       map[*row]struct{}{},
		flights:         map[*row]*flight{},
		wake:            make(chan struct{}, 1),
		dirty:           make(chan struct{}, 1),
		grantedPlaces:   make(chan struct{}, mostWaitedFor),
		ungrantedPlaces: make(chan struct{}, mostWaitedFor),
	}
	for n := range r.shards {
		r.shards[n].rows = map[handles]*row{}
	}
	r.changes = 1 // so that the store gets a matrix even if it is empty
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.loadErr = r.load(time.Now())
	r.publish()
	store.Follow(r.follow)
	return r, nil
}

// Loaded returns why the rows in the file could not be used. It is nil when they
// could, or when there is no file.
func (r *Rows) Loaded() error { return r.loadErr }

// Await returns a snapshot that has a usable row of the triple, or knows that the
// triple has none. When nothing is known yet, it waits for a fetch as long as ctx
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

// A RowError reports that the row of a triple is unavailable.
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

// requested returns the fetch of a row that a call needs, and starts it when none is
// under way. It returns nil when the row has become fresh meanwhile.
func (r *Rows) requested(t Triple) (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	row := r.known(t)
	switch {
	case row == nil:
		if !r.makeRoom() {
			return nil, errTooMany
		}
		row = r.add(t)
	case r.flights[row] != nil:
		return r.flights[row], nil
	case row.set != nil && row.life().at(now) == Fresh:
		return nil, nil
	}
	if ill := row.troubles(); ill.failures > 0 && now.Before(ill.tried.Add(pauseAfterFetch)) {
		return nil, ill.err
	}
	return r.start(row, false)
}

// Doubt reports that an upstream refused an item that the row permits, in a call that
// began at a moment. The row is refreshed early, at most once in Early, unless it is
// newer than the call.
func (r *Rows) Doubt(agenda, role, ovm []byte, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row := r.known(Triple{string(agenda), string(role), string(ovm)})
	now := time.Now()
	if row == nil || r.flights[row] != nil || row.fetched >= began.UnixNano() {
		return
	}
	ill := row.troubles()
	if now.Before(ill.doubted.Add(r.cfg.Early)) {
		return
	}
	ill.doubted = now
	row.trouble = &ill
	_, _ = r.start(row, false) // it fails when the process is ending
}

// Start begins to fetch the rows that are due. It returns at once.
func (r *Rows) Start() {
	r.tasks.Go(r.runSchedule)
	if r.cfg.Snapshot != "" {
		r.tasks.Go(r.runFile)
	}
}

// Close ends all fetching and writes the file. It returns the error of the writing.
func (r *Rows) Close() error {
	r.mu.Lock()
	r.stop() // under the lock: no fetch starts after it
	r.mu.Unlock()
	r.tasks.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saveErr
}
