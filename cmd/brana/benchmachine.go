package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"brana/bench/report"
)

// describe writes down what the report must say beside what was measured.
func (t *trial) describe() {
	r := &t.report
	r.Format, r.Made, r.Command = report.Format, time.Now().UTC().Truncate(time.Second), append([]string{"brana"}, os.Args[1:]...)
	r.Commit = commit()
	r.Machine = machine()
	r.Versions, r.Configs = t.stand.versions, t.stand.configs
	r.Versions["brana"], r.Versions["go"] = versionText(), runtime.Version()
	r.Plan = t.described()
}

// described is the plan as the report has it.
func (t *trial) described() report.Plan {
	p := report.Plan{Profile: t.Profile, Mix: t.Mix, Rate: t.Rate, Connections: t.Connections, Fresh: t.Fresh,
		TLS: strings.HasPrefix(t.stand.targets[0].urls[0], "https:"), Duration: t.Duration, Rounds: t.Rounds, Set: t.stand.set}
	if len(t.URL) > 0 {
		p.Gateways = len(t.URL) // where their quotas are is not known
	} else {
		p.Gateways, p.Cores, p.Limits = t.Gateways, t.Cores, "memory"
		if t.stand.redisURL != "" {
			p.Limits = "redis"
		}
	}
	switch t.Profile {
	case "closed":
		p.Rate = 0
	case "country":
		p.Rate = 0
		p.Detail = fmt.Sprintf("%s × %g, hours %g times shorter", t.Days, t.Scale, t.Speed)
		if plan, err := t.plan(); err == nil {
			p.Duration = plan.Pace.For().Round(time.Millisecond)
		}
	case "ramp":
		p.Detail = fmt.Sprintf("p99 at most %s", t.Bound)
	}
	return p
}

// commit is the one that the program was built from, by the Go tool or by
// whoever built it.
func commit() string {
	revision, changed := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = ", with changes"
			}
		}
	}
	if revision != "" {
		return revision + changed
	}
	return cmp.Or(version, "unknown (built without version control information)")
}

// machine reads what the kernel says of the machine; what it does not say
// stays empty.
func machine() report.Machine {
	m := report.Machine{Cores: runtime.NumCPU(), CPU: runtime.GOARCH}
	field := func(file, name string) string {
		text, _ := os.ReadFile(file) // absent elsewhere than on Linux
		for line := range strings.Lines(string(text)) {
			if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
				return strings.TrimSpace(value)
			}
		}
		return ""
	}
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		m.CPU = name
	}
	_, _ = fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%d kB", &m.Memory)
	m.Memory <<= 10
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	m.Kernel = strings.TrimSpace(string(kernel))
	return m
}
