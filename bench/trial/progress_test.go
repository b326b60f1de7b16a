package trial

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"brana/bench/load"
)

// On a terminal a turn is a bar; elsewhere it is a line at its end.
func TestProgress(t *testing.T) {
	plan := load.Plan{Pace: load.Pace{{Rate: 150, For: time.Second}}}
	var out bytes.Buffer
	line := New(Config{Load: Load{Profile: "constant", Rounds: 3}, Progress: &out}).progress("nginx", 2, plan)
	line.update(10, 4)
	if out.Len() > 0 {
		t.Errorf("a turn that runs writes %q", out.String())
	}
	line.end()
	if got := out.String(); !strings.HasPrefix(got, "brana: nginx, round 2 of 3: ") || !strings.HasSuffix(got, "/s, 4 wrong\n") {
		t.Errorf("%q", got)
	}

	shown := New(Config{Load: Load{Profile: "ramp"}, Progress: &out, Terminal: true}).progress("brana", 2, plan)
	if shown.bar == nil || shown.turn != "brana, step 2, 150/s" {
		t.Fatalf("%+v", shown)
	}
	shown.begin = time.Now().Add(-time.Hour) // answers come after the end of the pace
	shown.update(10, 0)
	if s := shown.bar.State(); shown.bar.IsFinished() || s.CurrentPercent < 0.9 {
		t.Errorf("before its end the bar is %+v", s)
	}
	shown.end()
	if !shown.bar.IsFinished() {
		t.Error("the bar stays")
	}
}
