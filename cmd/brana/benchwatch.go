package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"brana/bench/report"
	"brana/bench/stand"
)

// A watch reads what programs use while a turn runs.
type watch struct {
	s        *benchStand
	target   *benchTarget
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

// watch begins to watch a target and what stands behind it.
func (s *benchStand) watch(ctx context.Context, target *benchTarget) (*watch, error) {
	w := &watch{s: s, target: target, programs: map[string][]int{}, cpu: map[string]time.Duration{}, stop: make(chan struct{}), rss: map[string][]report.Sample{}}
	if len(target.pids) > 0 {
		w.programs[report.Subject] = target.pids
	}
	for name, pids := range s.programs {
		if name != "redis" || target.redis != nil {
			w.programs[name] = pids
		}
	}
	var err error
	if w.counters, err = scrape(ctx, target.admin); err != nil {
		return nil, err
	}
	if target.redis != nil {
		if w.redis, err = target.redis.Use(ctx); err != nil {
			return nil, err
		}
	}
	w.begin = time.Now()
	for name, pids := range w.programs {
		use, err := stand.UseOf(pids...)
		if err != nil {
			return nil, err
		}
		w.cpu[name] = use.CPU
		w.rss[name] = []report.Sample{{At: 0, Bytes: use.RSS}}
	}
	w.done.Go(w.sample)
	return w, nil
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

// sample reads the memory once a second, of long turns more rarely.
func (w *watch) sample() {
	every := time.Second
	for {
		select {
		case <-w.stop:
			return
		case <-time.After(every):
		}
		w.take()
		every = max(time.Second, time.Since(w.begin)/300)
	}
}

func (w *watch) take() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, pids := range w.programs {
		if use, err := stand.UseOf(pids...); err == nil { // the end of a process is told by into
			w.rss[name] = append(w.rss[name], report.Sample{At: time.Since(w.begin), Bytes: use.RSS})
		}
	}
}

// end ends the watch. It tells when one of the programs is not there any more.
func (w *watch) end() error {
	close(w.stop)
	w.done.Wait()
	w.take()
	for _, p := range w.s.processes {
		if p.Ended() {
			return fmt.Errorf("%s has ended by itself; %s", p.Name, p.LastWords())
		}
	}
	return nil
}

// into adds what a watch that has ended saw to a turn.
func (w *watch) into(ctx context.Context, turn *report.Turn) error {
	ctx = context.WithoutCancel(ctx) // also of a turn that was ended
	calls := float64(max(turn.Right+turn.Errors()-turn.Unsent, 1))
	for _, name := range []string{report.Subject, "redis", "registries"} {
		pids, ok := w.programs[name]
		if !ok {
			continue
		}
		use, err := stand.UseOf(pids...)
		if err != nil {
			return err
		}
		cpu := use.CPU - w.cpu[name]
		turn.Uses = append(turn.Uses, report.Use{Program: name, CPU: cpu, CPUPerCall: float64(cpu) / calls, RSS: w.rss[name]})
	}
	if err := w.path(ctx, turn); err != nil {
		return err
	}
	counters, err := scrape(ctx, w.target.admin)
	if err != nil {
		return err
	}
	if len(counters) > 0 {
		perCall := func(name string) *float64 {
			sum := 0.0
			for i := range counters {
				sum += counters[i][name] - w.counters[i][name]
			}
			sum /= calls
			return &sum
		}
		turn.Mallocs, turn.Allocated = perCall("go_memstats_mallocs_total"), perCall("go_memstats_alloc_bytes_total")
	}
	if w.target.redis == nil {
		return nil
	}
	redis, err := w.target.redis.Use(ctx)
	if err != nil {
		return err
	}
	scripts, all := float64(redis.Calls-w.redis.Calls)/calls, float64(redis.Commands-w.redis.Commands)/calls
	turn.Redis, turn.RedisAll = &scripts, &all
	return nil
}

// path adds E198 beside its critical path, when it was sent and the registries
// can be asked.
func (w *watch) path(ctx context.Context, turn *report.Turn) error {
	var whole int64
	for name, k := range turn.Kinds {
		if strings.HasPrefix(name, "e198") && k.Right > 0 {
			if whole > 0 {
				return nil // of several kinds the medians cannot be compared
			}
			whole = k.Latency.P50
		}
	}
	if whole == 0 || w.s.sim == "" {
		return nil
	}
	log, err := stand.RegistriesLog(ctx, w.s.sim)
	if err != nil {
		return err
	}
	if paths := stand.Paths(log, w.begin); len(paths) > 0 {
		path := int64(paths[len(paths)/2])
		turn.Path = &report.Path{Calls: len(paths), Path: path, Whole: whole, Ratio: float64(whole) / float64(max(path, 1))}
	}
	return nil
}
