package upstream

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brana/bench/registries"
	"brana/egon"
)

// A breakdown is counted, an answer is not, and neither is what tells nothing of
// the upstream.
func TestBreakerRule(t *testing.T) {
	c := &Client{cfg: Config{Name: "rob"}}
	call := func(ctx context.Context, err error) error { return c.failed(ctx, nil, err) }
	late, end := context.WithTimeout(t.Context(), time.Nanosecond)
	defer end()
	<-late.Done()
	left, leave := context.WithCancel(t.Context())
	leave()
	for _, tt := range []struct {
		name string
		err  error
		want BreakerState // after ten of them
	}{
		{"answered", nil, BreakerClosed},
		{"answered CHYBA", c.refused(robParty, egon.Status{}), BreakerClosed},
		{"connection refused", call(t.Context(), errors.New("connection refused")), BreakerOpen},
		{"unreadable answer", c.unreadable(robParty, errors.New("expect another root")), BreakerOpen},
		{"share of the time used up", call(late, errors.New("read")), BreakerOpen},
		{"another step failed", call(left, errors.New("read")), BreakerClosed},
		{"no connection free", call(t.Context(), fasthttp.ErrNoFreeConns), BreakerClosed},
		{"message of the caller broke", errors.New("cut"), BreakerClosed},
		{"answer closed from elsewhere", errClosed, BreakerClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Client{cfg: Config{Name: "rob"}, breaker: newBreaker("rob", DefaultBreaker(), nil)}
			for range 10 {
				if _, err := attempt(c, func() (int, error) { return 0, tt.err }); !errors.Is(err, tt.err) {
					t.Fatalf("attempt() = %v, want %v", err, tt.err)
				}
			}
			if got := c.Breaker(); got != tt.want {
				t.Errorf("the breaker is %v, want %v", got, tt.want)
			}
		})
	}
}

// The life of a breaker: it opens at its bound and not before, lets a single
// probe through when its time has come, and closes or opens again by what comes
// of that; what panics or says nothing does not use the probe up.
func TestBreakerLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		c := &Client{cfg: Config{Name: "rob"}}
		c.breaker = newBreaker("rob", Breaker{Failures: 3, Window: 10 * time.Second, Open: 5 * time.Second},
			func(name string, to BreakerState) { told = append(told, name+" "+to.String()) })
		down := c.unreadable(robParty, errors.New("broken"))
		send := func(err error) { attempt(c, func() (int, error) { return 0, err }) }
		want := func(s BreakerState) {
			t.Helper()
			if got := c.Breaker(); got != s {
				t.Fatalf("the breaker is %v, want %v", got, s)
			}
		}
		for _, err := range []error{nil, nil, nil, nil, down, down, down} {
			send(err)
		}
		want(BreakerClosed) // less than half of all
		time.Sleep(11 * time.Second)
		send(down)
		send(down)
		want(BreakerClosed) // those before are forgotten
		send(down)
		want(BreakerOpen)
		_, err := attempt(c, func() (int, error) { t.Error("asked while the breaker is open"); return 0, nil })
		var call *egon.CallError
		if !errors.As(err, &call) || call.Timeout || call.Sent || call.Name != "rob" {
			t.Errorf("an open breaker gives %v", err)
		}
		time.Sleep(5*time.Second + time.Millisecond)
		want(BreakerHalfOpen)
		send(errClosed) // says nothing
		func() {
			defer func() { _ = recover() }()
			attempt(c, func() (int, error) { panic("boom") })
		}()
		want(BreakerHalfOpen)
		attempt(c, func() (int, error) {
			attempt(c, func() (int, error) { t.Error("a second probe went out"); return 0, nil })
			return 0, down
		})
		want(BreakerOpen)
		time.Sleep(5*time.Second + time.Millisecond)
		send(nil)
		want(BreakerClosed)
		if got, want := strings.Join(told, ", "), "rob open, rob half-open, rob open, rob half-open, rob closed"; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	})
}

// A registry that keeps breaking down is not asked any more: the call fails as
// before, naming it, and whoever comes before it in the graph is asked. When it
// answers again, so does the call.
func TestBreakerOfRegistry(t *testing.T) {
	for _, name := range []string{registries.EOP, registries.ORG, registries.ROB, registries.RUIAN} {
		t.Run(name, func(t *testing.T) {
			m, s := simulatedWith(t, func(c *Config) {
				c.Breaker = Breaker{Failures: 3, Window: time.Minute, Open: time.Second}
			})
			c := map[string]*Client{registries.EOP: m.Eop, registries.ORG: m.Org, registries.ROB: m.Rob, registries.RUIAN: m.Ruian}[name]
			h := question("EopFoto", "Jmeno", "AdresaPobytu", "ROBCti", "RUIANCti")
			h.Media.Klic = publicKey(t)
			set(t, s, name, registries.Settings{Failure: registries.FailHTTP500})
			var down *egon.CallError
			for c.Breaker() != BreakerOpen {
				if _, err := ask(t, m, h); !errors.As(err, &down) || down.Name != name {
					t.Fatalf("the registry that is down gives %v", err)
				}
			}
			// What the calls before have sent may still come into the log.
			const id = "0f0e0d0c-0b0a-4908-8706-050403020100"
			h.Info.AgendaZadostId = []byte(id)
			_, err := ask(t, m, h)
			var open *egon.CallError
			if !errors.As(err, &open) || open.Party != down.Party || open.Timeout || c.Breaker() == BreakerOpen && !errors.Is(err, errOpen) {
				t.Errorf("the open breaker gives %v, the registry that is down %v", err, down)
			}
			if n := messagesOf(s, name, id); c.Breaker() == BreakerOpen && n != 0 {
				t.Errorf("the registry was asked %d times more", n)
			}
			set(t, s, name, registries.Settings{})
			waitFor(t, "the call to be served again", func() bool {
				got, err := ask(t, m, h)
				return err == nil && strings.HasPrefix(got, "OK\nMapaAifo")
			})
			if c.Breaker() != BreakerClosed {
				t.Errorf("the breaker is %v", c.Breaker())
			}
		})
	}
}

func messagesOf(s *registries.Server, name, id string) int {
	return len(slices.DeleteFunc(s.Log(), func(e registries.Entry) bool { return e.Registry != name || e.AgendaZadostId != id }))
}
