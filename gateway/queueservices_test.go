package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"brana/egon"
	"brana/gateway/queue"
)

// No service shows an AIS the queue of another, or changes it.
func TestQueuesOfTwoAisAreApart(t *testing.T) {
	const stranger = "999007"
	d := startQueueGateway(t)
	id := d.later(t, call{})
	d.settle(t)
	wantIn(t, d.pickUp(t, stranger, id), "NENALEZENO")
	if listed := d.ask(t, "E99", call{ais: stranger}); strings.Contains(listed, id) {
		t.Errorf("E99 lists it to another AIS: %s", listed)
	}
	for _, q := range []egon.QueueQuery{{IDs: []string{id}}, {All: true}} {
		wantIn(t, d.ask(t, "E101", call{ais: stranger, queue: &q}), "VysledekKod>OK<")
	}
	theirs := d.later(t, call{ais: stranger})
	d.settle(t)
	wantIn(t, d.pickUp(t, "", theirs), "NENALEZENO")
	wantIn(t, d.pickUp(t, "", id), "KodIszr>Jmeno<")
	wantIn(t, d.pickUp(t, stranger, theirs), "KodIszr>Jmeno<")
}

func TestPagesAndFiltersOfE99(t *testing.T) {
	d := startQueueGateway(t)
	first := d.later(t, call{})
	d.settle(t)
	second := d.later(t, call{})
	d.settle(t)
	page := d.ask(t, "E99", call{})
	wantIn(
		t, page, first, "VypisPokracuje>true<",
		"NasledujiciIdTransakce>", "NasledujiciCasVytvoreni>",
	)
	if strings.Contains(page, second) {
		t.Errorf("a page of one has two: %s", page)
	}
	var next uint64
	if _, err := fmt.Sscan(valueOf(page, "NasledujiciIdTransakce"), &next); err != nil {
		t.Fatal(err)
	}
	since, ok := egon.ParseDateTime(valueOf(page, "NasledujiciCasVytvoreni"), time.UTC)
	if !ok {
		t.Fatal(page)
	}
	page = d.ask(t, "E99", call{queue: &egon.QueueQuery{From: next, Since: since}})
	wantIn(t, page, second, "VypisPokracuje>false<")
	page = d.ask(t, "E99", call{queue: &egon.QueueQuery{Since: since.Add(time.Hour)}})
	if strings.Contains(page, first) || strings.Contains(page, second) {
		t.Errorf("the filter does not hold: %s", page)
	}
}

// Whose queue it is, the certificate says when the header does not.
func TestTheQueueOfACertificate(t *testing.T) {
	memory, err := queue.NewMemory(queueBounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	s := startTLSGateway(t, boundOnce, func(s *settings) {
		for _, code := range queueServices {
			s.cfg.Routes.Services[code] = Route{Kind: LocalRoute}
		}
		s.parts.Queue, s.parts.NewID = memory, uuid.NewString
	})
	client := s.client(t, s.ca.issue(100))
	nameless := func(c call) []byte {
		return bytes.Replace(
			c.message(), []byte("<reg:Ais>999001</reg:Ais>"), nil, 1,
		)
	}
	said, err := s.askFor(client, "E227?async", nameless(call{code: "E227"}))
	if err != nil {
		t.Fatal(err)
	}
	id := valueOf(said, "IszrZadostId")
	eventually(t, "the job ends", func() bool { return s.Jobs() == 0 })
	for _, message := range [][]byte{
		nameless(call{code: "E100", queue: &egon.QueueQuery{IDs: []string{id}}}),
		call{code: "E100", queue: &egon.QueueQuery{IDs: []string{id}}}.message(),
	} {
		said, err := s.askFor(client, "E100", message)
		if err != nil {
			t.Fatal(err)
		}
		wantIn(t, said, "KodIszr>Jmeno<")
	}
}

// Who may be called how.
func TestModesOfServices(t *testing.T) {
	local, relayed, workflow := Route{Kind: LocalRoute}, Route{Kind: RelayRoute}, Route{Kind: WorkflowRoute}
	both, sync, async, unknown := &egon.Service{Mode: egon.SyncAndAsync}, &egon.Service{Mode: egon.SyncOnly}, &egon.Service{Mode: egon.AsyncOnly}, &egon.Service{}
	queued := &Gateway{core: core{cfg: Config{Routes: Routes{Services: map[string]Route{
		"E99":  local,
		"E100": local,
		"E101": local,
	}}}}}
	without := &Gateway{}
	for _, c := range []struct {
		name    string
		g       *Gateway
		service *egon.Service
		route   Route
		want    bool
	}{
		{"local with a queue", queued, both, local, true},
		{"local, only async, with a queue", queued, async, local, true},
		{"local without a queue", without, both, local, false},
		{"local and only sync", queued, sync, local, false},
		{"a queue service itself", queued, unknown, local, false},
		{"relayed", without, both, relayed, true},
		{"relayed, of unknown mode", without, unknown, relayed, true},
		{"relayed and only sync", queued, sync, relayed, false},
		{"workflow", queued, both, workflow, false},
	} {
		if got := c.g.servesAsync(c.service, c.route); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	d := startQueueGateway(t)
	wantIn(t, d.ask(t, "E198?async", call{
		code:  "E198",
		items: []string{"EopFoto"},
		inner: mediaInner(nil),
	}), "JENOM SYNC")
	x := d.begin(nil)
	x.service = async
	defer d.running.Add(-1)
	var refusal *Refusal
	if err := x.checkMode(); !errors.As(err, &refusal) || refusal.Kind != AsyncOnlyKind {
		t.Errorf("an async service called sync: %v", err)
	}
}

// A client that calls everything with ?async reaches its queue all the same:
// the queue answers at once, and no job is made of the question.
func TestQueueServicesCalledAsynchronously(t *testing.T) {
	d := startQueueGateway(t)
	id := d.later(t, call{})
	d.settle(t)
	wantIn(t, d.ask(t, "E99?async", call{}), "IszrAsyncVypisFrontyResponse", "VysledekKod>OK<", id)
	wantIn(
		t, d.ask(t, "E100?async", call{queue: &egon.QueueQuery{IDs: []string{id}}}),
		"VysledekKod>OK<", "AsyncDotazDataResponse", "KodIszr>Jmeno<",
	)
	wantIn(
		t, d.ask(t, "E101?async", call{queue: &egon.QueueQuery{IDs: []string{id}}}),
		"IszrAsyncSmazatFrontuResponse", "VysledekKod>OK<",
	)
	wantIn(
		t, d.ask(t, "E100?async", call{queue: &egon.QueueQuery{IDs: []string{id}}}),
		"VysledekKod>CHYBA<", "NENALEZENO", "BR_307: ",
	)
	d.settle(t)
	if opened := strings.Count(strings.Join(d.events.all(), " "), "open"); opened != 1 {
		t.Errorf("%d jobs were opened, want that of E227 alone: %v", opened, d.events.all())
	}
}

func TestRoutesOfTheQueue(t *testing.T) {
	local, relay := Route{Kind: LocalRoute}, Route{Kind: RelayRoute, Relay: relayFunc(relayOK)}
	for _, c := range []struct {
		name            string
		e99, e100, e101 Route
		queue           Queue
		want            string
	}{
		{"all local", local, local, local, &watchedQueue{}, ""},
		{"all relayed", relay, relay, relay, nil, ""},
		{"some local", local, local, relay, &watchedQueue{}, "belong to one queue"},
		{"one refused", Route{}, local, local, &watchedQueue{}, "belong to one queue"},
		{"without a queue", local, local, local, nil, "need a queue"},
	} {
		_, err := New(Config{Routes: Routes{
			Default:  relay,
			Services: map[string]Route{"E99": c.e99, "E100": c.e100, "E101": c.e101},
		}}, Parts{Queue: c.queue})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A relayed call goes on as it was made, with ?async or without, and its answer
// comes back as it is; the upstream has the queue.
func TestRelayedAsynchronousCall(t *testing.T) {
	var asked []bool
	d := startQueueGateway(t, func(_ *queueGateway, s *settings) {
		relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
			asked = append(asked, m.Async)
			return relayOK(ctx, m)
		})(s)
	})
	wantIn(t, d.ask(t, "E05?async", call{}), string(replyOf("E05", egon.OK)))
	wantIn(t, d.ask(t, "E05", call{}), string(replyOf("E05", egon.OK)))
	if !slices.Equal(asked, []bool{true, false}) {
		t.Errorf("relayed as async: %v", asked)
	}
	d.settle(t)
	if got := d.events.all(); slices.Contains(got, "open") {
		t.Errorf("happened: %v", got)
	}
}

// A gateway that relays the queue services leaves them alone, and a question
// that is wrong is the upstream's matter.
func TestRelayedQueueServices(t *testing.T) {
	s := startGateway(t)
	for _, code := range queueServices {
		r := s.post(t, "/publikace/"+code, call{
			code: code,
			inner: `<z:Zadost xmlns:z="` + egon.ServiceByCode(code).Namespace +
				`"><z:Cokoli/></z:Zadost>`,
		}.message())
		wantIn(t, read(t, r), egon.ServiceByCode(code).Response, "VysledekKod>OK<")
	}
}
