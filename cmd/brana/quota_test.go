package main

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/egon"
)

// little are the flags of the caller with little: 100 calls an hour, two at
// once.
var little = []string{"--role", "XR2", "--ais", "999002"}

// eachStore runs a test with the embedded limits and with those in Redis.
func eachStore(t *testing.T, test func(t *testing.T, w *world)) {
	eachLimits(t, func(t *testing.T, store func(*config.Config)) { test(t, startWorld(t, store)) })
}

// The hundred and first call of an hour is refused and learns when there is
// room again; refused calls do not count.
func TestHourlyQuota(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		question := message(t, "E227", append(little, "--triple", "A1185/CR8359/00372498")...)
		for i := range 100 {
			// A refused call between the admitted ones takes nothing.
			if i == 50 {
				if got := w.call("E05", append(little, "--name", "A B")...).statusLine(); got != "CHYBA (NENI OPRAVNENI EGON)" {
					t.Fatalf("E05: %s", got)
				}
			}
			r := w.post("E227", question)
			if got := r.statusLine(); got != egon.OK {
				t.Fatalf("call %d: %s", i+1, got)
			}
			if got, want := r.header.Get("RateLimit"), `"hour";r=`+strconv.Itoa(99-i)+";t="; !strings.HasPrefix(got, want) {
				t.Fatalf("call %d: RateLimit %s, want %s…", i+1, got, want)
			}
			if got := r.header.Get("RateLimit-Policy"); got != `"hour";q=100;w=3600` {
				t.Fatalf("call %d: RateLimit-Policy %s", i+1, got)
			}
		}
		for range 2 {
			r := w.post("E227", question)
			after, err := strconv.Atoi(r.header.Get("Retry-After"))
			if got := r.statusLine(); got != "CHYBA (NENI K DISPOZICI)" || r.status != http.StatusOK ||
				err != nil || after < 1 || after > 3620 || !strings.Contains(text(r.root, "VysledekPopis"), "BR_201") {
				t.Fatalf("call 101: %s %s, Retry-After %q", got, text(r.root, "VysledekPopis"), r.header.Get("Retry-After"))
			}
		}
		if got := w.call("E227", "--triple", "A1185/CR8359/00372498").statusLine(); got != egon.OK {
			t.Errorf("another caller: %s", got)
		}
	})
}

// A third call at once is refused. The slot of a call is free again when its
// last byte went out, or when the caller has left.
func TestConcurrencyQuota(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		const tooManyForTheSockets = 24 << 20
		w.set(registries.EOP, registries.Settings{Photo: tooManyForTheSockets})
		flags := byBirth(special(t, "delivery address"), append(little, "--items", "EopFoto")...)
		first, second := w.hold(flags), w.hold(flags)

		r := w.call("E227", append(little, "--triple", "A1185/CR8359/00372498")...)
		if got := r.statusLine(); got != "CHYBA (NENI K DISPOZICI)" || !strings.Contains(text(r.root, "VysledekPopis"), "BR_202") {
			t.Fatalf("third call at once: %s %s", got, text(r.root, "VysledekPopis"))
		}
		if r.header.Get("Retry-After") == "" {
			t.Error("the refusal does not say when to retry")
		}

		admitted := func() bool {
			return w.call("E227", append(little, "--triple", "A1185/CR8359/00372498")...).statusLine() == egon.OK
		}
		if n, err := io.Copy(io.Discard, first); err != nil || n < tooManyForTheSockets {
			t.Fatalf("read %d bytes of the first answer: %v", n, err)
		}
		eventually(t, "the slot is free after the answer has ended", admitted)

		third := w.hold(flags)
		if admitted() {
			t.Error("a third call at once was admitted")
		}
		second.Close()
		eventually(t, "the slot is free after the caller has left", admitted)
		third.Close()
	})
}

// With a silent upstream the slot is free at the call's deadline.
func TestSlotOfASilentUpstream(t *testing.T) {
	w := startWorld(t, func(c *config.Config) {
		u := c.Upstreams["eop"]
		u.Timeout = new(config.Duration(100 * time.Millisecond))
		c.Upstreams["eop"] = u
	})
	w.set(registries.EOP, registries.Settings{Failure: registries.FailHang})
	flags := byBirth(special(t, "delivery address"), append(little, "--items", "EopFoto")...)
	for i := range 5 {
		if got := w.call("E198", flags...).outline(); got != "CHYBA (PREKROCEN CAS by 2)" {
			t.Fatalf("call %d: %s", i+1, got)
		}
	}
}

// hold makes a call and leaves its answer unread; its head has arrived.
func (w *world) hold(flags []string) io.ReadCloser {
	w.t.Helper()
	response, err := w.client.Do(w.request("E198", bytes.NewReader(message(w.t, "E198", flags...))))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
	return response.Body
}

// Calls one after another never meet, though another call holds all but one
// slot: the end of an answer is seen when its slot is free.
func TestCallsInTurnNeedOneSlot(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.set(registries.EOP, registries.Settings{Photo: 24 << 20})
		w.hold(byBirth(special(t, "delivery address"), append(little, "--items", "EopFoto")...))
		w.set(registries.EOP, registries.Settings{})
		for i := range 40 {
			service, flags := "E227", []string{"--triple", "A1185/CR8359/00372498"}
			if i%2 == 0 {
				service, flags = "E198", byBirth(special(t, "delivery address"), "--items", "EopFoto")
			}
			if got := w.call(service, append(flags, little...)...).statusLine(); got != egon.OK {
				t.Fatalf("call %d of %s: %s", i+1, service, got)
			}
		}
	})
}
