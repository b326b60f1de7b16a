package upstream

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brana/bench/registries"
	"brana/egon"
)

// try makes a call of c with the outcome of ask.
func try(t *testing.T, c *Client, f *family, ask func(*call) error) error {
	_, err := through(t.Context(), c, asker{party: robParty, family: f},
		func(k *call) (struct{}, error) { return struct{}{}, ask(k) })
	return err
}

// A failure counts. An answer does not, and neither does an outcome that says nothing
// about the upstream.
func TestBreakerRule(t *testing.T) {
	late, end := context.WithTimeout(t.Context(), time.Nanosecond)
	defer end()
	<-late.Done()
	left, leave := context.WithCancel(t.Context())
	leave()
	always := func(err error) func(*call) error { return func(*call) error { return err } }
	failed := func(ctx context.Context, err error) func(*call) error {
		return func(k *call) error { return k.failed(ctx, nil, reading, err) }
	}
	for _, tt := range []struct {
		name string
		ask  func(*call) error
		want BreakerState // after ten of them
	}{
		{"answered", always(nil), BreakerClosed},
		{"answered CHYBA", func(k *call) error { return k.refused(egon.Status{}) }, BreakerClosed},
		{"connection refused", failed(t.Context(), syscall.ECONNREFUSED), BreakerOpen},
		{"unreadable answer", func(k *call) error { return k.unreadable(errUnasked) }, BreakerOpen},
		{"share of the time used up", failed(late, io.ErrUnexpectedEOF), BreakerOpen},
		{"another step failed", failed(left, io.ErrUnexpectedEOF), BreakerClosed},
		{"no connection free", failed(t.Context(), fasthttp.ErrNoFreeConns), BreakerClosed},
		{"message of the caller broke", always(errors.New("cut")), BreakerClosed},
		{"answer closed from elsewhere", always(errClosed), BreakerClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Client{cfg: Config{Name: "rob"},
				breaker: newBreaker("rob", DefaultBreaker(), nil)}
			for range 10 {
				if err := try(t, c, nil, tt.ask); errors.Is(err, errOpen) {
					t.Fatal("the breaker opened before its bound")
				}
			}
			if got := c.Breaker(); got != tt.want {
				t.Errorf("the breaker is %v, want %v", got, tt.want)
			}
		})
	}
}

// A breaker opens at its bound and not before. After its time it lets one probe through,
// whose outcome closes it or opens it again. A call that panics or says nothing does not
// use up the probe.
func TestBreakerLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		c := &Client{cfg: Config{Name: "rob"}}
		c.breaker = newBreaker("rob", Breaker{Failures: 3, Window: 10 * time.Second,
			Open: 5 * time.Second},
			func(name string, to BreakerState) { told = append(told, name+" "+to.String()) })
		answer := func(*call) error { return nil }
		down := func(k *call) error { return k.unreadable(errUnasked) }
		want := func(s BreakerState) {
			t.Helper()
			if got := c.Breaker(); got != s {
				t.Fatalf("the breaker is %v, want %v", got, s)
			}
		}
		for _, ask := range []func(*call) error{answer, answer, answer, answer, down, down, down} {
			try(t, c, nil, ask)
		}
		want(BreakerClosed) // less than half of all
		time.Sleep(11 * time.Second)
		try(t, c, nil, down)
		try(t, c, nil, down)
		want(BreakerClosed) // those before are forgotten
		try(t, c, nil, down)
		want(BreakerOpen)
		err := try(t, c, nil,
			func(*call) error { t.Error("asked while the breaker is open"); return nil })
		var refused *egon.CallError
		if !errors.As(err, &refused) || refused.Timeout || refused.Sent || refused.Name != "rob" ||
			refused.Party != robParty {
			t.Errorf("an open breaker gives %v", err)
		}
		time.Sleep(5*time.Second + time.Millisecond)
		want(BreakerHalfOpen)
		try(t, c, nil, func(*call) error { return errClosed }) // says nothing
		func() {
			defer func() { _ = recover() }()
			try(t, c, nil, func(*call) error { panic("boom") })
		}()
		want(BreakerHalfOpen)
		try(t, c, nil, func(k *call) error {
			try(t, c, nil, func(*call) error { t.Error("a second probe went out"); return nil })
			return down(k)
		})
		want(BreakerOpen)
		time.Sleep(5*time.Second + time.Millisecond)
		try(t, c, nil, answer)
		want(BreakerClosed)
		if got, want := strings.Join(told,
			", "), "rob open, rob half-open, rob open, rob half-open, rob closed"; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	})
}

// halfOpen is a client whose breaker waits for a probe; after a failed one it
// is open for a second.
func halfOpen(t *testing.T) *Client {
	c := &Client{cfg: Config{Name: "rob"},
		breaker: newBreaker("rob", Breaker{Failures: 1, Window: time.Minute, Open: time.Second},
			nil)}
	try(t, c, nil, func(k *call) error { return k.unreadable(errUnasked) })
	time.Sleep(time.Second + time.Millisecond)
	if c.Breaker() != BreakerHalfOpen {
		t.Fatalf("the breaker is %v", c.Breaker())
	}
	return c
}

// While a step is the probe, its sibling waits for the outcome, at most for its own time,
// and steps of other calls are refused.
func TestSiblingsShareAProbe(t *testing.T) {
	for _, tt := range []struct {
		name    string
		probe   func(*call) error
		sibling error // of the step that waits for it
		others  error // of a call that comes then
	}{
		{"answered", func(*call) error { return nil }, nil, nil},
		{"broken down", func(k *call) error { return k.unreadable(errUnasked) }, errOpen, errOpen},
		{"ended from elsewhere", func(*call) error { return errClosed }, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := halfOpen(t), &family{}
				sent := 0
				ended := make(chan error)
				try(t, c, f, func(k *call) error {
					go func() { ended <- try(t, c, f, func(*call) error { sent++; return nil }) }()
					synctest.Wait()
					if err := try(t, c, &family{},
						func(*call) error { sent++; return nil }); !errors.Is(err, errOpen) {
						t.Errorf("another call beside the probe: %v", err)
					}
					if sent > 0 {
						t.Error("something was sent beside the probe")
					}
					return tt.probe(k)
				})
				if err := <-ended; !errors.Is(err, tt.sibling) {
					t.Errorf("the sibling ends with %v, want %v", err, tt.sibling)
				}
				if err := try(t, c, nil, func(*call) error { return nil }); !errors.Is(err,
					tt.others) {
					t.Errorf("the next call ends with %v, want %v", err, tt.others)
				}
			})
		})
	}
	t.Run("too late", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, f := halfOpen(t), &family{}
			try(t, c, f, func(*call) error {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := c.open(ctx, asker{party: robParty, family: f})
				var late *egon.CallError
				if !errors.As(err, &late) || !late.Timeout || late.Sent || late.Party != robParty {
					t.Errorf("the sibling ends with %v", err)
				}
				return nil
			})
		})
	})
}

// A step whose sibling was refused does not probe: the call is over, and its
// end would end the probe.
func TestNoProbeOfACallThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := halfOpen(t), &family{}
		answer := func(*call) error { return nil }
		try(t, c, nil, func(*call) error {
			if err := try(t, c, f, answer); !errors.Is(err, errOpen) {
				t.Errorf("beside a probe: %v", err)
			}
			return errClosed
		})
		if err := try(t, c, f, answer); !errors.Is(err, errOpen) {
			t.Errorf("the sibling of a refused step: %v", err)
		}
		if err := try(t, c, &family{}, answer); err != nil {
			t.Errorf("the next call: %v", err)
		}
	})
}

// A caller who sends slowly keeps nobody else out: its call goes on, and the next call is
// the probe in its place. The outcome of the first then says nothing.
func TestAnArrivingMessageYieldsItsProbe(t *testing.T) {
	for _, tt := range []struct {
		name        string
		slow, whole error
		want        error // of the next call
	}{
		{"both are answered", nil, nil, nil},
		{"the slow one breaks down", errUnasked, nil, nil},
		{"the other breaks down", nil, errUnasked, errOpen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := halfOpen(t)
				slow, whole, others := relayed(t, c, true), relayed(t, c, false), relayed(t, c,
					true)
				endSlow, err := slow()
				if err != nil {
					t.Fatalf("the first: %v", err)
				}
				if _, err := others(); !errors.Is(err, errOpen) {
					t.Errorf("another that is slow: %v", err)
				}
				end, err := whole()
				if err != nil {
					t.Fatalf("one that is here whole: %v", err)
				}
				if _, err := whole(); !errors.Is(err, errOpen) {
					t.Errorf("a second one that is here whole: %v", err)
				}
				endSlow(tt.slow)
				end(tt.whole)
				if end, err := whole(); !errors.Is(err, tt.want) {
					t.Errorf("the next: %v, want %v", err, tt.want)
				} else if err == nil {
					end(nil)
				}
			})
		})
	}
}

func relayed(t *testing.T, c *Client, arriving bool) func() (end func(error), err error) {
	return func() (func(error), error) {
		k, err := c.open(t.Context(), asker{arriving: arriving})
		if err != nil {
			return nil, err
		}
		return func(err error) {
			if err != nil {
				err = k.unreadable(err)
			}
			k.end(err)
		}, nil
	}
}

// A registry that keeps failing is not asked any more: the call fails as before and names
// it, and registries before it in the graph are asked. When it answers again, calls
// succeed.
func TestBreakerOfRegistry(t *testing.T) {
	t.Parallel() // it waits
	for _, name := range []string{registries.EOP, registries.ORG, registries.ROB,
		registries.RUIAN} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, s := simulatedWith(t, func(c *Config) {
				c.Breaker = Breaker{Failures: 3, Window: time.Minute, Open: time.Second}
			})
			c := map[string]*Client{registries.EOP: m.Eop, registries.ORG: m.Org,
				registries.ROB: m.Rob, registries.RUIAN: m.Ruian}[name]
			h := everything(t)
			set(t, s, name, registries.Settings{Failure: registries.FailHTTP500})
			var down *egon.CallError
			for c.Breaker() != BreakerOpen {
				if _, err := ask(t, m, h); !errors.As(err, &down) || down.Name != name {
					t.Fatalf("the registry that is down gives %v", err)
				}
			}
			// Messages of earlier calls may still come into the log.
			const id = "0f0e0d0c-0b0a-4908-8706-050403020100"
			h.Info.AgendaZadostId = []byte(id)
			_, err := ask(t, m, h)
			var open *egon.CallError
			if !errors.As(err, &open) || open.Party != down.Party || open.Timeout ||
				c.Breaker() == BreakerOpen && !errors.Is(err, errOpen) {
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
	return len(slices.DeleteFunc(s.Log(),
		func(e registries.Entry) bool { return e.Registry != name || e.AgendaZadostId != id }))
}
