package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brana/bench/load"
)

// What is not said is as long and as often as the profile needs.
func TestBenchDefaults(t *testing.T) {
	for _, c := range []struct {
		profile, against string
		duration         time.Duration
		rounds           int
		mix              string
	}{
		{"constant", "", 10 * time.Second, 3, "relay=90,e227=5,e198=5"},
		{"constant", "direct", 10 * time.Second, 3, "relay"},
		{"closed", "", 10 * time.Second, 3, "relay=90,e227=5,e198=5"},
		{"ramp", "", 10 * time.Second, 1, "relay=90,e227=5,e198=5"},
		{"soak", "", 30 * time.Minute, 1, "relay=90,e227=5,e198=5"},
		{"country", "", 10 * time.Second, 1, "relay=90,e227=5,e198=5"},
	} {
		b := benchRunCmd{Profile: c.profile, Gateways: 1, Rate: 1, Scale: 1, Speed: 1, Connections: 1, Bound: 1, Timeout: 1}
		if c.against != "" {
			b.Against = []string{c.against}
		}
		if err := b.validate(); err != nil {
			t.Errorf("%s: %v", c.profile, err)
		}
		if b.Duration != c.duration || b.Rounds != c.rounds || b.Mix != c.mix || b.Cores < 1 {
			t.Errorf("%s %s: %d rounds of %s, mix %s, %d cores", c.profile, c.against, b.Rounds, b.Duration, b.Mix, b.Cores)
		}
	}
}

// Whoever looks on sees a bar; a file, a pipe and a dumb terminal get a line at
// the end of each turn.
func TestBenchProgress(t *testing.T) {
	plan := load.Plan{Pace: load.Pace{{Rate: 150, For: time.Second}}}
	var out bytes.Buffer
	quiet := &trial{benchRunCmd: &benchRunCmd{Profile: "constant", Rounds: 3}, io: stdio{err: &out}}
	bar := quiet.bar("nginx", 2, plan)
	bar.tell(10, 4)
	if out.Len() > 0 {
		t.Errorf("a turn that runs says %q", out.String())
	}
	bar.end()
	if got := out.String(); !strings.HasPrefix(got, "brana: nginx, round 2 of 3: ") || !strings.HasSuffix(got, "/s, 4 wrong\n") {
		t.Errorf("%q", got)
	}

	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	t.Setenv("TERM", "xterm")
	seen := &trial{benchRunCmd: &benchRunCmd{Profile: "ramp"}, io: stdio{err: device}}
	bar = seen.bar("brana", 2, plan)
	if bar.bar == nil || bar.what != "brana, step 2, 150/s" {
		t.Fatalf("%+v", bar)
	}
	bar.begin = time.Now().Add(-time.Hour) // answers come after the end of the pace
	bar.tell(10, 0)
	if s := bar.bar.State(); bar.bar.IsFinished() || s.CurrentPercent < 0.9 {
		t.Errorf("before its end the bar is %+v", s)
	}
	bar.end()
	if !bar.bar.IsFinished() {
		t.Error("the bar stays")
	}

	t.Setenv("TERM", "dumb")
	if terminal(device) {
		t.Error("a dumb terminal gets a bar")
	}
	t.Setenv("TERM", "xterm")
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if terminal(file) {
		t.Error("a file gets a bar")
	}
}

// The commit is what the build says, and else that nobody said it.
func TestCommitOfAReport(t *testing.T) {
	defer func(v string) { version = v }(version)
	version = "0e0ae83-dirty"
	if got := commit(); got != version { // tests are built without it
		t.Errorf("%q", got)
	}
	version = ""
	if got := commit(); got != "unknown (built without version control information)" {
		t.Errorf("%q", got)
	}
}
