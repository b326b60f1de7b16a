package report

import (
	"bytes"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	slower := sample()
	for i := range slower.Turns {
		slower.Turns[i].Latency.P99 *= 2
		slower.Turns[i].Uses[0].CPUPerCall *= 0.8
		slower.Turns[i].Latency.P50 += 1000
		slower.Turns[i].Rate *= 1.1
	}
	var out bytes.Buffer
	if err := Compare(&out, sample(), slower); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"p99":             "+100.0% worse (n=3+3)",
		"CPU/call target": "-20.0% better (n=3+3)",
		"rate":            "+10.0% better (n=3+3)",
		"p50":             "~ (n=3+3)", // a microsecond is less than the turns differ by
		"errors":          "same (n=3+3)",
	} {
		if got := cells(t, out.String(), name); got[2] != want {
			t.Errorf("%s: %v, want %s", name, got, want)
		}
	}
}

func TestCompareTellsWhatIsNotAlike(t *testing.T) {
	other := sample()
	other.Plan.Mix, other.Machine.Cores, other.Turns = "e198", 8, other.Turns[:2]
	other.Plan.Limits, other.Plan.Gateways, other.Plan.Set = "redis", 2, []string{"all.latency=5ms"}
	var out bytes.Buffer
	if err := Compare(&out, sample(), other); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"mix was relay, is e198", "cores was 0, is 8", "fewer than three turns",
		"limits in was not said, is redis", "gateways was not said, is 2", "registries set to was not said, is all.latency=5ms"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not told:\n%s", want, out.String())
		}
	}
}

// The turns of a ramp have different rates: the findings are compared, and no median.
func TestCompareOfRamps(t *testing.T) {
	before, after := sample(), sample()
	before.Plan.Profile, after.Plan.Profile = Ramp, Ramp
	before.Notes, after.Notes = []string{"brana: 900/s is the highest rate that held."}, []string{"brana: 1200/s is the highest rate " +
		"that held."}
	var out bytes.Buffer
	if err := Compare(&out, before, after); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before: brana: 900/s", "after:  brana: 1200/s", "have no median"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not told:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "p99") || strings.Contains(out.String(), "n=") {
		t.Errorf("steps of different rates are compared:\n%s", out.String())
	}
}

// A target that only one of two reports has is named; the others are compared.
func TestCompareOfOtherTargets(t *testing.T) {
	before, after := sample(), sample()
	for i := range after.Turns {
		if after.Turns[i].Target == "nginx" {
			after.Turns[i].Target = "haproxy"
		}
	}
	var out bytes.Buffer
	if err := Compare(&out, before, after); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "not alike: what is measured was brana nginx, is brana haproxy\n") ||
		strings.Count(out.String(), "before") != 1 {
		t.Errorf("%s", out.String())
	}
}

// Of one turn the noise is not known, so that no difference is called one.
func TestCompareOfSingleTurns(t *testing.T) {
	before, after := sample(), sample()
	before.Turns, after.Turns = before.Turns[:1], after.Turns[:1]
	after.Turns[0].Latency.P99 *= 3
	var out bytes.Buffer
	if err := Compare(&out, before, after); err != nil {
		t.Fatal(err)
	}
	got := cells(t, out.String(), "p99")
	if got[2] != "? (n=1+1)" {
		t.Errorf("p99: %q", got)
	}
}
