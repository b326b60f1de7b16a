package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"brana/egon"
)

// A fakeBus answers E227 from a table and counts the questions. Tests set how long it
// takes and how it fails. Triples are written agenda/role/ovm, rows as words.
type fakeBus struct {
	mu    sync.Mutex
	table map[string]string
	asked map[string]int
	err   error
	takes time.Duration
	panic any // of the next Fetch, once
}

func newFakeBus(table map[string]string) *fakeBus {
	return &fakeBus{table: table,
		asked: map[string]int{}}
}

var errBus = errors.New("the bus is down")

func (b *fakeBus) Fetch(ctx context.Context, q *egon.RightsQuery) ([]egon.RightsItem, error) {
	t := fmt.Sprintf("%s/%s/%s", q.Agenda, q.AgendovaRole, q.Ovm)
	b.mu.Lock()
	b.asked[t]++
	takes, broken := b.takes, b.panic
	b.panic = nil
	b.mu.Unlock()
	if broken != nil {
		panic(broken)
	}
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var items []egon.RightsItem
	for _, word := range strings.Fields(b.table[t]) {
		items = append(items, egon.RightsItem{KodIszr: word, KodRpp: "101-1-" +
			fmt.Sprint(len(word))})
	}
	return items, b.err
}

func (b *fakeBus) set(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// count returns the number of questions about a triple since the last count.
func (b *fakeBus) count(t string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.asked[t]
	b.asked[t] = 0
	return n
}

// grantsFor returns a file that grants some services to triples, from the beginning of
// a bubble on.
func grantsFor(triples ...string) string {
	var b strings.Builder
	b.WriteString("grants: [")
	for _, t := range triples {
		q := strings.Split(t, "/")
		fmt.Fprintf(&b, `
  {agenda: %s, role: %s, ovm: %q, ais: 1, environment: test,
   valid: {from: 1999-01-01, to: 2098-12-31},
   services: [E05, E158, E198, E227], items: [EopFoto, Vlastni],
   limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}},`, q[0], q[1], q[2])
	}
	return b.String() + "\n]\n"
}

const (
	own   = "X999/XR1/00345678"
	other = "A115/CT239/00007064"
)

// A fixture is rows and their store over a fake bus.
type fixture struct {
	t     testing.TB
	store *Store
	*Rows
	bus       *fakeBus
	grants    atomic.Pointer[string]
	refreshes chan Refresh
}

func newFixture(t testing.TB, b *fakeBus, change func(*RowsConfig), granted ...string) *fixture {
	t.Helper()
	s := &fixture{t: t, bus: b, refreshes: make(chan Refresh, 1000)}
	s.grant(granted...)
	var err error
	s.store, err = NewStore(func() (*Snapshot, error) {
		return LoadFS(mapFS("p/grants.yaml", *s.grants.Load()), Config{Dir: "p", Environment: Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := RowsConfig{Source: b, Ages: Ages{Fresh: time.Hour, Negative: 10 * time.Minute,
		Max: 3 * time.Hour},
		Timeout: 10 * time.Second, Parallel: 2, Early: 10 * time.Minute, Ungranted: 5, Origin: "test bus",
		OnRefresh: func(r Refresh) { s.refreshes <- r }}
	if change != nil {
		change(&cfg)
	}
	if s.Rows, err = NewRows(cfg, s.store); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *fixture) grant(triples ...string) {
	text := grantsFor(triples...)
	s.grants.Store(&text)
}

// run starts the rows and closes them with the test.
func (s *fixture) run() *fixture {
	s.Start()
	s.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return s
}

// decide decides about items for a triple.
func (s *fixture) decide(triple, items string) string {
	return summary(s.store.Current().Decide(head("E05", triple+"/1", items), time.Now()))
}

// await awaits a row for a bounded time and returns its words.
func (s *fixture) await(triple string, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	q := strings.Split(triple, "/")
	snapshot, err := s.Await(ctx, []byte(q[0]), []byte(q[1]), []byte(q[2]))
	if err != nil {
		return "", err
	}
	items, fresh := snapshot.Row([]byte(q[0]), []byte(q[1]), []byte(q[2]), time.Now())
	if fresh < Stale {
		s.t.Errorf("Await returned a snapshot whose row is %d", fresh)
	}
	var words []string
	for _, item := range items {
		words = append(words, item.Kod)
	}
	return strings.Join(words, " "), nil
}

// bubble runs a test in virtual time, from midnight UTC on.
func bubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

// head makes the head of a request. The quadruple is agenda/role/ovm/ais.
func head(service, quadruple, items string) *egon.Head {
	q := strings.Split(quadruple, "/")
	h := &egon.Head{
		Service: egon.ServiceByCode(service),
		Info: egon.ZadostInfo{
			Agenda: []byte(q[0]), AgendovaRole: []byte(q[1]), Ovm: []byte(q[2]), Ais: []byte(q[3]),
		},
	}
	for _, word := range strings.FieldsFunc(items, func(r rune) bool { return r == ' ' }) {
		h.HasItems = true
		h.Items = append(h.Items, egon.Word{Text: []byte(word)})
	}
	return h
}

// media makes the head of E198 with a question of the kind.
func media(quadruple, items string, kind egon.QueryKind) *egon.Head {
	h := head("E198", quadruple, items)
	h.Media = &egon.MediaQuery{Kind: kind}
	return h
}

// summary puts a decision into one line.
func summary(d Decision) string {
	var b strings.Builder
	b.WriteString(map[Verdict]string{
		NotGranted:            "not granted",
		ItemUnknown:           "unknown",
		ItemNotPermitted:      "item",
		ParameterNotPermitted: "parameter",
		RowUnavailable:        "row unavailable",
		Granted:               "granted",
	}[d.Verdict])
	if d.Reason != NoReason {
		b.WriteString(": " + [...]string{"", "AIS missing", "unknown agenda", "unknown role",
			"unknown OVM", "unknown AIS", "not yet valid", "expired", "service"}[d.Reason])
	}
	if d.Hint != "" {
		b.WriteString(", right is " + d.Hint)
	}
	for _, r := range d.Refused {
		b.WriteString(" " + r.Word)
		if r.Hint != "" {
			b.WriteString("→" + r.Hint)
		}
		if r.Input {
			b.WriteString("(input)")
		}
		if r.Unknown {
			b.WriteString("(unknown)")
		}
	}
	return b.String()
}

// put puts words into the row of a triple. Without words it removes the row.
func (s *fixture) put(t Triple, words string) {
	c := s.known(t)
	switch {
	case words == "" && c != nil:
		s.remove(c)
	case words != "":
		if c == nil {
			c = s.add(t)
		}
		var items []Item
		for _, word := range strings.Fields(words) {
			items = append(items, Item{Kod: word})
		}
		s.Rows.set(c, time.Now(), items)
	}
}

// publishNow publishes without a pause.
func (s *fixture) publishNow() {
	s.buildNotBefore = time.Time{}
	s.publish()
}

// words returns the row of a triple in the store.
func (s *fixture) words(t Triple) string {
	items, fresh := s.store.Current().Row([]byte(t.Agenda), []byte(t.Role), []byte(t.Ovm),
		time.Now())
	if fresh == Unknown {
		return ""
	}
	var words []string
	for _, item := range items {
		words = append(words, item.Kod)
	}
	return strings.Join(words, " ")
}

// mapFS makes a file system of names and contents, in turn.
func mapFS(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

// mustLoad loads a policy of the test environment from grants and the lines of a matrix
// without its header.
func mustLoad(t testing.TB, grants, matrix string) *Snapshot {
	t.Helper()
	fsys := mapFS("p/grants.yaml", grants, "m.csv", header+"\n"+matrix)
	s, err := LoadFS(fsys, Config{Dir: "p", MatrixFile: "m.csv", Environment: Test})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
