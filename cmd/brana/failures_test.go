package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/cmd/brana/config"
)

// A failingRegistry is a registry that fails, and the party that Puvodce names.
type failingRegistry struct {
	registry, source string
	sub, party       string // of a registry that is down
}

var failingRegistries = []failingRegistry{
	{registries.EOP, "Eop", "CHYBA VOLANI AIS", "2"},
	{registries.ECD, "Ecd", "CHYBA VOLANI AIS", "3"},
	{registries.ORG, "Eop", "CHYBA VOLANI REGISTRU", "ORG"},
	{registries.ROB, "Eop", "CHYBA VOLANI REGISTRU", "ROB"},
	{registries.RUIAN, "Eop", "CHYBA VOLANI REGISTRU", "RUIAN"},
}

// call asks for all items, so that every registry is needed.
func (v failingRegistry) call(t testing.TB, w *world) *reply {
	items := strings.ReplaceAll(everything, "Eop", v.source)
	return w.call("E198", byBirth(special(t, "delivery address"), "--source", v.source, "--items", items)...)
}

// asksAlways configures upstreams without breakers, and with change.
func asksAlways(change ...func(*config.Upstream)) func(*config.Config) {
	return func(c *config.Config) {
		for name, u := range c.Upstreams {
			never := config.Count(0)
			u.Breaker = &config.Breaker{Failures: &never}
			for _, f := range change {
				f(&u)
			}
			c.Upstreams[name] = u
		}
	}
}

// Every registry in every way to fail: the reply is the CHYBA of the seed, the
// registry is named in Puvodce, no data are returned, no message that leaves a trace
// is sent twice, and the next call is served. Every reply keeps to the schema. All
// but slow registries answer, or do not, within their own time.
func TestEveryRegistryInEveryFailure(t *testing.T) {
	t.Parallel() // it waits
	w := startWorld(t, asksAlways(func(u *config.Upstream) { u.Timeout = new(config.Duration(time.Second)) }))
	var archive replyArchive
	call := func(t *testing.T, v failingRegistry) *reply {
		r := v.call(t, w)
		archive.keep(t.Name(), "E198", r.payload())
		return r
	}
	for _, v := range failingRegistries {
		for _, f := range []struct {
			failure registries.Failure
			sub     string // when it differs from the registry's own
			said    string // what the registry itself says
		}{
			{registries.FailRefuse, "", ""},
			{registries.FailHang, "PREKROCEN CAS", ""},
			{registries.FailHTTP500, "", ""},
			{registries.FailFault, "", ""},
			{registries.FailMalformed, "", ""},
			{registries.FailCut, "", ""},
			{registries.FailWrongNamespace, "", ""},
			{registries.FailEmpty, "", ""},
			{registries.FailChyba, "", " (SPECIFIKACE V POPISU by " + v.party + ")"},
		} {
			t.Run(v.registry+" "+string(f.failure), func(t *testing.T) {
				w.registries.ClearLog()
				w.set(v.registry, registries.Settings{Failure: f.failure})
				sub := v.sub
				if f.sub != "" {
					sub = f.sub
				}
				if got, want := call(t, v).outline(), fmt.Sprintf("CHYBA (%s by %s)%s", sub, v.party, f.said); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				// By call: the log may still get what the one before had sent. ORG and
				// RUIAN are asked several times in a call, and a step that failed has no name.
				sent := map[[3]string]bool{}
				for _, e := range w.registries.Log() {
					one := [3]string{e.AgendaZadostId, e.Registry, e.Step}
					often := e.Step == "G27" || e.Step == "A28" || e.Step == "" && (e.Registry == registries.ORG || e.Registry == registries.RUIAN)
					if sent[one] && !often {
						t.Errorf("%s was asked again: %q", e.Registry, e.Step)
					}
					sent[one] = true
				}
				w.set(v.registry, registries.Settings{})
				if got := call(t, v).statusLine(); got != "OK" {
					t.Errorf("afterwards: %s", got)
				}
			})
		}
		t.Run(v.registry+" slow", func(t *testing.T) {
			w.set(v.registry, registries.Settings{Failure: registries.FailSlow})
			defer w.set(v.registry, registries.Settings{})
			if got := call(t, v).statusLine(); got != "OK" { // it trickles for a second and more, but it does not stop
				t.Errorf("got %s", got)
			}
		})
	}
	w.nothingHeld()
	t.Run("every reply keeps to the schema", archive.validate)
}

// nothingHeld waits until no exchange is left, and calls as many at once as a
// caller may: none of its slots is still taken.
func (w *world) nothingHeld() {
	w.t.Helper()
	eventually(w.t, "no exchange runs", func() bool { return w.metric("brana_exchanges_running") == "0" })
	const slots = 50 // of the sample policy
	got := make(chan string, slots)
	question := message(w.t, "E227", "--triple", "X999/XR1/12345678")
	for range slots {
		go func() {
			response, err := w.client.Do(w.request("E227", bytes.NewReader(question)))
			if err != nil {
				got <- err.Error()
				return
			}
			r, err := readReply(response)
			if err != nil {
				got <- err.Error()
				return
			}
			got <- r.statusLine()
		}()
	}
	for range slots {
		if line := <-got; line != "OK" {
			w.t.Errorf("a call beside %d others: %s", slots-1, line)
		}
	}
}

// A registry that nobody listens for is named like one that breaks off.
func TestRegistryThatIsNotThere(t *testing.T) {
	for _, v := range failingRegistries {
		t.Run(v.registry, func(t *testing.T) {
			nobody := listen(t)
			nobody.Close()
			w := startWorld(t, func(c *config.Config) {
				u := c.Upstreams[v.registry]
				u.URL = "http://" + nobody.Addr().String()
				c.Upstreams[v.registry] = u
			})
			if got, want := v.call(t, w).outline(), fmt.Sprintf("CHYBA (%s by %s)", v.sub, v.party); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// A call that a registry leaves without an answer, or with one that takes too
// long, ends within its deadline and names the registry, however long the
// registry itself may take: that each step leaves some time to those behind it
// makes the answer certain.
func TestRegistryBeyondTheDeadline(t *testing.T) {
	for _, v := range failingRegistries {
		for _, s := range []registries.Settings{
			{Failure: registries.FailHang},
			{Failure: registries.FailSlow, Latency: registries.Duration(time.Minute)},
		} {
			t.Run(v.registry+" "+string(s.Failure), func(t *testing.T) {
				t.Parallel()
				w := startWorld(t, asksAlways(func(u *config.Upstream) { u.Timeout = new(config.Duration(time.Hour)) }),
					func(c *config.Config) { c.Listen.CallTimeout = config.Duration(2500 * time.Millisecond) })
				w.set(v.registry, s)
				if got, want := v.call(t, w).outline(), "CHYBA (PREKROCEN CAS by "+v.party+")"; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				w.set(v.registry, registries.Settings{})
				if got := v.call(t, w).statusLine(); got != "OK" {
					t.Errorf("afterwards: %s", got)
				}
			})
		}
	}
}

// An evidence whose answer breaks after its media began to leave breaks the
// reply too: the caller never takes it for a complete one.
func TestEvidenceThatBreaksInItsTail(t *testing.T) {
	w := startWorld(t)
	w.set(registries.EOP, registries.Settings{Failure: registries.FailMalformed, Photo: 1 << 20})
	body := message(t, "E198", byBirth(special(t, "delivery address"), "--items", everything)...)
	response, err := w.client.Do(w.request("E198", bytes.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := readReply(response); err == nil {
		t.Errorf("got a complete reply: %s", r.outline())
	}
	eventually(t, "the log says whose fault it was", func() bool {
		return w.journal.has(`"outcome":"upstream-broke"`)
	})
	w.set(registries.EOP, registries.Settings{})
	w.nothingHeld()
}

// When one registry fails, the others are left at once: the evidence, in the
// middle of a photo that takes a minute to arrive, sees its caller go.
func TestFailureLeavesTheOthers(t *testing.T) {
	t.Parallel() // it waits
	for _, v := range failingRegistries[2:] {
		t.Run(v.registry, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t)
			w.set(registries.EOP, registries.Settings{Photo: 4 << 20, Transfer: registries.Duration(time.Minute)})
			w.set(v.registry, registries.Settings{Failure: registries.FailHTTP500})
			if got, want := v.call(t, w).outline(), fmt.Sprintf("CHYBA (%s by %s)", v.sub, v.party); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			eventually(t, "the evidence is left", func() bool {
				for _, e := range w.registries.Log() {
					if e.Step == "X21" {
						return e.Broken
					}
				}
				return false
			})
		})
	}
}

// A call of E198 asks ROB twice. What is beyond its pace is refused at once and
// not sent; the caller learns whom it would have waited for.
func TestPaceOnTheOutside(t *testing.T) {
	w := startWorld(t, func(c *config.Config) {
		u := c.Upstreams["rob"]
		u.Pace = &config.Pace{PerSecond: 1e-6, Burst: 2}
		c.Upstreams["rob"] = u
	})
	v := failingRegistries[3]
	if got := v.call(t, w).statusLine(); got != "OK" {
		t.Fatalf("within the pace: %s", got)
	}
	for range 3 {
		r := v.call(t, w)
		if got := r.outline(); got != "CHYBA (NENI K DISPOZICI by ROB)" || r.header.Get("Retry-After") != "1" || r.header.Get("RateLimit") == "" {
			t.Errorf("beyond the pace: %s, %v", got, r.header)
		}
	}
	asked := 0
	for _, e := range w.registries.Log() {
		if e.Registry == registries.ROB {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("ROB was asked %d times, want 2", asked)
	}
}

// A registry that stays down is reported as down without being called. The state of
// its breaker is on the readiness page and in the metrics, and the gateway stays
// ready.
func TestBreakerOnTheOutside(t *testing.T) {
	w := startWorld(t, func(c *config.Config) {
		u := c.Upstreams["rob"]
		failures, open := config.Count(3), config.Duration(time.Hour)
		u.Breaker = &config.Breaker{Failures: &failures, Open: &open}
		c.Upstreams["rob"] = u
	})
	v := failingRegistries[3]
	if page := w.page("/readyz?verbose"); !strings.Contains(page, "[+] upstream rob\n") {
		t.Errorf("readiness page:\n%s", page)
	}
	w.set(v.registry, registries.Settings{Failure: registries.FailHTTP500})
	want := "CHYBA (CHYBA VOLANI REGISTRU by ROB)"
	for range 5 {
		if got := v.call(t, w).outline(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	forROB, asked := 0, 0
	for _, e := range w.registries.Log() {
		switch {
		case e.Registry == registries.ROB:
			asked++
		case e.Target == registries.DefaultSystems().ROB.Agenda:
			forROB++
		}
	}
	if asked != 3 || forROB != 5 {
		t.Errorf("ROB was asked %d times and ORG for it %d times, want 3 and 5", asked, forROB)
	}
	if page := w.page("/readyz?verbose"); !strings.Contains(page, "[!] upstream rob: its breaker is open\n") ||
		!strings.Contains(page, "[+] upstream org\n") {
		t.Errorf("readiness page:\n%s", page)
	}
	if page := w.page("/readyz"); page != "ok\n" {
		t.Errorf("readiness: %s", page)
	}
	for name, want := range map[string]int{`brana_upstream_breaker_state{upstream="rob"}`: 2,
		`brana_upstream_breaker_state{upstream="org"}`:                0,
		`brana_upstream_breaker_opened_total{upstream="rob"}`:         1,
		`brana_upstream_seconds_count{service="E198",upstream="rob"}`: asked, // and none that the breaker refused
		`brana_upstream_seconds_count{service="E198",upstream="eop"}`: 5} {
		if got := w.metric(name); got != strconv.Itoa(want) {
			t.Errorf("%s = %s, want %d", name, got, want)
		}
	}
	if !w.journal.has(`"msg":"breaker","upstream":"rob","state":"open"`) {
		t.Error("the log does not tell that the breaker opened")
	}
}

// A registry that has come back is asked again when its breaker has been open
// for its time, and the first E198 then is served, however fast it answers.
func TestRegistriesComeBack(t *testing.T) {
	t.Parallel() // it waits
	w := startWorld(t, func(c *config.Config) {
		for name, u := range c.Upstreams {
			failures, open := config.Count(3), config.Duration(50*time.Millisecond)
			u.Breaker = &config.Breaker{Failures: &failures, Open: &open}
			c.Upstreams[name] = u
		}
	})
	comesBack := func(v failingRegistry, latency time.Duration) {
		t.Run(fmt.Sprint(v.registry, " ", latency), func(t *testing.T) {
			state := fmt.Sprintf("brana_upstream_breaker_state{upstream=%q}", v.registry)
			w.set(v.registry, registries.Settings{Failure: registries.FailHTTP500})
			eventually(t, "its breaker opens", func() bool { v.call(t, w); return w.metric(state) == "2" })
			w.set(v.registry, registries.Settings{Latency: registries.Duration(latency)})
			defer w.set(v.registry, registries.Settings{})
			eventually(t, "a call may go through", func() bool { return w.metric(state) == "1" })
			if got := v.call(t, w).statusLine(); got != "OK" {
				t.Errorf("the first call: %s", got)
			}
			if got := w.metric(state); got != "0" {
				t.Errorf("the breaker is %s", got)
			}
		})
	}
	for _, v := range failingRegistries {
		comesBack(v, 20*time.Millisecond)
	}
	for _, latency := range []time.Duration{0, 200 * time.Millisecond} {
		comesBack(failingRegistries[2], latency) // ORG, which is asked twice at once
	}
}
