package main

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
	"brana/gateway/admin"
)

const littleCaller = "X999/XR2/12345678/999002"

// quota runs brana quota at the world's admin listener.
func (w *world) quota(what string, args ...string) (string, int) {
	w.t.Helper()
	return brana(append([]string{"quota", what, "--admin", w.admin}, args...)...)
}

// quotaOf is the quota of the caller with few rights, by the gateway.
func (w *world) quotaOf() (q admin.Quota) {
	w.t.Helper()
	said, code := w.quota("get", "--json", littleCaller)
	if err := json.Unmarshal([]byte(said), &q); code != 0 || err != nil {
		w.t.Fatalf("quota get: %d %s, %v", code, said, err)
	}
	return q
}

// An operator reads a quota, grants more, takes it back, and resets the use. Each
// takes effect at once, and the log has who did it and why.
func TestQuotaForPeople(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		question := message(t, "E227", append(little, "--triple", "A1185/CR8359/00372498")...)
		calls := func(n int, want string) {
			t.Helper()
			for range n {
				if got := w.post("E227", question).statusLine(); got != want {
					t.Fatalf("a call: %s, want %s", got, want)
				}
			}
		}
		const refused = "CHYBA (NENI K DISPOZICI)"
		calls(100, egon.OK)
		calls(1, refused)
		if q := w.quotaOf(); q.Limit != 100 || q.Used != 100 || q.Remaining != 0 || q.Mode != "normal" || q.Pace != 600 || q.Exhausted == nil {
			t.Errorf("quota = %+v, want all of 100 used", q)
		}

		said, code := w.quota("raise", littleCaller, "--calls", "7", "--for", "30m", "--reason", "fronta na prepazkach", "--by", "j.novak")
		if code != 0 || !regexp.MustCompile(`(?m)^limit +107 calls an hour \((working|off)_hours\)\nextra +7 of these until 20`).MatchString(said) {
			t.Fatalf("quota raise: %d\n%s", code, said)
		}
		eventually(t, "a call is admitted", func() bool { return w.post("E227", question).statusLine() == egon.OK })
		calls(6, egon.OK)
		calls(1, refused)
		line := w.quotaLine("quota granted")
		if line["by"] != "j.novak" || line["reason"] != "fronta na prepazkach" || line["calls"] != 7.0 ||
			line["caller"].(map[string]any)["ais"] != "999002" {
			t.Errorf("the log says %v", line)
		}

		if said, code := w.quota("raise", littleCaller, "--calls", "0", "--reason", "omyl", "--by", "j.novak"); code != 0 ||
			strings.Contains(said, "extra") {
			t.Fatalf("quota raise --calls 0: %d\n%s", code, said)
		}
		// The verb has a former name.
		if said, code := w.quota("grant", littleCaller, "--calls", "0", "--reason", "omyl", "--by", "j.novak"); code != exitRefused ||
			!strings.Contains(said, "no extra calls are in force") {
			t.Errorf("quota grant --calls 0, of none: %d\n%s", code, said)
		}

		eventually(t, "what was leased is given back, and all is forgotten", func() bool {
			said, code := w.quota("reset", littleCaller, "--reason", "zkusebni provoz", "--by", "j.novak")
			if code != 0 {
				t.Fatalf("quota reset: %d\n%s", code, said)
			}
			return w.quotaOf().Used == 0
		})
		if line := w.quotaLine("quota reset"); line["reason"] != "zkusebni provoz" {
			t.Errorf("the log says %v", line)
		}
		eventually(t, "a call is admitted", func() bool { return w.post("E227", question).statusLine() == egon.OK })
		calls(99, egon.OK)
		calls(1, refused)
	})
}

// quotaLine is the last line of the log with a message.
func (w *world) quotaLine(message string) (found map[string]any) {
	w.t.Helper()
	for _, text := range w.journal.lines() {
		var line map[string]any
		if json.Unmarshal(text, &line) == nil && line["msg"] == message {
			found = line
		}
	}
	if found == nil {
		w.t.Fatalf("the log has no line %q", message)
	}
	return found
}

// An order that cannot be carried out gets the reason, and leaves no trace.
func TestQuotaMistakes(t *testing.T) {
	w := startWorld(t)
	who := []string{"--reason", "r", "--by", "b"}
	in := func(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }
	for _, test := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no caller", []string{"get", "X999/XR2"}, exitUsage, "AGENDA/ROLE/OVM/AIS"},
		{"an empty part", []string{"get", "X999//12345678/999002"}, exitUsage, "role is missing"},
		{"an unknown agenda", []string{"get", "A1/XR2/12345678/999002"}, exitRefused, `no grant of this environment has agenda "A1"`},
		{"an unknown role", []string{"get", "X999/XR7/12345678/999002"}, exitRefused, `no grant of agenda X999 has role "XR7"`},
		{"a role in the wrong case", []string{"get", "X999/xr2/12345678/999002"}, exitRefused, "it would be XR2"},
		{"an unknown ovm", []string{"get", "X999/XR2/1/999002"}, exitRefused, `has ovm "1"`},
		{"an unknown ais", []string{"get", "X999/XR2/12345678/1"}, exitRefused, `has ais "1"`},
		{"more than the quota", []string{"grant", littleCaller, "--calls", "101", "--for", "1h"}, exitUsage, "above 100"},
		{"less than nothing", []string{"grant", littleCaller, "--calls=-5", "--for", "1h"}, exitUsage, "-5 is below zero"},
		{"until the past", []string{"grant", littleCaller, "--calls", "5", "--until", in(-time.Hour)}, exitUsage, "is over"},
		{"for less than nothing", []string{"grant", littleCaller, "--calls", "5", "--for=-1h"}, exitUsage, "is over"},
		{"until next month", []string{"grant", littleCaller, "--calls", "5", "--until", in(31 * 24 * time.Hour)}, exitUsage,
			"more than 168h0m0s from now"},
		{"without an end", []string{"grant", littleCaller, "--calls", "5"}, exitUsage, "--until TIME or --for DURATION"},
		{"with two ends", []string{"grant", littleCaller, "--calls", "5", "--for", "1h", "--until", in(time.Hour)}, exitUsage, "--for"},
		{"a reason of many lines", []string{"reset", littleCaller, "--reason", "a\nb"}, exitUsage, "control characters"},
		{"a reason that is empty", []string{"reset", littleCaller, "--reason", " "}, exitUsage, "reason is missing"},
		{"a reason without end", []string{"reset", littleCaller, "--reason", strings.Repeat("x", 501)}, exitUsage, "longer than 500 bytes"},
		{"of nobody", []string{"reset", "X999/XR2/12345678/1"}, exitRefused, `has ais "1"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := test.args[1:]
			if test.args[0] != "get" {
				args = append(append([]string{}, who...), args...)
			}
			if said, code := w.quota(test.args[0], args...); code != test.code || !strings.Contains(said, test.want) {
				t.Errorf("%d %s, want %d and %q", code, said, test.code, test.want)
			}
		})
	}
	if said, code := brana("quota", "get", littleCaller, "--admin", "127.0.0.1:1"); code != exitUnreachable {
		t.Errorf("nobody answers: %d %s", code, said)
	}
	if said, code := brana("quota", "get", littleCaller, "--admin", strings.TrimPrefix(w.gateway, "http://")); code != exitUnreachable ||
		!strings.Contains(said, "admin listener") {
		t.Errorf("not the admin listener: %d %s", code, said)
	}
	for _, line := range w.journal.lines() {
		if strings.Contains(string(line), `"quota `) {
			t.Errorf("the log says %s", line)
		}
	}
}

// The admin listener takes orders as JSON of its own shape alone.
func TestQuotaOrders(t *testing.T) {
	w := startWorld(t)
	const caller = `"agenda":"X999","role":"XR2","ovm":"12345678","ais":"999002","by":"b","reason":"r"`
	for _, test := range []struct {
		name, path, kind, body string
		status                 int
		want                   string
	}{
		{"a form", "grant", "application/x-www-form-urlencoded", `calls=1`, 400, "not application/json"},
		{"no JSON", "grant", "application/json", `calls`, 400, "read the order"},
		{"an unknown key", "grant", "application/json", `{` + caller + `,"call":1}`, 400, `unknown field \"call\"`},
		{"two orders", "reset", "application/json", `{` + caller + `}{}`, 400, "something follows"},
		{"too many calls for a number", "grant", "application/json", `{` + caller + `,"calls":1e30}`, 400, "read the order"},
		{"no calls", "grant", "application/json", `{` + caller + `,"until":"2099-01-01T00:00:00Z"}`, 400, "calls is missing"},
		{"no end", "grant", "application/json", `{` + caller + `,"calls":1}`, 400, "until is missing"},
		{"a reset of some", "reset", "application/json", `{` + caller + `,"calls":1}`, 400, "belong to a grant"},
		{"too long", "reset", "application/json", `{"by":"` + strings.Repeat("x", 20<<10) + `"}`, 400, "too large"},
		{"done", "reset", "application/json; charset=utf-8", `{` + caller + `}`, 200, `"used":0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := http.Post(w.admin+"/v1/quotas/"+test.path, test.kind, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != test.status || !strings.Contains(string(text), test.want) {
				t.Errorf("%d %s, %v; want %d and %q", response.StatusCode, text, err, test.status, test.want)
			}
		})
	}
}

// While Redis is away, a quota is unavailable; the answer has the mode in force.
func TestQuotaWithoutRedis(t *testing.T) {
	server := newRedisServer(t)
	server.start(t)
	w := startWorld(t, func(c *config.Config) {
		c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: server.url(), Timeout: config.Duration(10 * time.Second), TrustEmpty: true}
	})
	eventually(t, "the ledger has begun", func() bool { _, code := w.quota("get", littleCaller); return code == 0 })
	server.kill()
	for _, args := range [][]string{{"get", littleCaller}, {"reset", littleCaller, "--reason", "r", "--by", "b"}} {
		if said, code := w.quota(args[0], args[1:]...); code != exitUnreachable || !strings.Contains(said, "mode closed") {
			t.Errorf("quota %s: %d %s, want mode closed", args[0], code, said)
		}
	}
}

// What the ledger is and costs is seen in metrics, and that it is away in the
// log.
func TestLedgerIsWatched(t *testing.T) {
	t.Parallel() // it waits
	server := newRedisServer(t)
	server.start(t)
	w := startWorld(t, func(c *config.Config) {
		c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: server.url(), Timeout: config.Duration(10 * time.Second), TrustEmpty: true}
	})
	tells := func(line string) func() bool {
		return func() bool {
			response, err := w.client.Get(w.admin + "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			return err == nil && strings.Contains(string(text), "\n"+line)
		}
	}
	eventually(t, "the ledger is normal", tells(`brana_limits_state{state="normal"} 1`))
	if got := w.call("E227", append(little, "--triple", "A1185/CR8359/00372498")...).statusLine(); got != egon.OK {
		t.Fatal(got)
	}
	for _, line := range []string{`brana_limits_decisions_total{verdict="admitted"} 1`, `brana_limits_permits_total{what="granted"} `,
		`brana_limits_callers 1`,
		`brana_limits_gateways 1`, `brana_limits_held{what="permits"} `, `brana_limits_ledger_seconds_count{result="answered"} `,
		`brana_limits_ledger_ahead_seconds `,
		`brana_limits_lease_permits_count 1`, `brana_limits_fullest_ratio 0.`, `brana_limits_permits_total{what="replayed"} 0`,
		`brana_limits_state_seconds_total{state="down"} 0`} {
		eventually(t, line, tells(line))
	}
	server.kill()
	eventually(t, "the ledger is down", tells(`brana_limits_state{state="down"} 1`))
	eventually(t, "the log says so", func() bool { return w.journal.has(`"state":"down"`) })
	server.start(t)
	eventually(t, "the loss is counted", func() bool { return !tells(`brana_limits_ledger_losses_total 0`)() })
	eventually(t, "the ledger is normal again", tells(`brana_limits_state{state="normal"} 1`))
	for _, line := range []string{`brana_limits_permits_total{what="replayed"} 0`, `brana_limits_state_seconds_total{state="learning"} 0`,
		`brana_limits_state_seconds_total{state="down"} 0`} {
		eventually(t, "more than "+line, func() bool { return !tells(line + "\n")() })
	}
	eventually(t, "the log says so", func() bool {
		lines := w.journal.lines()
		for i := len(lines) - 1; i >= 0; i-- {
			if strings.Contains(string(lines[i]), `"msg":"limits`) {
				return strings.Contains(string(lines[i]), `"state":"normal"`)
			}
		}
		return false
	})
}
