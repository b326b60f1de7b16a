package trial

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"brana/bench/report"
	"brana/bench/stand"
)

// record holds what programs use while a turn runs.
type record struct {
	setup    *setup
	target   *target
	begin    time.Time
	programs map[string][]int
	cpu      map[string]time.Duration // at the beginning
	counters []stand.Counters         // of each gateway
	redis    stand.RedisUse

	stop chan struct{}
	done sync.WaitGroup
	mu   sync.Mutex
	rss  map[string][]report.Sample
}

// record begins to record what a target uses, and the programs behind it.
func (s *setup) record(ctx context.Context, target *target) (*record, error) {
	u := &record{
		setup:    s,
		target:   target,
		programs: map[string][]int{},
		cpu:      map[string]time.Duration{},
		stop:     make(chan struct{}),
		rss:      map[string][]report.Sample{},
	}
	if len(target.pids) > 0 {
		u.programs[report.Subject] = target.pids
	}
	for name, pids := range s.programs {
		if name != "redis" || target.redis != nil {
			u.programs[name] = pids
		}
	}
	var err error
	if u.counters, err = scrape(ctx, target.admin); err != nil {
		return nil, err
	}
	if target.redis != nil {
		if u.redis, err = target.redis.Use(ctx); err != nil {
			return nil, err
		}
	}
	u.begin = time.Now()
	for name, pids := range u.programs {
		use, err := stand.UseOf(pids...)
		if err != nil {
			return nil, err
		}
		u.cpu[name] = use.CPU
		u.rss[name] = []report.Sample{{At: 0, Bytes: use.RSS}}
	}
	u.done.Go(u.sample)
	return u, nil
}

func scrape(ctx context.Context, admins []string) ([]stand.Counters, error) {
	var list []stand.Counters
	for _, admin := range admins {
		c, err := stand.Scrape(ctx, admin)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// sample reads memory once a second, in long turns more rarely.
func (u *record) sample() {
	every := time.Second
	for {
		select {
		case <-u.stop:
			return
		case <-time.After(every):
		}
		u.take()
		every = max(time.Second, time.Since(u.begin)/300)
	}
}

func (u *record) take() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for name, pids := range u.programs {
		if use, err := stand.UseOf(pids...); err == nil { // addTo reports a process that has ended
			u.rss[name] = append(
				u.rss[name], report.Sample{At: time.Since(u.begin), Bytes: use.RSS},
			)
		}
	}
}

// end ends the record. A program that has ended by itself is an error.
func (u *record) end() error {
	close(u.stop)
	u.done.Wait()
	u.take()
	for _, p := range u.setup.processes {
		if p.Ended() {
			return fmt.Errorf("%s has ended by itself; %s", p.Name, p.LastWords())
		}
	}
	return nil
}

// addTo adds a record that has ended to a turn.
func (u *record) addTo(ctx context.Context, turn *report.Turn) error {
	ctx = context.WithoutCancel(ctx) // a turn that was interrupted is reported too
	calls := float64(max(turn.Right+turn.Errors()-turn.Unsent, 1))
	for _, name := range []string{report.Subject, "redis", "registries"} {
		pids, ok := u.programs[name]
		if !ok {
			continue
		}
		use, err := stand.UseOf(pids...)
		if err != nil {
			return err
		}
		cpu := use.CPU - u.cpu[name]
		turn.Uses = append(turn.Uses, report.Use{
			Program:    name,
			CPU:        cpu,
			CPUPerCall: float64(cpu) / calls,
			RSS:        u.rss[name],
		})
	}
	if err := u.addPath(ctx, turn); err != nil {
		return err
	}
	if err := u.addCounters(ctx, turn, calls); err != nil {
		return err
	}
	if u.target.redis == nil {
		return nil
	}
	redis, err := u.target.redis.Use(ctx)
	if err != nil {
		return err
	}
	scripts := float64(redis.Calls-u.redis.Calls) / calls
	all := float64(redis.Commands-u.redis.Commands) / calls
	turn.Redis, turn.RedisAll = &scripts, &all
	return nil
}

// addCounters adds the allocations of the gateways, for each call.
func (u *record) addCounters(ctx context.Context, turn *report.Turn, calls float64) error {
	counters, err := scrape(ctx, u.target.admin)
	if err != nil || len(counters) == 0 {
		return err
	}
	perCall := func(name string) *float64 {
		sum := 0.0
		for i := range counters {
			sum += counters[i][name] - u.counters[i][name]
		}
		sum /= calls
		return &sum
	}
	turn.Mallocs = perCall("go_memstats_mallocs_total")
	turn.Allocated = perCall("go_memstats_alloc_bytes_total")
	return nil
}

// addPath adds the latency of E198 and of its critical path, if one kind of E198 was
// sent and the registries were started by the trial.
func (u *record) addPath(ctx context.Context, turn *report.Turn) error {
	var whole int64
	for name, k := range turn.Kinds {
		if strings.HasPrefix(name, "e198") && k.Right > 0 {
			if whole > 0 {
				return nil // medians of several kinds are not comparable
			}
			whole = k.Latency.P50
		}
	}
	if whole == 0 || u.setup.sim == "" {
		return nil
	}
	log, err := stand.RegistriesLog(ctx, u.setup.sim)
	if err != nil {
		return err
	}
	if paths := stand.Paths(log, u.begin); len(paths) > 0 {
		path := int64(paths[len(paths)/2])
		turn.Path = &report.Path{
			Calls: len(paths),
			Path:  path,
			Whole: whole,
			Ratio: float64(whole) / float64(max(path, 1)),
		}
	}
	return nil
}
