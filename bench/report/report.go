package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brana/bench/load"
)

// Format is the version of the JSON. Reports of other versions are not read.
const Format = 1

// A Report has all that one benchmark measured, and how.
type Report struct {
	Format   int               `json:"format"`
	Made     time.Time         `json:"made"`
	Command  []string          `json:"command"`
	Commit   string            `json:"commit,omitempty"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"` // of the programs that took part
	Configs  map[string]string `json:"configs"`  // how they were configured
	Plan     Plan              `json:"plan"`
	Turns    []Turn            `json:"turns"`
	Notes    []string          `json:"notes,omitempty"` // for the reader
}

// Machine is the machine on which a benchmark ran.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"`
	Kernel string `json:"kernel"`
}

// Plan is what was sent.
type Plan struct {
	Profile     string        `json:"profile"` // constant, closed, country, ramp, soak
	Mix         string        `json:"mix"`
	Rate        float64       `json:"rate,omitempty"` // calls a second that were to start; the highest of a profile
	Connections int           `json:"connections"`
	Fresh       bool          `json:"fresh"` // a connection for each call
	TLS         bool          `json:"tls"`
	Duration    time.Duration `json:"duration"` // of one turn
	Rounds      int           `json:"rounds"`
	Detail      string        `json:"detail,omitempty"` // of the profile, in words

	// Older reports lack the rest; zero means that a value is unknown.
	Gateways int      `json:"gateways,omitempty"`
	Cores    int      `json:"cores,omitempty"`  // that each gateway and peer may use at once
	Limits   string   `json:"limits,omitempty"` // where the quotas are: memory, redis
	Set      []string `json:"set,omitempty"`    // settings of the registries, those that the mix needs too
}

// A Turn is one target measured once.
type Turn struct {
	Target  string           `json:"target"`
	Round   int              `json:"round"`
	Asked   float64          `json:"asked,omitempty"` // rate that the plan asks for
	Took    time.Duration    `json:"took"`
	Rate    float64          `json:"rate"` // right answers a second
	Right   int64            `json:"right"`
	Wrong   map[string]int64 `json:"wrong"` // by what was wrong
	Unsent  int64            `json:"unsent"`
	Sent    int64            `json:"sent_bytes"`
	Got     int64            `json:"got_bytes"`
	Latency Latency          `json:"latency"`
	Slip    Latency          `json:"slip"` // by which the generator itself was late
	Kinds   map[string]Kind  `json:"kinds"`
	Seconds []Second         `json:"seconds"`
	Uses    []Use            `json:"uses"`

	Mallocs   *float64 `json:"mallocs_per_call,omitempty"`
	Allocated *float64 `json:"allocated_bytes_per_call,omitempty"`
	Redis     *float64 `json:"redis_commands_per_call,omitempty"` // sent by gateways, a script being one
	RedisAll  *float64 `json:"redis_all_commands_per_call,omitempty"`
	Path      *Path    `json:"path,omitempty"`
}

// Latency is a distribution in nanoseconds.
type Latency struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   int64   `json:"p50"`
	P90   int64   `json:"p90"`
	P99   int64   `json:"p99"`
	P999  int64   `json:"p999"`
	Max   int64   `json:"max"`
	Curve []Point `json:"curve,omitempty"`
}

// A Point of a curve: Percent of the calls took at most a latency.
type Point struct {
	Percent float64 `json:"percent"`
	Nanos   int64   `json:"ns"`
}

// A Kind is one scenario of a turn.
type Kind struct {
	Right   int64   `json:"right"`
	Wrong   int64   `json:"wrong"`
	Latency Latency `json:"latency"`
}

// A Second is one second of a turn.
type Second struct {
	At    time.Duration `json:"at"` // its end
	Right int64         `json:"right"`
	Wrong int64         `json:"wrong"`
	P50   time.Duration `json:"p50"`
	P99   time.Duration `json:"p99"`
	Max   time.Duration `json:"max"`
}

// Use is what a program used in a turn, with all its processes.
type Use struct {
	Program    string        `json:"program"`
	CPU        time.Duration `json:"cpu"`
	CPUPerCall float64       `json:"cpu_per_call"` // ns, over all answers
	RSS        []Sample      `json:"rss"`
}

// Grown is the growth of the memory of a program in the turn, in bytes.
func (u Use) Grown() int64 {
	if len(u.RSS) == 0 {
		return 0
	}
	return u.RSS[len(u.RSS)-1].Bytes - u.RSS[0].Bytes
}

// Most is the greatest memory that was measured, in bytes.
func (u Use) Most() int64 {
	var most int64
	for _, s := range u.RSS {
		most = max(most, s.Bytes)
	}
	return most
}

// A Sample is a size at a time since the beginning of a turn.
type Sample struct {
	At    time.Duration `json:"at"`
	Bytes int64         `json:"bytes"`
}

// Path is E198 beside its critical path: the sum of the times, by the log of the
// registries, of the messages on the longest way through the call.
type Path struct {
	Calls int     `json:"calls"`
	Path  int64   `json:"path_p50"`
	Whole int64   `json:"whole_p50"`
	Ratio float64 `json:"ratio"`
}

// Errors is the number of calls of a turn without a right answer.
func (t *Turn) Errors() int64 {
	n := t.Unsent
	for _, wrong := range t.Wrong {
		n += wrong
	}
	return n
}

// Use is what a program used, or nil.
func (t *Turn) Use(program string) *Use {
	for i := range t.Uses {
		if t.Uses[i].Program == program {
			return &t.Uses[i]
		}
	}
	return nil
}

// percents are the points of a curve. Each further nine is a tenth of the rest.
var percents = []float64{0, 10, 25, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 96, 97, 98, 99, 99.25,
	99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100}

// LatencyOf reads a histogram of nanoseconds.
func LatencyOf(h *hdrhistogram.Histogram, curve bool) Latency {
	l := Latency{
		Count: h.TotalCount(),
		Mean:  h.Mean(),
		P50:   h.ValueAtQuantile(50),
		P90:   h.ValueAtQuantile(90),
		P99:   h.ValueAtQuantile(99),
		P999:  h.ValueAtQuantile(99.9),
		Max:   h.Max(),
	}
	if !curve || l.Count == 0 {
		return l
	}
	for _, p := range percents {
		if p < 100 && (100-p)/100*float64(l.Count) < 1 {
			continue // too few calls for this point
		}
		l.Curve = append(l.Curve, Point{p, h.ValueAtQuantile(p)})
	}
	return l
}

// TurnOf is a turn with the measurements of the generator.
func TurnOf(target string, round int, o *load.Outcome) Turn {
	t := Turn{
		Target:  target,
		Round:   round,
		Took:    o.Took,
		Rate:    o.Rate(),
		Right:   o.Right,
		Wrong:   o.Wrong,
		Unsent:  o.Unsent,
		Sent:    o.In,
		Got:     o.Out,
		Latency: LatencyOf(o.Latency, true),
		Slip:    LatencyOf(o.Slip, false),
		Kinds:   map[string]Kind{},
	}
	for name, k := range o.Kinds {
		t.Kinds[name] = Kind{k.Right, k.Wrong, LatencyOf(k.Latency, false)}
	}
	for _, s := range o.Seconds {
		t.Seconds = append(t.Seconds, Second{s.At, s.Right, s.Wrong, s.P50, s.P99, s.MaxInSecond})
	}
	return t
}

// Targets are the targets in the order of their first turns.
func (r *Report) Targets() []string {
	var list []string
	for _, t := range r.Turns {
		if !slices.Contains(list, t.Target) {
			list = append(list, t.Target)
		}
	}
	return list
}

// Of returns the turns of a target.
func (r *Report) Of(target string) []Turn {
	var list []Turn
	for _, t := range r.Turns {
		if t.Target == target {
			list = append(list, t)
		}
	}
	return list
}

// Write writes the report as JSON.
func (r *Report) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// ReadFile reads a report.
func ReadFile(name string) (*Report, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("read report %s: %w", name, err)
	}
	switch {
	case r.Format != Format:
		return nil, fmt.Errorf(
			"read report %s: it has format %d, this program reads %d", name, r.Format, Format,
		)
	case len(r.Turns) == 0:
		return nil, errors.New("read report " + name + ": it has no measurements")
	}
	return &r, nil
}
