package policy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unique"

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

// A Triple is a caller as the matrix knows it. The AIS is no part of it.
type Triple struct {
	Agenda, Role, Ovm string
}

// String returns agenda/role/ovm.
func (t Triple) String() string { return t.Agenda + "/" + t.Role + "/" + t.Ovm }

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

// A Refresh is one fetching of a row that has ended.
type Refresh struct {
	Triple  Triple
	Result  RefreshResult
	Changed bool // the triple's items are other than before
	Err     error
	At      time.Time
}

// RefreshResult is what came of a fetching.
type RefreshResult string

// The results.
const (
	GotRow        RefreshResult = "row"
	GotNoRow      RefreshResult = "no-row"
	RefreshFailed RefreshResult = "failed"
)

// RefreshResults lists the results.
func RefreshResults() []RefreshResult { return []RefreshResult{GotRow, GotNoRow, RefreshFailed} }

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

// A cached is what is known of one triple. There may be a million of them, so
// it is kept to 64 bytes: times are Unix ones, and what most have nothing of is
// apart.
type row struct {
	triple   handles
	set      *sharedSet // nil: it was never fetched
	trouble  *trouble
	fetched  int64  // in nanoseconds
	due, end uint32 // of its life
	next     uint32 // when the agenda fetches it, in seconds
	place    int32  // in the agenda, or one of the following
}

const (
	unscheduled = -1 // in no agenda
	ungranted   = -2 // nor ever, since the triple has no grant
)

func (c *row) granted() bool { return c.place != ungranted }

func (c *row) life() life {
	return life{from: seconds(time.Unix(0, c.fetched).Add(-skew)), due: c.due, end: c.end}
}

// after has the agenda fetch the row at a moment, or up to a second later.
func (c *row) scheduleAt(t time.Time) { c.next = seconds(t.Add(time.Second - 1)) }

// trouble is what is to be known of a row that somebody doubts or that cannot be
// fetched.
type trouble struct {
	doubted  time.Time
	tried    time.Time // when the last fetching ended
	failures int       // since the last that succeeded
	err      error     // of the last
}

// troubles are those of the row, none when it has none.
func (c *row) troubles() trouble {
	if c.trouble == nil {
		return trouble{}
	}
	return *c.trouble
}

// handles are a triple in three words: rows share the codes.
type handles [3]unique.Handle[string]

func handlesOf(t Triple) handles {
	return handles{unique.Make(t.Agenda), unique.Make(t.Role), unique.Make(t.Ovm)}
}

func (h handles) triple() Triple { return Triple{h[0].Value(), h[1].Value(), h[2].Value()} }

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

// known returns the row of a triple, nil when there is none.
func (r *Rows) known(t Triple) *row {
	h := handlesOf(t)
	return r.shards[h.shard()].rows[h]
}

// add makes a row of which nothing is known.
func (r *Rows) add(t Triple) *row {
	c := &row{triple: handlesOf(t), place: ungranted}
	r.shards[c.triple.shard()].rows[c.triple] = c
	r.ungranted[c] = struct{}{}
	return c
}

// remove forgets a row without a grant.
func (r *Rows) remove(c *row) {
	p := r.change(c.triple)
	if c.set != nil {
		p.sum = p.sum.less(sumOf(c.triple.triple(), c.set))
		r.sets.release(c.set)
	}
	delete(p.rows, c.triple)
	delete(r.ungranted, c)
}

// room sees to it that there is room for one more row without a grant: the one
// that was fetched first makes it.
func (r *Rows) makeRoom() bool {
	if len(r.ungranted) < r.cfg.Ungranted {
		return true
	}
	var oldest *row
	for c := range r.ungranted {
		if r.flights[c] == nil && (oldest == nil || c.fetched < oldest.fetched) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	r.remove(oldest)
	return true
}
