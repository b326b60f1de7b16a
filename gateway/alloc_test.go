//go:build !race

package gateway

import (
	"context"
	"io"
	"testing"
	"time"

	"brana/egon"
	"brana/policy"
)

// An exchange may allocate itself, its deadline, the number of a relayed answer and a
// field of its line. A change of these numbers is a decision.
func TestAllocationsPerExchange(t *testing.T) {
	for _, c := range []struct {
		name, path string
		message    []byte
		budget     float64
	}{
		{"relay", "/publikace/E05", call{items: []string{"Jmeno", "Prijmeni"}}.message(), 4},
		{"refused", "/publikace/E05", call{ais: "999003"}.message(), 23},
	} {
		l := newLoop(t, c.path, c.message, staticRelay(replyOf("E05", egon.OK)), unlimited)
		if n := testing.AllocsPerRun(200, func() { l.exchange(t) }); n > c.budget {
			t.Errorf("%s: %v allocations, budget %v", c.name, n, c.budget)
		}
	}
}

// A route whose rule could rewrite a call allocates no more than one that lets it pass, as
// long as all items are permitted.
func TestAllocationsOfTheRulesOfCalls(t *testing.T) {
	message := call{items: []string{"Jmeno", "Prijmeni"}}.message()
	with := func(rule policy.ItemRule) float64 {
		reply := staticRelay(replyOf("E05", egon.OK))
		l := newLoop(t, "/publikace/E05", message, reply, by(rule), unlimited)
		return testing.AllocsPerRun(200, func() { l.exchange(t) })
	}
	most := with(policy.Pass)
	for _, rule := range []policy.ItemRule{policy.Strict, policy.AsIszr} {
		if n := with(rule); n > most {
			t.Errorf("%s: %v allocations, %v with pass", rule, n, most)
		}
	}
}

// A route that refuses or filters allocates no more than one that observes, as long as the
// reply holds nothing that may not leave.
func TestAllocationsOfTheRulesOfReplies(t *testing.T) {
	message := call{items: []string{"Jmeno", "Prijmeni"}}.message()
	with := func(rule egon.ReturnedRule) float64 {
		l := newLoop(t, "/publikace/E05", message, staticRelay(personReply(permittedItems)), unlimited,
			func(s *settings) { s.cfg.Routes.Default.Returned = rule })
		return testing.AllocsPerRun(200, func() { l.exchange(t) })
	}
	most := with(egon.ObserveReturned)
	for _, rule := range []egon.ReturnedRule{egon.RefuseReturned, egon.FilterReturned} {
		if n := with(rule); n > most {
			t.Errorf("%s: %v allocations, %v with observe", rule, n, most)
		}
	}
}

// The record of use adds two allocations to an exchange at most: the wait for its intent.
func TestAllocationsPerRecord(t *testing.T) {
	for _, c := range []struct {
		name, path string
		message    []byte
	}{
		{"relay", "/publikace/E05", call{items: []string{"Jmeno", "Prijmeni"}}.message()},
		{"workflow", "/publikace/E198", mediaCall()},
		{"local", "/publikace/E227", call{code: "E227"}.message()},
		{"refused", "/publikace/E05", call{items: []string{"AdresaPobytu", "Vosáhlo"}}.message()},
	} {
		with := func(change ...func(*settings)) float64 {
			reply := personReply("<Jmeno>X</Jmeno><Prijmeni>Y</Prijmeni><Obcanstvi>203</Obcanstvi>")
			change = append(change, staticRelay(reply), by(policy.Strict), unlimited)
			l := newLoop(t, c.path, c.message, change...)
			return testing.AllocsPerRun(200, func() { l.exchange(t) })
		}
		into, _ := recorded(t)
		if off, on := with(), with(into); on > off+2 {
			t.Errorf("%s: %v allocations with a record of use, %v without", c.name, on, off)
		}
	}
}

// A large exchange allocates as much as a small one, at any length: a piece of it
// allocates nothing.
func TestAllocationsPerLargeExchange(t *testing.T) {
	for _, size := range []int{256 << 10, 1 << 20, 16 << 20} {
		doc := largeReply(size)
		body := &staticBody{}
		answer := &egon.Answer{HTTPStatus: 200, ContentType: contentType, Length: int64(len(doc))}
		relay := relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
			_, err := m.Body.(io.WriterTo).WriteTo(io.Discard)
			if err != nil { // as a client of upstreams does
				return nil, err
			}
			body.Reset(doc)
			answer.Body = body
			return answer, nil
		})
		l := newLoop(t, "/publikace/E05", largeMessage(size), relay, unlimited)
		if n := testing.AllocsPerRun(20, func() { l.exchange(t) }); n > 8 {
			t.Errorf("%d bytes each way: %v allocations, budget 8", size, n)
		}
	}
}

// An internal message allocates what a relayed call does, and its number.
func TestAllocationsPerInternalMessage(t *testing.T) {
	reply := egon.AppendReply(nil, egon.ServiceByCode("X11"), true, &egon.OdpovedInfo{
		CasOdpovedi:    time.Now(),
		Status:         egon.Status{Kod: egon.OK},
		AgendaZadostId: requestID,
		IszrZadostId:   innerID,
	})
	message := inward{code: "X11", lists: jmeno}.message()
	for _, path := range []string{"/publikace/X11", "/publikace/aiseo"} {
		l := newLoop(t, path, message, unlimited, func(s *settings) {
			staticRelay(reply)(s)
			atPublisher(t, s.cfg.Routes.Default.Relay)(s)
		})
		l.rc.Request.Header.Set("SOAPAction", `"AiseoSyncCtiAifo"`)
		if n := testing.AllocsPerRun(200, func() { l.exchange(t) }); n > 5 {
			t.Errorf("%s: %v allocations, budget 5", path, n)
		}
	}
}
