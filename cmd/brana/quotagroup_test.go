package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brana/cmd/brana/config"
	"brana/egon"
	"brana/gateway/admin"
)

// startGrouped starts a world in which the caller with few rights has limits by groups:
// E227 has an account of its own, of two calls an hour, and E198 is of the rest.
func startGrouped(t *testing.T, change func(*config.Config)) *world {
	t.Helper()
	folder := t.TempDir()
	files, err := fs.Sub(sample, "sample")
	if err := errors.Join(err, os.CopyFS(folder, files)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "grants.yaml")
	text := string(read(t, file))
	at := strings.LastIndex(text, "limits:")
	write(t, file, text[:at]+`limits:
      - {for: [E227], name: rights, working_hours: 2/h, off_hours: 2/h, concurrent: 2}
      - {for: rest, working_hours: 3/h, off_hours: 3/h, concurrent: 2}
`)
	return startWorldWith(t, devCmd{Policy: folder}, change)
}

// Groups of services have accounts of their own, in either store. One is used up and the
// other is not; one is raised, and reset, and the other is not.
func TestGroupsAreCountedApart(t *testing.T) {
	eachLimits(t, func(t *testing.T, store func(*config.Config)) {
		w := startGrouped(t, store)
		admitted := func(service string) (n int) {
			t.Helper()
			flags := append([]string{"--triple", "A1185/CR8359/00372498"}, little...)
			if service == "E198" {
				flags = byBirth(special(t, "delivery address"), append(little, "--items", "EopFoto")...)
			}
			question := message(t, service, flags...)
			for w.post(service, question).statusLine() == egon.OK {
				n++
			}
			return n
		}
		if n := admitted("E227"); n != 2 {
			t.Fatalf("%d calls of E227 admitted, want 2", n)
		}
		if n := admitted("E198"); n != 3 {
			t.Fatalf("%d calls of E198 admitted after E227 was used up, want 3", n)
		}
		r := w.post("E227", message(t, "E227", append(little, "--triple", "A1185/CR8359/00372498")...))
		if got := r.header.Get("RateLimit-Policy"); got != `"hour:rights";q=2;w=3600` {
			t.Errorf("RateLimit-Policy %s", got)
		}
		if got := r.header.Get("RateLimit"); !strings.HasPrefix(got, `"hour:rights";r=0;t=`) {
			t.Errorf("RateLimit %s", got)
		}
		if got := text(r.root, "VysledekPopis"); !strings.Contains(got,
			"Hodinový limit 2 volání skupiny služeb rights je vyčerpán") {
			t.Errorf("the caller reads %s", got)
		}

		who := []string{"--reason", "r", "--by", "b"}
		said, code := w.quota("raise", append(who, littleCaller, "--group", "rights", "--calls", "1", "--for", "1h")...)
		if code != 0 || !strings.Contains(said, "group      rights, of E227\n") || !strings.Contains(said, "limit      3 calls") {
			t.Fatalf("quota raise: %d\n%s", code, said)
		}
		if line := w.quotaLine("quota granted"); line["group"] != "rights" {
			t.Errorf("the log says %v", line)
		}
		eventually(t, "one more is admitted", func() bool { return admitted("E227") == 1 })
		if n := admitted("E198"); n != 0 {
			t.Errorf("%d calls of E198 admitted by the raise of another group", n)
		}

		eventually(t, "what was leased is given back, and all is forgotten", func() bool {
			said, code = w.quota("reset", append(who, littleCaller, "--group", "rest")...)
			if code != 0 {
				t.Fatalf("quota reset: %d\n%s", code, said)
			}
			return w.groupOf("rest").Used == 0
		})
		eventually(t, "E198 is admitted anew", func() bool { return admitted("E198") == 3 })
		if n := admitted("E227"); n != 0 {
			t.Errorf("%d calls of E227 admitted by the reset of another group", n)
		}

		said, code = w.quota("get", littleCaller)
		if code != 0 || strings.Count(said, "caller ") != 2 || !strings.Contains(said, "group      rights, of E227\n") ||
			!strings.Contains(said, "group      rest, of E198 ") {
			t.Errorf("quota get: %d\n%s", code, said)
		}
	})
}

// groupOf is the quota of a group of the caller with few rights.
func (w *world) groupOf(group string) (q admin.Quota) {
	w.t.Helper()
	said, code := w.quota("get", "--json", littleCaller, "--group", group)
	if err := json.Unmarshal([]byte(said), &q); code != 0 || err != nil || q.Group != group {
		w.t.Fatalf("quota get: %d %s, %v", code, said, err)
	}
	return q
}

// An order without a group, where there are several, would be of a wrong one.
func TestGroupsAreNamed(t *testing.T) {
	w := startGrouped(t, func(*config.Config) {})
	who := []string{"--reason", "r", "--by", "b"}
	for _, test := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a reset without a group", append([]string{"reset", littleCaller}, who...), exitUsage,
			"the limits of this caller are for the groups rights and rest: name one of them"},
		{"a raise without a group", append([]string{"raise", littleCaller, "--calls", "1", "--for", "1h"}, who...), exitUsage,
			"rights and rest"},
		{"another group", []string{"get", littleCaller, "--group", "E227"}, exitRefused,
			`no limits of this caller are for the group "E227"; it has rights and rest`},
		{"a caller without groups", []string{"get", "X999/XR1/12345678/999001", "--group", "rest"}, exitUsage,
			"this caller has one quota for all its services: name no group"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if said, code := w.quota(test.args[0], test.args[1:]...); code != test.code || !strings.Contains(said, test.want) {
				t.Errorf("%d %s, want %d and %q", code, said, test.code, test.want)
			}
		})
	}
	said, code := w.quota("get", "--json", littleCaller)
	var both admin.Quotas
	if err := json.Unmarshal([]byte(said), &both); code != 0 || err != nil || len(both.Groups) != 2 ||
		both.Groups[0].Group != "rights" || both.Groups[1].Services[0] != "E198" {
		t.Errorf("quota get --json: %d %s, %v", code, said, err)
	}
}

// Limits that become those of the rest keep what was counted.
func TestTheRestKeepsTheCounts(t *testing.T) {
	folder := t.TempDir()
	files, err := fs.Sub(sample, "sample")
	if err := errors.Join(err, os.CopyFS(folder, files)); err != nil {
		t.Fatal(err)
	}
	w := startWorldWith(t, devCmd{Policy: folder})
	question := message(t, "E227", append(little, "--triple", "A1185/CR8359/00372498")...)
	if got := w.post("E227", question).statusLine(); got != egon.OK {
		t.Fatal(got)
	}
	file := filepath.Join(folder, "grants.yaml")
	text := string(read(t, file))
	at := strings.LastIndex(text, "limits:")
	write(t, file, text[:at]+`limits:
      - {for: [E198], working_hours: 5/h, off_hours: 5/h, concurrent: 2}
      - {for: rest, working_hours: 100/h, off_hours: 100/h, concurrent: 2}
`)
	if err := w.wired.policy.Reload(); err != nil {
		t.Fatal(err)
	}
	if q := w.groupOf("rest"); q.Used != 1 {
		t.Errorf("the rest has %d calls used, want those of before", q.Used)
	}
	if q := w.groupOf("E198"); q.Used != 0 {
		t.Errorf("E198 has %d calls used", q.Used)
	}
}
