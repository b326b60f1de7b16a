package gateway

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
	"brana/policy"
)

// A call whose time is too far from the clock is refused, in either direction and in
// any zone.
func TestStaleTime(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	const noon, twice = "2026-03-04T12:00:00+01:00", "2026-10-25T02:30:00+02:00" // the second half past two comes an hour later
	for _, c := range []struct {
		name, clock, said string
		want              bool
	}{
		{"the same", noon, noon, true},
		{"another zone", noon, "2026-03-04T11:00:00Z", true},
		{"without a zone", noon, "2026-03-04T12:00:00", true},
		{"UTC without saying so", noon, "2026-03-04T11:00:00", false},
		{"at the bound behind", noon, "2026-03-04T11:55:00", true},
		{"over the bound behind", noon, "2026-03-04T11:54:59.9999999", false},
		{"at the bound ahead", noon, "2026-03-04T12:05:00", true},
		{"over the bound ahead", noon, "2026-03-04T12:05:00.001", false},
		{"the year before", noon, "2025-03-04T12:00:00", false},
		{"the first year", noon, "0001-01-01T00:00:00", false},
		{"the last year", noon, "9999-12-31T23:59:59", false},
		{"the hour that comes twice, first", twice, "2026-10-25T02:30:00", true},
		{
			"the hour that comes twice, second",
			"2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00", true,
		},
		{"the hour that comes twice, said which", twice, "2026-10-25T02:30:00+01:00", false},
		{"the hour after it", "2026-10-25T03:30:00+01:00", "2026-10-25T02:30:00", false},
	} {
		start, err := time.Parse(time.RFC3339, c.clock)
		if err != nil {
			t.Fatal(err)
		}
		g := &core{cfg: Config{TimeTolerance: 5 * time.Minute, Zone: prague}}
		x := &request{
			core:  g,
			start: start,
			head:  &egon.Head{Info: egon.ZadostInfo{CasZadosti: []byte(c.said)}},
		}
		if r := x.checkTime(); (r == nil) != c.want || r != nil && r.Kind != StaleTime {
			t.Errorf("%s: refused %v", c.name, r)
		}
		g.cfg.TimeTolerance = 0
		if r := x.checkTime(); r != nil {
			t.Errorf("%s: refused %v, though the option is off", c.name, r)
		}
	}
}

func TestStaleTimeIsRefused(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.cfg.TimeTolerance = time.Minute })
	now := time.Now().Format(time.RFC3339Nano)
	wantIn(t, read(t, s.post(t, "/publikace/E05", call{time: now}.message())), "VysledekKod>OK<")
	r := s.post(t, "/publikace/E05", call{}.message())
	checkRefusal(t, r, StaleTime, EgonMode, []string{"BR_303: ", "NEPLATNY CAS", "60 s"})
}

// watchedIDs is a real store of ids that may fail.
type watchedIDs struct {
	*queue.RecentMemory
	claim, confirm error
}

func (w *watchedIDs) Claim(ctx context.Context, ais, id string) (queue.Claim, bool, error) {
	if w.claim != nil {
		return queue.Claim{}, false, w.claim
	}
	return w.RecentMemory.Claim(ctx, ais, id)
}

func (w *watchedIDs) Confirm(ctx context.Context, c queue.Claim) error {
	if w.confirm != nil {
		return w.confirm
	}
	return w.RecentMemory.Confirm(ctx, c)
}

// startStrictQueue starts a gateway where an id may be used once in an hour.
func startStrictQueue(
	t *testing.T, change ...func(*queueGateway, *settings),
) (*queueGateway, *watchedIDs) {
	t.Helper()
	memory, err := queue.NewRecentMemory(queue.RecentConfig{Window: time.Hour, Most: 100}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := &watchedIDs{RecentMemory: memory}
	return startQueueGateway(t, append(
		change, func(_ *queueGateway, s *settings) { s.parts.IDs = ids },
	)...), ids
}

const otherID = "a75167b3-b260-49a0-aac6-4d763538b25a"

// An id is used once, by each AIS for itself, whichever service it calls and
// however it spells the id.
func TestDuplicateRequest(t *testing.T) {
	d, _ := startStrictQueue(t)
	wantIn(t, d.ask(t, "E05", call{}), "VysledekKod>OK<")
	for _, path := range []string{"E05", "E227", "E227?async", "E99"} {
		for _, id := range []string{requestID, strings.ToUpper(requestID)} {
			wantIn(t, d.ask(t, path, call{id: id}), "DUPLICITNI ZADOST", "BR_304: ", id)
		}
	}
	wantIn(t, d.ask(t, "E05", call{id: otherID}), "VysledekKod>OK<")
	wantIn(t, d.ask(t, "E227", call{ais: "999007"}), "VysledekKod>OK<")
	d.settle(t)
	if got := d.events.all(); len(got) != 6 { // of the three that were served
		t.Errorf("a duplicate took a permit or a slot: %v", got)
	}
}

// A call that was refused has not used its id: an honest retry is served at
// once, again and again until the call is admitted.
func TestARefusedCallHasNotUsedItsId(t *testing.T) {
	verdict, failure := limits.OverQuota, error(nil)
	d, _ := startStrictQueue(t, func(d *queueGateway, s *settings) {
		d.limiter.admit = func(context.Context, limits.Call) (limits.Decision, error) {
			return limits.Decision{Verdict: verdict}, failure
		}
		s.cfg.TimeTolerance = time.Hour
		s.cfg.Routes.Default.Items = policy.Strict
	})
	now := time.Now().Format(time.RFC3339)
	for range 3 {
		wantIn(t, d.ask(t, "E227", call{time: now}), "BR_201: ")
		wantIn(t, d.ask(t, "E227?async", call{time: now}), "BR_201: ")
	}
	verdict = limits.OverConcurrency
	wantIn(t, d.ask(t, "E227", call{time: now}), "BR_202: ")
	failure = errors.New("no Redis")
	wantIn(t, d.ask(t, "E227", call{time: now}), "BR_203: ")
	wantIn(t, d.ask(t, "E227", call{}), "BR_303: ")
	wantIn(t, d.ask(t, "E172", call{code: "E172", time: now}), "BR_101: ")
	wantIn(t, d.ask(t, "E05", call{items: []string{"Doklad"}, time: now}), "BR_111: ")
	d.queue.open = func() error { return queue.ErrFull }
	wantIn(t, d.ask(t, "E227?async", call{time: now}), "BR_206: ")
	verdict, failure = limits.Admitted, nil
	wantIn(t, d.ask(t, "E227", call{time: now}), "KodIszr>Jmeno<")
	wantIn(t, d.ask(t, "E227", call{time: now}), "BR_304: ")
}

// A call that was admitted has used its id, also when it fails later.
func TestAnAdmittedCallHasUsedItsId(t *testing.T) {
	d, _ := startStrictQueue(t, func(_ *queueGateway, s *settings) {
		failing(&egon.CallError{Err: errors.New("no registry")})(s)
	})
	wantIn(t, d.ask(t, "E05", call{}), "BR_401: ")
	wantIn(t, d.ask(t, "E05", call{}), "BR_304: ")
	d.later(t, call{id: otherID})
	wantIn(t, d.ask(t, "E227?async", call{id: otherID}), "BR_304: ")
}

// Without the store of ids nothing goes on: no permit is used when it cannot say
// whether an id is new, and no slot stays when it cannot use it.
func TestTheStoreOfIdsCannotBeHad(t *testing.T) {
	d, ids := startStrictQueue(t)
	ids.claim = errors.New("no Redis")
	r := d.post(t, "/publikace/E05", call{}.message())
	checkRefusal(t, r, IDsUnavailable, EgonMode, nil)
	if got := d.events.all(); len(got) != 0 {
		t.Errorf("happened: %v", got)
	}
	ids.claim, ids.confirm = nil, errors.New("no Redis")
	wantIn(t, d.ask(t, "E227?async", call{}), "BR_208: ")
	d.settle(t)
	if got := strings.Join(d.events.all(), ", "); got != "open, admit admitted, delete, release" {
		t.Errorf("happened: %s", got)
	}
	ids.confirm = nil
	wantIn(t, d.ask(t, "E05", call{}), "VysledekKod>OK<")
}
