package upstream

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/egon"
)

// A registry that was down and has come back is asked again when its breaker has
// been open for its time, and the first call then is served whole: a step that
// goes out twice at once does not refuse its own probe, and nothing that a call
// holds back makes the next one fail. However fast the registry answers.
func TestRecoveryTakesOneCall(t *testing.T) {
	for _, name := range []string{registries.EOP, registries.ECD, registries.ORG, registries.ROB,
		registries.RUIAN} {
		for _, latency := range []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond} {
			t.Run(fmt.Sprint(name, " ", latency), func(t *testing.T) {
				t.Parallel()
				o := outageOf(t, name)
				o.end(t, latency)
				if got, err := ask(t, o.media, o.question); err != nil ||
					!strings.HasPrefix(got, "OK\nMapaAifo") {
					t.Errorf("the first call gives %q, %v", got, err)
				}
				if got := o.client.Breaker(); got != BreakerClosed {
					t.Errorf("the breaker is %v", got)
				}
			})
		}
	}
}

// While callers keep coming, those that find a probe under way are refused. The probe is
// served, and so is every call after it.
func TestRecoveryAmongOthers(t *testing.T) {
	for _, name := range []string{registries.EOP, registries.ECD, registries.ORG, registries.ROB,
		registries.RUIAN} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := outageOf(t, name)
			o.end(t, 20*time.Millisecond)
			var (
				wg     sync.WaitGroup
				served atomic.Int32
			)
			for range 8 {
				time.Sleep(2 * time.Millisecond) // the trickle is the subject
				wg.Go(func() {
					if got, err := ask(t, o.media, o.question); err == nil &&
						strings.HasPrefix(got, "OK\nMapaAifo") {
						served.Add(1)
					}
				})
			}
			wg.Wait()
			if served.Load() == 0 || o.client.Breaker() != BreakerClosed {
				t.Errorf("of 8 calls %d were served, the breaker is %v", served.Load(),
					o.client.Breaker())
			}
			if got, err := ask(t, o.media, o.question); err != nil ||
				!strings.HasPrefix(got, "OK\nMapaAifo") {
				t.Errorf("the call behind them gives %q, %v", got, err)
			}
		})
	}
}

// An outage is a registry that was down until its breaker opened.
type outage struct {
	registry *registries.Server
	name     string
	media    *Media
	client   *Client // of the registry
	question *egon.Head
}

func outageOf(t *testing.T, name string) *outage {
	m, s := simulatedWith(t, func(c *Config) {
		c.Breaker = Breaker{Failures: 3, Window: time.Minute, Open: 50 * time.Millisecond}
		c.Timeout = 5 * time.Second
	})
	o := &outage{registry: s, name: name, media: m,
		question: e198Head("EopFoto", "Jmeno", "AdresaPobytu", "ROBCti", "RUIANCti")}
	if name == registries.ECD {
		o.question = e198Head("EcdFoto", "Jmeno", "AdresaPobytu", "ROBCti", "RUIANCti")
		o.question.Media.AgendaZdroj = []byte("Ecd")
	}
	o.question.Media.Klic = publicKey(t)
	o.client = map[string]*Client{registries.EOP: m.Eop, registries.ECD: m.Ecd,
		registries.ORG: m.Org,
		registries.ROB: m.Rob, registries.RUIAN: m.Ruian}[name]
	set(t, s, name, registries.Settings{Failure: registries.FailHTTP500})
	for o.client.Breaker() != BreakerOpen {
		if _, err := ask(t, m, o.question); err == nil {
			t.Fatal("a registry that is down answers")
		}
	}
	return o
}

// end mends the registry, which then answers after the latency, and waits until it may be
// asked again.
func (o *outage) end(t *testing.T, latency time.Duration) {
	set(t, o.registry, o.name, registries.Settings{Latency: registries.Duration(latency)})
	waitFor(t, "the breaker to let a call through",
		func() bool { return o.client.Breaker() == BreakerHalfOpen })
}
