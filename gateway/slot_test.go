package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brana/gateway/stream"
	"brana/limits"
)

// The slot outlives the call, also one whose message takes long to arrive.
func TestTheSlotLivesAsLongAsTheCallMay(t *testing.T) {
	var lifetime atomic.Int64
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default.Timeout = 10 * time.Second
		s.parts.Limiter.(*limiterFunc).admit = func(ctx context.Context, c limits.Call) (limits.Decision, error) {
			lifetime.Store(int64(c.Lifetime))
			return admitAll(ctx, c)
		}
	})
	for _, c := range []struct {
		name string
		body io.Reader
		want time.Duration
	}{
		{
			"small", bytes.NewReader(call{}.message()), 60*time.Second + slotMargin,
		}, // the caller may take so long
		{
			"large", bytes.NewReader(largeMessage(4 << 20)),
			10*time.Second + 15*time.Second + 128*time.Second + slotMargin,
		},
		{
			"chunked", struct{ io.Reader }{bytes.NewReader(largeMessage(1 << 20))},
			10*time.Second + stream.LongestUpload + slotMargin,
		},
	} {
		s.send(t, "/publikace/E05", c.body)
		if got := time.Duration(lifetime.Load()).Truncate(time.Second); got != c.want {
			t.Errorf("%s: the slot lives for %s, want %s", c.name, got, c.want)
		}
	}
}

// The slot of an answered call is free before the caller can have read the
// answer to its end.
func TestACallerMaySendTheNextCallAtOnce(t *testing.T) {
	store := limits.NewMemory(mustCalendar(t), nil)
	s := startGateway(t, func(s *settings) { s.parts.Limiter = store })
	w := s.dial(t)
	for range 100 { // two slots, in sequence
		w.write(withLength("/publikace/E05", call{}.message()))
		if _, body := w.answer(); !strings.Contains(body, ">OK<") {
			t.Fatal(body)
		}
	}
}

func mustCalendar(t testing.TB) *limits.Calendar {
	t.Helper()
	c, err := limits.NewCalendar(limits.CalendarConfig{
		Working:  "Mon-Fri 07:00-17:00",
		Holidays: "cz",
		Zone:     "Europe/Prague",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A limiter that panics or fails when a slot is given back hurts nobody.
func TestAFailedReleaseIsLogged(t *testing.T) {
	for name, l := range map[string]Limiter{
		"error": releasing{func() error { return errors.New("no Redis") }},
		"panic": releasing{func() error { panic("boom") }},
	} {
		s := startGateway(t, func(s *settings) { s.parts.Limiter = l })
		for range 2 {
			if r := s.post(t, "/publikace/E05", call{}.message()); r.StatusCode != 200 {
				t.Errorf("%s: status %d", name, r.StatusCode)
			}
		}
		s.lines(t, 2)
		if n := len(s.logs.all("release slot")); n != 2 {
			t.Errorf("%s: %d warnings", name, n)
		}
	}
}

type releasing struct{ release func() error }

func (releasing) Admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	return admitAll(ctx, c)
}
func (releasing) Renew(context.Context, limits.Slot, time.Duration) error { return nil }

func (r releasing) Release(context.Context, limits.Slot) error { return r.release() }
func (releasing) Ready(context.Context) error                  { return nil }
