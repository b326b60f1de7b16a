package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/bench/load"
)

// stub is a target in the test's own hands.
type stub func(n int) load.Reply

func (s stub) Call(_ *load.Scenario, n int) load.Reply { return s(n) }

// outcome is the outcome of some calls with different latencies.
func outcome(t *testing.T) *load.Outcome {
	t.Helper()
	book := load.Book{Caller: load.Caller{Agenda: "X999", Role: "XRB", Ovm: "12345678", Ais: "999099"}}
	mix, err := load.NewMix("relay", book.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	o, err := load.Run(t.Context(),
		load.Plan{Pace: load.Pace{{Rate: 1000, For: 100 * time.Millisecond}}, Workers: 4, Mix: mix, Target: stub(func(n int) load.Reply {
			if n == 7 {
				return load.Reply{Wrong: "HTTP 503 instead of 200"}
			}
			return load.Reply{Sent: 1000, Received: 700}
		})})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// turn is a turn of made-up numbers.
func turn(target string, round int, p99 time.Duration, cpu float64) Turn {
	return Turn{Target: target, Round: round, Rate: 1000, Right: 1000, Wrong: map[string]int64{},
		Latency: Latency{Count: 1000, P50: int64(p99) / 4, P90: int64(p99) / 2, P99: int64(p99), P999: int64(p99) * 2, Max: int64(p99) * 3,
			Curve: []Point{{0, 1000}, {50, int64(p99) / 4}, {99, int64(p99)}, {100, int64(p99) * 3}}},
		Seconds: []Second{{At: time.Second, Right: 1000, P99: p99}, {At: 2 * time.Second, Right: 990, P99: p99}},
		Uses:    []Use{{Program: Subject, CPUPerCall: cpu, RSS: []Sample{{0, 10 << 20}, {time.Second, 14 << 20}, {2 * time.Second, 12 << 20}}}}}
}

func sample() *Report {
	r := &Report{Format: Format, Made: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Command:  []string{"brana", "bench", "--mix", "relay;<x>"},
		Versions: map[string]string{"nginx": "nginx/1.22"}, Configs: map[string]string{"nginx": "worker_processes 2; # <script>"},
		Plan: Plan{Profile: "constant", Mix: "relay", Rate: 1000, Connections: 64, Duration: 2 * time.Second, Rounds: 3}}
	for round := 1; round <= 3; round++ {
		r.Turns = append(r.Turns, turn("brana", round, time.Duration(8+round)*time.Millisecond, 100e3),
			turn("nginx", round, time.Duration(4+round)*time.Millisecond, 50e3))
	}
	return r
}

func TestTurnOfAnOutcome(t *testing.T) {
	o := outcome(t)
	turn := TurnOf("brana", 2, o)
	if turn.Right != 99 || turn.Errors() != 1 || turn.Wrong["HTTP 503 instead of 200"] != 1 || turn.Sent != 99000 || turn.Got != 69300 {
		t.Errorf("%+v", turn)
	}
	l := turn.Latency
	if l.Count != 99 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max || l.Max == 0 {
		t.Errorf("%+v", l)
	}
	for i, p := range l.Curve {
		if i > 0 && (p.Percent <= l.Curve[i-1].Percent || p.Nanos < l.Curve[i-1].Nanos) {
			t.Errorf("the curve falls: %v", l.Curve)
		}
		if p.Percent > 99 && p.Percent < 100 {
			t.Errorf("99 calls make no point at %v %%", p.Percent)
		}
	}
	if k := turn.Kinds["relay"]; k.Right != 99 || k.Wrong != 1 {
		t.Errorf("%+v", k)
	}
}

func TestJSONKeepsEverything(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.json")
	r := sample()
	mallocs := 12.5
	r.Turns[0].Mallocs = &mallocs
	r.Turns[0].Path = &Path{Calls: 3, Path: 100, Whole: 150, Ratio: 1.5}
	var text bytes.Buffer
	if err := errors.Join(r.Write(&text), os.WriteFile(file, text.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
}

func TestReportsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		`{"format": 2}`: "it has format 2, this program reads 1",
		`{"format": 1}`: "it has no measurements",
		`[]`:            "cannot unmarshal",
	} {
		file := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is read")
	}
}

// cells are the words of a line of a table, by its first ones.
func cells(t *testing.T, table, name string) []string {
	t.Helper()
	for line := range strings.Lines(table) {
		fields := regexp.MustCompile(`\s{2,}`).Split(strings.TrimSpace(line), -1)
		if fields[0] == name {
			return fields[1:]
		}
	}
	t.Fatalf("no line %q in\n%s", name, table)
	return nil
}

func TestTable(t *testing.T) {
	r := sample()
	r.Turns[1].Wrong["timeout"] = 3
	var out bytes.Buffer
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"rate":                       {"1000/s", "1000/s"},
		"p99":                        {"10.0 ms ±10%", "6.00 ms ±17%"},
		"CPU/call target":            {"0.10 ms", "50.0 µs"},
		"RSS target":                 {"14.0 MiB", "14.0 MiB"},
		"RSS growth target":          {"2.0 MiB", "2.0 MiB"},
		"brana's CPU/call target is": {"2.00× (2.00 to 2.00)"},
		"brana's p99 is":             {"1.67× (1.57 to 1.80)"},
	} {
		if diff := cmp.Diff(want, cells(t, out.String(), name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if !strings.Contains(out.String(), "nginx: 3 × timeout") {
		t.Errorf("what was wrong is not told:\n%s", out.String())
	}
}

// Ratios are of turns of one round: a machine that slows down for both changes
// them little.
func TestRatiosArePairByPair(t *testing.T) {
	r := sample()
	r.Turns = nil
	for round, factor := range []time.Duration{1, 10, 100} {
		r.Turns = append(r.Turns, turn("brana", round, 3*factor*time.Millisecond, 1), turn("nginx", round, 2*factor*time.Millisecond, 1))
	}
	var out bytes.Buffer
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	if got := cells(t, out.String(), "brana's p99 is"); got[0] != "1.50× (1.50 to 1.50)" {
		t.Errorf("%v", got)
	}
}

// The steps of a ramp are of different rates: they are listed, and have no median.
func TestTableOfARamp(t *testing.T) {
	r := sample()
	r.Plan.Profile = Ramp
	r.Turns[2].Asked = 2000
	var out bytes.Buffer
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\nbrana "); n != 3 || !strings.Contains(out.String(), "2000/s") ||
		strings.Contains(out.String(), "±") {
		t.Errorf("%d steps:\n%s", n, out.String())
	}
}

func TestWhatIsAddedToDirect(t *testing.T) {
	r := sample()
	for round := 1; round <= 3; round++ {
		r.Turns = append(r.Turns, turn(Direct, round, 2*time.Millisecond, 1))
	}
	var out bytes.Buffer
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"8.00 ms", "4.00 ms", "–"}, cells(t, out.String(), "added to p99")); diff != "" {
		t.Error(diff)
	}
}

// A report that has started the registries says that it set nothing there; an
// older one does not say.
func TestTableTellsTheSetup(t *testing.T) {
	for _, c := range []struct {
		plan Plan
		want string
	}{
		{Plan{Gateways: 2, Cores: 1, Limits: "redis"}, "\ngateways 2, cores of each 1, limits in redis, registries set to nothing\n"},
		{Plan{Gateways: 1, Cores: 2, Limits: "memory", Set: []string{"all.latency=5ms"}},
			"\ngateways 1, cores of each 2, limits in memory, registries set to all.latency=5ms\n"},
		{Plan{Gateways: 3}, "\ngateways 3\n"},
		{Plan{}, ""},
	} {
		r := sample()
		c.plan.Profile = r.Plan.Profile
		r.Plan = c.plan
		var out bytes.Buffer
		if err := r.WriteTable(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(out.String(), c.want) || c.want == "" && strings.Contains(out.String(), "gateways") {
			t.Errorf("want %q at the end of:\n%s", c.want, out.String())
		}
	}
}

// The page is well-formed as far as XML can see, has every plot, draws within
// its pictures, asks for nothing on the network, and runs no text as markup.
func TestPage(t *testing.T) {
	var out bytes.Buffer
	if err := sample().WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if n := strings.Count(text, "<svg viewBox=\"0 0 720 320\" role=\"img\" aria-label="); n != 5 {
		t.Errorf("%d pictures with a description, want 5", n)
	}
	for _, bad := range []string{"http://", "https://", "<script", "url(", "<link", "NaN", "Inf", "%!", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"prefers-color-scheme: dark", "brana bench --mix &#39;relay;&lt;x&gt;&#39;", "# &lt;script&gt;", "1.67×",
		"nginx/1.22"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, picture := range regexp.MustCompile(`(?s)<svg viewBox="0 0 720 320".*?</svg>`).FindAllString(text, -1) {
		checkPicture(t, picture)
	}
}

// A target has the same colour in every plot, though others are not in all of
// them: of the registries alone there is no CPU time.
func TestATargetLooksTheSameInAllPlots(t *testing.T) {
	r := sample()
	for i := range r.Turns { // another target, before nginx
		direct := r.Turns[i]
		if direct.Target == "brana" {
			direct.Target, direct.Uses = "direct", nil
			r.Turns = append([]Turn{r.Turns[0], direct}, r.Turns[1:]...)
			break
		}
	}
	looks := map[string]map[int]bool{}
	for _, p := range []plot{r.percentiles(), r.overTime("", "", perSecond, false, func(s Second) float64 { return float64(s.Right) }),
		r.cpuBars(), r.memory()} {
		for _, s := range p.Series {
			if looks[s.Name] == nil {
				looks[s.Name] = map[int]bool{}
			}
			looks[s.Name][s.Look] = true
		}
	}
	if diff := cmp.Diff(map[string]map[int]bool{"brana": {0: true}, "direct": {1: true}, "nginx": {2: true}}, looks); diff != "" {
		t.Error(diff)
	}
}

func checkPicture(t *testing.T, picture string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Local != "polyline" {
			continue
		}
		for _, a := range start.Attr {
			if a.Name.Local != "points" {
				continue
			}
			for point := range strings.FieldsSeq(a.Value) {
				var x, y float64
				if n, err := fmt.Sscanf(point, "%f,%f", &x, &y); n != 2 || err != nil || x < 0 || x > 720 || y < 0 || y > 320 {
					t.Errorf("%q is outside of the picture", point)
				}
			}
		}
	}
}

// A report of nothing right is shown all the same.
func TestPageOfNothing(t *testing.T) {
	r := sample()
	r.Turns = []Turn{{Target: "brana", Round: 1, Wrong: map[string]int64{"cannot connect": 5}}}
	var out bytes.Buffer
	if err := errors.Join(r.WriteHTML(&out), r.WriteTable(&out)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "NaN") || !strings.Contains(out.String(), "5 × cannot connect") {
		t.Error(out.String())
	}
}
