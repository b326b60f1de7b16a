package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
)

// Two gateways share a Redis. One of them loads a policy with a raised quota, by
// SIGHUP, and admits more at once. The other admits no more than its own policy
// permits, and does not lower the quota of the first. A lowered quota holds at both.
func TestQuotaIsThatOfTheNewestPolicy(t *testing.T) {
	t.Parallel() // it waits
	server := newRedisServer(t)
	server.start(t)
	folders := [2]string{t.TempDir(), t.TempDir()}
	var gateways [2]*world
	for i, folder := range folders {
		files, err := fs.Sub(sample, "sample")
		if err := errors.Join(err, os.CopyFS(folder, files)); err != nil {
			t.Fatal(err)
		}
		gateways[i] = startWorldWith(t, devCmd{Policy: folder}, func(c *config.Config) {
			c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: server.url(), Timeout: config.Duration(10 * time.Second), TrustEmpty: true}
		})
	}
	question := message(t, "E227", append(little, "--triple", "A1185/CR8359/00372498")...)
	admitted := func(w *world) (n int) {
		for w.post("E227", question).statusLine() == egon.OK {
			n++
		}
		return n
	}
	load := func(w *world, folder, quota string) {
		t.Helper()
		file := filepath.Join(folder, "grants.yaml")
		text := string(read(t, file))
		at := strings.LastIndex(text, "limits:")
		write(t, file, text[:at]+"limits: {working_hours: "+quota+"/h, off_hours: "+quota+"/h, concurrent: 2}\n")
		if err := w.wired.policy.Reload(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond) // a heartbeat tells the ledger
	}
	late, early := gateways[0], gateways[1]

	all := admitted(late)
	if all += admitted(early); all != 100 {
		t.Fatalf("%d calls admitted of 100", all)
	}
	load(early, folders[1], "120")
	if n := admitted(early); n != 20 {
		t.Errorf("%d calls admitted when 20 more had been granted", n)
	}
	load(early, folders[1], "140")
	if n := admitted(late); n != 0 {
		t.Errorf("%d calls admitted by who is behind", n)
	}
	if n := admitted(early); n != 20 {
		t.Errorf("%d calls admitted after who is behind had asked, want 20", n)
	}
	load(late, folders[0], "140")
	load(early, folders[1], "130")
	if n := admitted(late) + admitted(early); n != 0 {
		t.Errorf("%d calls admitted beyond a quota that was lowered", n)
	}
}
