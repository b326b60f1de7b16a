package gateway

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brana/limits"
)

// An answer has the limits of its caller, admitted or refused, in both modes: lists of
// one item with integers (RFC 9651), and when to try again.
func TestLimitFields(t *testing.T) {
	for _, test := range []struct {
		name              string
		decision          limits.Decision
		err               error
		message           []byte
		status            int // in http mode
		policy, rate, try string
	}{
		{"admitted", limits.Decision{
			Verdict:   limits.Admitted,
			Quota:     1000,
			Remaining: 999,
			Reset:     3599*time.Second + 1,
		}, nil, call{}.message(),
			200, `"hour";q=1000;w=3600`, `"hour";r=999;t=3600`, ""},
		{"the last call of an hour of which nothing is counted", limits.Decision{
			Verdict: limits.Admitted,
			Quota:   1,
		}, nil, call{}.message(),
			200, `"hour";q=1;w=3600`, `"hour";r=0;t=1`, ""},
		{"decided by a mode", limits.Decision{
			Verdict:  limits.Admitted,
			Degraded: limits.Open,
			Quota:    9,
			Reset:    time.Second,
		}, nil, call{}.message(),
			200, `"hour";q=9;w=3600;degraded=open`, `"hour";r=0;t=1`, ""},
		{"over the quota, until the regime changes", limits.Decision{
			Verdict:    limits.OverQuota,
			Quota:      100,
			Reset:      90 * time.Second,
			RetryAfter: 20 * time.Minute,
		}, nil, call{}.message(),
			429, `"hour";q=100;w=3600`, `"hour";r=0;t=1200`, "1200"},
		{"admitted, and counted for longer than the window", limits.Decision{
			Verdict:   limits.Admitted,
			Quota:     1000,
			Remaining: 999,
			Reset:     3624 * time.Second,
		}, nil, call{}.message(),
			200, `"hour";q=1000;w=3600`, `"hour";r=999;t=3600`, ""},
		{"over the quota for longer than the window", limits.Decision{
			Verdict:    limits.OverQuota,
			Quota:      100,
			Reset:      3620 * time.Second,
			RetryAfter: 3620 * time.Second,
		}, nil, call{}.message(),
			429, `"hour";q=100;w=3600`, `"hour";r=0;t=3600`, "3620"},
		{"over concurrency", limits.Decision{
			Verdict:    limits.OverConcurrency,
			Quota:      100,
			Remaining:  40,
			Reset:      90 * time.Second,
			RetryAfter: time.Second,
		}, nil, call{}.message(),
			429, `"hour";q=100;w=3600`, `"hour";r=40;t=90`, "1"},
		{
			"no decision", limits.Decision{}, errors.New("no Redis"),
			call{}.message(), 503, "", "", "1",
		},
		{"no grant", limits.Decision{}, nil, call{ais: "999002"}.message(), 403, "", "", ""},
	} {
		for _, mode := range []StatusMode{EgonMode, HTTPMode} {
			t.Run(test.name, func(t *testing.T) {
				s := startGateway(t, func(s *settings) {
					s.cfg.StatusMode = mode
					s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
						return test.decision, test.err
					}}
				})
				r := s.post(t, "/publikace/E05", test.message)
				read(t, r)
				want := map[StatusMode]int{EgonMode: 200, HTTPMode: test.status}[mode]
				if r.StatusCode != want {
					t.Errorf("status %d, want %d", r.StatusCode, want)
				}
				for name, want := range map[string]string{
					"RateLimit-Policy": test.policy,
					"RateLimit":        test.rate,
					"Retry-After":      test.try,
				} {
					if got := r.Header.Get(name); got != want {
						t.Errorf("%s: %s, want %s", name, got, want)
					}
				}
				for _, name := range []string{"RateLimit-Policy", "RateLimit"} {
					if got := r.Header.Get(name); got != "" && !structured.MatchString(got) {
						t.Errorf("%s: %s is no list of an item with parameters", name, got)
					}
				}
			})
		}
	}
}

// By any decision of a store, more calls come within the window, and after a second
// at least.
func TestRateLimitKeepsToItsWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		waits := rapid.Int64Range(-int64(time.Minute), int64(2*limits.Window))
		d := limits.Decision{
			Verdict:    limits.Verdict(rapid.IntRange(0, 2).Draw(t, "verdict")),
			Remaining:  rapid.Int64Range(0, 1e9).Draw(t, "remaining"),
			Reset:      time.Duration(waits.Draw(t, "reset")),
			RetryAfter: time.Duration(waits.Draw(t, "retry after")),
		}
		var remaining, more int64
		text := string(appendRateLimit(nil, &d, ""))
		_, err := fmt.Sscanf(text, `"hour";r=%d;t=%d`, &remaining, &more)
		if err != nil || remaining != d.Remaining {
			t.Fatalf("%s of %+v: %v", text, d, err)
		}
		if more < 1 || more > seconds(limits.Window) {
			t.Errorf("%s of %+v", text, d)
		}
	})
}

// A call admitted into the last fifth of its quota is counted and its line says
// what remains; every decision is counted by its verdict.
func TestNearTheQuotaIsShown(t *testing.T) {
	for _, test := range []struct {
		name     string
		decision limits.Decision
		err      error
		verdict  string
		near     float64
	}{
		{
			"far", limits.Decision{Verdict: limits.Admitted, Quota: 100, Remaining: 21},
			nil, "admitted", 0,
		},
		{
			"near", limits.Decision{Verdict: limits.Admitted, Quota: 100, Remaining: 20},
			nil, "admitted", 1,
		},
		{"the last", limits.Decision{Verdict: limits.Admitted, Quota: 1}, nil, "admitted", 1},
		{"over", limits.Decision{Verdict: limits.OverQuota, Quota: 100}, nil, "over-quota", 0},
		{
			"crowded", limits.Decision{Verdict: limits.OverConcurrency, Quota: 100, Remaining: 5},
			nil, "over-concurrency", 0,
		},
		{"unknown", limits.Decision{}, errors.New("no Redis"), "unavailable", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startGateway(t, func(s *settings) {
				s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
					return test.decision, test.err
				}}
			})
			read(t, s.post(t, "/publikace/E05", call{}.message()))
			remaining, told := s.lines(t, 1)[0]["remaining"]
			if told != (test.near == 1) || told && remaining != test.decision.Remaining {
				t.Errorf("the line says remaining %v", remaining)
			}
			got := gather(t, s)["brana_limits_near_total"].GetMetric()[0].GetCounter().GetValue()
			if got != test.near {
				t.Errorf("%v calls near, want %v", got, test.near)
			}
			if got := s.count(t, "brana_limits_decisions_total", test.verdict); got != 1 {
				t.Errorf("%v decisions %s, want 1", got, test.verdict)
			}
		})
	}
}

// structured is a list of one string with parameters that are integers or tokens.
var structured = regexp.MustCompile(`^"[a-z]+(:[A-Za-z0-9.,:_-]+)?"(;[a-z]+=(\d{1,15}|[a-z]+))+$`)
