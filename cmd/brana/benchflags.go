package main

import (
	"cmp"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"brana/bench/load"
	"brana/bench/report"
	"brana/bench/stand"
	"brana/bench/trial"
)

// benchFlags say what a benchmark measures, what it sends, as whom, and where its
// report goes.
type benchFlags struct {
	Against   []string `placeholder:"PEER" help:"Measure in turn with these, on the same registries: direct, nginx, nginx-unbuffered, haproxy; installed: direct and those that are here; NAME=FILE: another build of brana." group:"what is measured"`
	Audit     []string `placeholder:"MODE" help:"Measure in turn gateways that keep a record of use: before-answer, interval, os (its durability), unlogged (before-answer, and no log line of an exchange)." group:"what is measured"`
	AuditDir  string   `type:"existingdir" placeholder:"DIR" help:"Where their journals are, on the disk to be measured; default: a temporary folder." group:"what is measured"`
	Rules     []string `placeholder:"RULES" help:"Measure in turn gateways whose relays have these rules of items: pass (nothing is done), strict, as-iszr (items), filter, refuse (returned), hub (as-iszr and filter). The first is what the others are compared with." group:"what is measured"`
	InProcess bool     `help:"Gateway, registries and generator in this process, as brana dev; no CPU figures." group:"what is measured"`
	Gateways  int      `default:"1" help:"Gateways to start; several share a Redis." group:"what is measured"`
	Cores     int      `placeholder:"N" help:"Cores of each gateway and peer that is started; default: all." group:"what is measured"`
	Redis     string   `placeholder:"URL" help:"Redis of the gateways; start: start one." group:"what is measured"`
	URL       []string `placeholder:"URL" help:"Measure a gateway that runs, called at URL/CODE; calls go to several in turn." group:"what is measured"`
	Admin     string   `placeholder:"URL" help:"Its admin listener, for its own counters." group:"what is measured"`
	PID       int      `placeholder:"PID" help:"Its process on this machine, for CPU and memory." group:"what is measured"`
	Set       []string `placeholder:"REGISTRY.KEY=VALUE" help:"A setting of the registries started, as all.latency=5ms." group:"what is measured"`

	Profile     string        `default:"constant" enum:"constant,closed,country,ramp,soak" help:"constant: --rate; closed: each connection sends its next call when the last was answered; country: the load of the whole country, hour by hour; ramp: the highest rate that holds; soak: constant, 30 minutes long." group:"what is sent"`
	Mix         string        `placeholder:"NAME=WEIGHT,…" help:"Scenarios and their weights; see --scenarios. Default: relay with --against, else relay=90,e227=5,e198=5." group:"what is sent"`
	Scenarios   bool          `help:"List the scenarios and exit." group:"what is sent"`
	Rate        float64       `default:"500" help:"Calls a second; for ramp, the first rate." group:"what is sent"`
	Connections int           `default:"64" help:"Connections, which bound the calls at once." group:"what is sent"`
	Fresh       bool          `help:"A connection and its TLS handshake for each call, as the reference client of the bus does." group:"what is sent"`
	Duration    time.Duration `placeholder:"10s" help:"Length of one turn; for ramp, of one step; 30m for soak." group:"what is sent"`
	Warmup      time.Duration `default:"2s" help:"Time before each turn that is not measured." group:"what is sent"`
	Rounds      int           `placeholder:"3" help:"How often each target is measured; once by country, ramp and soak." group:"what is sent"`
	Scale       float64       `default:"1" help:"country: factor of the rate." group:"what is sent"`
	Speed       float64       `default:"600" help:"country: factor by which hours are shorter; the rate stays." group:"what is sent"`
	Days        string        `default:"peak" enum:"peak,week" help:"country: the day of the highest hour, or an average week." group:"what is sent"`
	Bound       time.Duration `default:"50ms" help:"ramp: the p99 that holds." group:"what is sent"`
	Timeout     time.Duration `default:"30s" help:"Longest wait for an answer." group:"what is sent"`

	Agenda string `default:"X999" group:"as whom"`
	Role   string `default:"XRB" help:"The role of the bench's own grant; --grant prints it." group:"as whom"`
	Ovm    string `default:"12345678" group:"as whom"`
	Ais    string `default:"999099" group:"as whom"`
	Grant  bool   `help:"Print the grant that a gateway at --url needs, and exit." group:"as whom"`
	TLS    bool   `name:"tls" help:"Gateways started have TLS and know the caller by its certificate, made for the run." group:"as whom"`
	Cert   string `type:"existingfile" placeholder:"FILE" help:"Certificate to call with, PEM." group:"as whom"`
	Key    string `type:"existingfile" placeholder:"FILE" help:"Its private key." group:"as whom"`
	CA     string `name:"ca" type:"existingfile" placeholder:"FILE" help:"CAs to trust, PEM." group:"as whom"`

	JSON string `type:"path" placeholder:"FILE" help:"Write the report there." group:"report"`
	HTML string `name:"html" type:"path" placeholder:"FILE" help:"Write it as a page for the browser." group:"report"`
}

// validate completes the flags and reports those that do not go together.
func (b *benchFlags) validate() error {
	b.complete()
	if err := b.checkAgainst(); err != nil {
		return err
	}
	if _, err := b.recorded(); err != nil {
		return err
	}
	if _, err := b.ruled(); err != nil {
		return err
	}
	if err := b.checkSubject(); err != nil {
		return err
	}
	return b.checkLoad()
}

// complete gives flags that were left out what the profile needs.
func (b *benchFlags) complete() {
	mix, duration, rounds := "relay=90,e227=5,e198=5", 10*time.Second, 1
	if len(b.Against) > 0 {
		mix = "relay"
	}
	switch b.Profile {
	case "soak":
		duration = 30 * time.Minute
	case "constant", "closed":
		rounds = 3
	}
	b.Mix = cmp.Or(b.Mix, mix)
	b.Duration = cmp.Or(b.Duration, duration)
	b.Rounds = cmp.Or(b.Rounds, rounds)
	if i := slices.Index(b.Against, "installed"); i >= 0 {
		b.Against = slices.Replace(b.Against, i, i+1,
			append([]string{report.Direct}, stand.Installed()...)...)
	}
}

// nameOfBuild matches the names that another build of brana may have.
var nameOfBuild = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// checkAgainst checks what is measured in turn with the gateway.
func (b *benchFlags) checkAgainst() error {
	names := slices.Concat([]string{"brana"}, b.Rules, b.Audit)
	for _, p := range b.Against {
		name, path, build := strings.Cut(p, "=")
		switch {
		case !build && !slices.Contains(benchPeers(), name):
			return fmt.Errorf("--against %s: choose of %s, or name another build of brana, as "+
				"before=./brana-before",
				p, strings.Join(benchPeers(), ", "))
		case build && (!nameOfBuild.MatchString(name) || slices.Contains(benchPeers(), name)):
			return fmt.Errorf(
				"--against %s: name the build by small letters, digits and hyphens, and not "+
					"as a peer",
				p,
			)
		case slices.Contains(names, name):
			return fmt.Errorf("--against %s: %s is measured already", p, name)
		}
		names = append(names, name)
		if _, err := exec.LookPath(path); build && err != nil {
			return fmt.Errorf("--against %s: give the file of a program: %w", p, err)
		}
	}
	return nil
}

// recorded returns the gateways with a record that are measured in turn with the one
// that keeps none.
func (b *benchFlags) recorded() (list []trial.Recorded, err error) {
	all := trial.Recordings()
	for _, name := range b.Audit {
		at := slices.IndexFunc(all, func(r trial.Recorded) bool { return r.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("--audit %s: choose of before-answer, interval, os, unlogged", name)
		}
		if slices.Contains(list, all[at]) {
			return nil, fmt.Errorf("--audit %s: it is measured already", name)
		}
		list = append(list, all[at])
	}
	if b.AuditDir != "" && len(list) == 0 {
		return nil, errors.New("--audit-dir is of gateways with a record; add --audit before-answer")
	}
	return list, nil
}

// ruled returns the gateways with rules that are measured in turn.
func (b *benchFlags) ruled() (list []trial.Ruled, err error) {
	all := trial.Rulings()
	for _, name := range b.Rules {
		at := slices.IndexFunc(all, func(r trial.Ruled) bool { return r.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("--rules %s: choose of pass, strict, as-iszr, filter, refuse, hub", name)
		}
		if slices.Contains(list, all[at]) {
			return nil, fmt.Errorf("--rules %s: it is measured already", name)
		}
		list = append(list, all[at])
	}
	return list, nil
}

// builds returns the other builds of brana among what is measured in turn with
// the gateway, and the peers.
func (b *benchFlags) builds() (builds []trial.Build, peers []string, err error) {
	for _, p := range b.Against {
		name, path, build := strings.Cut(p, "=")
		if !build {
			peers = append(peers, p)
			continue
		}
		path, err := filepath.Abs(path) // the process starts in another folder
		if err != nil {
			return nil, nil, err
		}
		builds = append(builds, trial.Build{Name: name, Path: path})
	}
	return builds, peers, nil
}

// checkSubject checks the flags of what is measured, and as whom.
func (b *benchFlags) checkSubject() error {
	started := len(b.URL) == 0
	if b.Cores == 0 {
		b.Cores = runtime.GOMAXPROCS(0)
	} else if !started || b.InProcess || b.Cores < 0 || b.Cores > runtime.GOMAXPROCS(0) {
		return fmt.Errorf(
			"--cores is of processes that are started, between 1 and the %d there are",
			runtime.GOMAXPROCS(0),
		)
	}
	switch {
	case !started && (b.InProcess || b.Gateways > 1 || len(b.others()) > 0 || len(b.Set) > 0):
		return errors.New(
			"--url measures what runs already; --against, --audit, --rules, --in-process, " +
				"--gateways and --set start something",
		)
	case b.InProcess && (len(b.others()) > 0 || b.Gateways > 1):
		return errors.New(
			"--in-process is one gateway alone; --against, --audit, --rules and --gateways need " +
				"processes",
		)
	case b.TLS && (!started || len(b.Against) > 0):
		return errors.New("--tls is of gateways that are started; " +
			"peers and registries have none, and a gateway at --url has its own")
	case !b.TLS && started && b.Cert+b.Key+b.CA != "":
		return errors.New("--cert, --key and --ca belong to --url; --tls makes its own")
	case started && (b.Admin != "" || b.PID != 0):
		return errors.New("--admin and --pid belong to --url")
	case len(b.URL) > 1 && (b.Admin != "" || b.PID != 0):
		return errors.New("--admin and --pid are of one gateway, and there are several at --url")
	case b.Gateways < 1 || b.Gateways > 16:
		return errors.New("--gateways is between 1 and 16")
	}
	return nil
}

// checkLoad checks the flags of what is sent.
func (b *benchFlags) checkLoad() error {
	switch {
	case b.Rounds < 1 || b.Connections < 1 || b.Connections > 60000 ||
		b.Duration <= 0 || b.Warmup < 0 || b.Timeout <= 0:
		return errors.New("--rounds, --connections, --duration and --timeout must be positive, " +
			"--connections at most 60000, --warmup not negative")
	case b.Profile == "ramp" && b.Rounds > 1:
		return errors.New("--profile ramp is one search; start it again for another")
	case !(b.Rate > 0) || !(b.Scale > 0) || !(b.Speed > 0) || b.Bound <= 0:
		return errors.New("--rate, --scale, --speed and --bound must be positive")
	}
	return nil
}

// others are what is measured in turn with the gateway.
func (b *benchFlags) others() []string { return slices.Concat(b.Against, b.Audit, b.Rules) }

// benchPeers are the peers that a gateway can be compared with.
func benchPeers() []string { return append([]string{report.Direct}, stand.Peers()...) }

// caller is the identity of the bench.
func (b *benchFlags) caller() load.Caller {
	return load.Caller{Agenda: b.Agenda, Role: b.Role, Ovm: b.Ovm, Ais: b.Ais}
}
