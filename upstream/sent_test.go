package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/egon"
)

// sentReports counts the messages that clients report as sent.
type sentReports struct {
	mu    sync.Mutex
	count map[string]int // by upstream and service
}

func (s *sentReports) sent(name, service string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if took < 0 {
		panic("sent before it began")
	}
	if s.count == nil {
		s.count = map[string]int{}
	}
	s.count[name+" "+service]++
}

func (s *sentReports) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, key := range slices.Sorted(maps.Keys(s.count)) {
		all = append(all, fmt.Sprint(key, " ", s.count[key]))
	}
	return strings.Join(all, ", ")
}

// Every message that is sent is reported, with the upstream and the called service.
func TestWhatIsSentIsReported(t *testing.T) {
	for name, want := range map[string]string{
		"relay": "iszr E05 1",
		"E227":  "iszr E227 1",
		"X21":   "eop E198 1, org E198 3, rob E198 2, ruian E198 1",
		"X22":   "ecd E198 1, org E198 3, rob E198 2, ruian E198 1",
	} {
		t.Run(name, func(t *testing.T) {
			var told sentReports
			ways, _ := waysTo(t, func(c *Config) {
				if c.OnSent = told.sent; c.Name == registries.Front {
					c.Name = "iszr"
				}
			})
			w := ways[slices.IndexFunc(ways, func(w way) bool { return w.name == name })]
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_ = w.ask(ctx) // E05 with this body is answered with a Fault
			if got := told.String(); got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		})
	}
}

// A message that was not sent is not reported, and has no time of sending.
func TestWhatIsNotSentIsNotReported(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	gone := "http://" + l.Addr().String()
	down := answering("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").listen(t)
	for name, c := range map[string]struct {
		config Config
		before int // calls that are sent
	}{
		"nobody listens": {Config{URL: gone}, 0},
		"open breaker": {Config{URL: down,
			Breaker: Breaker{Failures: 2, Window: time.Minute, Open: time.Minute}}, 2},
		"pace":         {Config{URL: down, Pace: Pace{PerSecond: 1e-3, Burst: 2}}, 2},
		"no TLS there": {Config{URL: strings.Replace(down, "http", "https", 1)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var told sentReports
			c.config.OnSent = told.sent
			cl := client(t, c.config)
			for i := range c.before + 2 {
				ctx, cancel := soon(t.Context())
				_, sent, err := NewRelay(cl).Send(ctx, text("<b/>"), nil)
				cancel()
				e := wantCallError(t, err)
				if wanted := i < c.before; e.Sent != wanted || sent.IsZero() == wanted {
					t.Errorf("call %d: sent at %v, %+v", i, sent, e)
				}
			}
			want := ""
			if c.before > 0 {
				want = fmt.Sprint("fake E05 ", c.before)
			}
			if got := told.String(); got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		})
	}
}

// A message that its own sender broke off in the middle was sent all the same.
func TestWhatIsBrokenOffWasSent(t *testing.T) {
	var told sentReports
	c := client(t, Config{URL: silent().listen(t), OnSent: told.sent})
	body := io.MultiReader(strings.NewReader(strings.Repeat("x", 50_000)),
		&failing{errors.New("cut")})
	_, sent, err := NewRelay(c).Send(t.Context(),
		&egon.Message{Service: e05, Length: -1, Body: body}, nil)
	if err == nil || sent.IsZero() || told.String() != "fake E05 1" {
		t.Errorf("sent at %v, told %q, %v", sent, told.String(), err)
	}
}

// A message that its sender broke off before a byte of it left was not sent,
// although a connection was there.
func TestWhatBreaksOffAtOnceWasNotSent(t *testing.T) {
	var told sentReports
	c := client(t, Config{URL: silent().listen(t), OnSent: told.sent})
	broken := errors.New("cut")
	_, sent, err := NewRelay(c).Send(t.Context(),
		&egon.Message{Service: e05, Length: -1, Body: &failing{broken}}, nil)
	if !errors.Is(err, broken) || !sent.IsZero() || told.String() != "" {
		t.Errorf("sent at %v, told %q, %v", sent, told.String(), err)
	}
}
