package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Length, rounds and mix have defaults by the profile.
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
		b := benchFlags{Profile: c.profile, Gateways: 1, Rate: 1, Scale: 1, Speed: 1, Connections: 1, Bound: 1, Timeout: 1}
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

// Only a terminal that can move its cursor gets a bar.
func TestTerminals(t *testing.T) {
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Setenv("TERM", "xterm")
	if !terminal(device) || terminal(file) || terminal(io.Discard) {
		t.Error("a character device is a terminal; a file is none, nor is a pipe")
	}
	t.Setenv("TERM", "dumb")
	if terminal(device) {
		t.Error("a dumb terminal gets a bar")
	}
}

// The commit is that of the build; without one the report says so.
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
