package upstream

import (
	"context"
	"errors"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/egon"
)

// A way is one of those by which something is sent to an upstream.
type way struct {
	name   string
	config string // name of the upstream
	party  egon.Party
	ask    func(ctx context.Context) error
}

// waysTo opens the ways to simulated registries whose clients were changed:
// relay, fetch of rights, evidences, and steps of E198.
func waysTo(t *testing.T, change func(*Config)) ([]way, *registries.Server) {
	m, s := simulatedWith(t, change)
	bus := Config{Name: registries.Front, URL: "http://" + m.Eop.to.addr + "/publikace",
		Timeout: time.Second}
	change(&bus)
	relay, rights := NewRelay(client(t, bus)), rightsOver(client(t, bus))
	e198 := func(zdroj string) func(context.Context) error {
		h := e198Head(zdroj+"Foto", "Jmeno", "AdresaPobytu", "ROBCti", "RUIANCti")
		h.Media.AgendaZdroj, h.Media.Klic = []byte(zdroj), publicKey(t)
		return func(ctx context.Context) error {
			a, _, err := m.Serve(ctx, h, nil)
			if err == nil {
				err = a.Body.Close()
			}
			return err
		}
	}
	return []way{
		{"relay", registries.Front, egon.Party{}, func(ctx context.Context) error {
			a, _, err := relay.Send(ctx, text("<b/>"), nil)
			if err == nil {
				err = a.Body.Close()
			}
			return err
		}},
		{"E227", registries.Front, iszrParty, func(ctx context.Context) error {
			_, err := rights.Fetch(ctx, &egon.RightsQuery{Agenda: []byte("X999"),
				AgendovaRole: []byte("XR2"), Ovm: []byte("12345678")})
			return err
		}},
		{"X21", registries.EOP, egon.Party{Kind: egon.Ais, Code: "2"}, e198("Eop")},
		{"X22", registries.ECD, egon.Party{Kind: egon.Ais, Code: "3"}, e198("Ecd")},
		{"G27", registries.ORG, orgParty, e198("Eop")},
		{"O25", registries.ROB, robParty, e198("Eop")},
		{"A28", registries.RUIAN, ruianParty, e198("Eop")},
	}, s
}

// Every call to an upstream waits for its pace. A call without a turn in its time is
// refused as busy in the name of the upstream, and is not sent.
func TestEveryWayKeepsThePace(t *testing.T) {
	for i, name := range []string{"relay", "E227", "X21", "X22", "G27", "O25", "A28"} {
		t.Run(name, func(t *testing.T) {
			const burst = 2 // of all steps to one registry, at most as many as one E198 takes
			ways, s := waysTo(t, func(c *Config) { c.Pace = Pace{PerSecond: 1e-3, Burst: burst} })
			w, busy := ways[i], 0
			for range burst + 1 {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				err := w.ask(ctx)
				cancel()
				var call *egon.CallError
				if !errors.As(err, &call) || !call.Busy {
					continue
				}
				if call.Sent || call.Timeout {
					t.Errorf("%+v", call)
				}
				busy++
			}
			if busy == 0 {
				t.Error("the pace holds nothing back")
			}
			for _, registry := range []string{registries.Front, registries.EOP, registries.ECD,
				registries.ORG, registries.ROB, registries.RUIAN} {
				if n := sentTo(s, registry); n > burst {
					t.Errorf("%d messages went to %s, want at most %d", n, registry, burst)
				}
			}
		})
	}
}

func sentTo(s *registries.Server, name string) (n int) {
	for _, e := range s.Log() {
		if e.Registry == name {
			n++
		}
	}
	return n
}

// The outcome of every call to an upstream counts for the breaker. While that is open, every
// call is refused in the name of the upstream, and nothing is sent.
func TestEveryWayHasTheBreaker(t *testing.T) {
	for i, name := range []string{"relay", "E227", "X21", "X22", "G27", "O25", "A28"} {
		t.Run(name, func(t *testing.T) {
			ways, s := waysTo(t, func(c *Config) {
				c.Breaker = Breaker{Failures: 3, Window: time.Minute, Open: time.Minute}
			})
			w, open := ways[i], 0
			set(t, s, w.config, registries.Settings{Failure: registries.FailHTTP500})
			for range 6 {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				err := w.ask(ctx)
				cancel()
				var call *egon.CallError
				if !errors.As(err, &call) || call.Name != w.config || call.Party != w.party {
					t.Fatalf("got %v of %+v", err, call)
				}
				if !errors.Is(err, errOpen) {
					continue
				}
				if open++; call.Sent || call.Timeout || call.Busy {
					t.Errorf("%+v", call)
				}
			}
			if open < 3 {
				t.Errorf("the open breaker refused %d of 6 calls, want all behind its bound", open)
			}
		})
	}
}
