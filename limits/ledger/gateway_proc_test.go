package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"brana/limits"

	"github.com/redis/go-redis/v9"
)

// A kind is callers that are alike. Each has an account in each of some shards, and another one in
// every round.
type kind struct {
	name    string
	shards  []int
	rule    limits.Rule
	callers int           // that call at once, in each gateway
	pause   time.Duration // between calls
	lasts   time.Duration // of a call
	old     bool          // accounts of earlier rounds are called too: they stay at their limit
}

// kinds cover every limit, so that some limit is reached in every fault.
var kinds = []kind{
	{ // the quota was reached long ago
		name: "full", shards: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		rule: rule(100, 100, 1000), callers: 2, pause: 2 * time.Millisecond, old: true,
	},
	{ // the quota is reached about now
		name: "rising", shards: []int{0, 5, 10, 15},
		rule: rule(600, 600, 1000), callers: 2, pause: 40 * time.Millisecond,
	},
	{ // few slots: gateways keep no spare ones
		name: "narrow", shards: []int{3, 8, 13},
		rule: rule(1_000_000, 1_000_000, 6), callers: 8, lasts: 200 * time.Millisecond,
	},
	{ // many slots: gateways lease spare ones
		name: "wide", shards: []int{1, 6, 11},
		rule: rule(1_000_000, 1_000_000, 16), callers: 14, lasts: 200 * time.Millisecond,
	},
}

const (
	// patience is longer than the default timeout, for a machine with other work to do.
	patience     = 250 * time.Millisecond
	callLifetime = 3 * time.Second
	// longCall is how long one call in forty lasts, so that some are under way in every fault.
	longCall = 2500 * time.Millisecond
)

// account is the key of a kind's account in a shard and a round.
func (k *kind) account(shard, round int) limits.Key {
	for i := 0; ; i++ {
		key := limits.KeyOf("fault suite", k.name, fmt.Sprint(round), fmt.Sprint(i))
		if int(key[0])%shardCount == shard {
			return key
		}
	}
}

// procConfig configures a gateway process.
type procConfig struct {
	URL      string
	Log      string // a file of its own
	Script   string // replaces ledger.lua; empty: ledger.lua
	Replicas int    // that must acknowledge
	Stripes  int    // that are always dealt to; 0: as in production
}

// A proc is the inside of a gateway process: this test binary, started again with a procConfig in
// its environment. It makes the calls of the round that its standard input named last, and ends
// when its standard input ends. It prints each change of its state.
//
// Its log is the evidence. Each line is written before the call that it reports begins, by one
// write to the file, which a kill does not undo.
type proc struct {
	store *Store
	log   *os.File
	round atomic.Int64
	calls atomic.Int64

	refused, failed atomic.Int64
	longest         atomic.Int64 // decision, in nanoseconds
}

// procVariable is the environment variable that holds a procConfig.
const procVariable = "BRANA_FAULTS_GATEWAY"

// runProc is the main function of a gateway process.
func runProc(text string) (err error) {
	var config procConfig
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return err
	}
	p := &proc{}
	if p.log, err = os.OpenFile(config.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	if err := p.open(config); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var group sync.WaitGroup
	for i := range kinds {
		for range kinds[i].callers {
			group.Go(func() { p.callAll(ctx, &kinds[i]) })
		}
	}
	group.Go(func() { p.report(ctx) })
	for rounds := bufio.NewScanner(os.Stdin); rounds.Scan() && err == nil; {
		var round int64
		_, err = fmt.Sscan(rounds.Text(), &round)
		p.round.Store(round)
	}
	stop()
	group.Wait()
	return errors.Join(err, p.store.Close(), p.log.Close())
}

// open opens the store.
func (p *proc) open(config procConfig) error {
	calendar, err := limits.NewCalendar(limits.CalendarConfig{
		Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague",
	})
	if err != nil {
		return err
	}
	p.store, err = prepare(Config{
		URL: config.URL, Calendar: calendar, TrustEmpty: true, Timeout: patience, Replicas: config.Replicas,
	})
	if err != nil {
		return err
	}
	if config.Script != "" {
		p.store.script.source = redis.NewScript(config.Script)
	}
	if config.Stripes > 0 {
		p.store.striping = *stripeAlways(config.Stripes)
	}
	p.store.open()
	return nil
}

// report prints each change of state, and logs the number of calls that were not admitted.
func (p *proc) report(ctx context.Context) {
	last := limits.State(len(limits.States))
	for n := 0; ctx.Err() == nil; n++ {
		if s := p.store.Stats().State; s != last {
			last = s
			fmt.Println(s, monotonic())
		}
		if n%5 == 0 {
			fmt.Fprintf(p.log, "= %d %d %d %d\n",
				p.refused.Swap(0), p.failed.Swap(0), monotonic(), p.longest.Swap(0))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// callAll makes the calls of one of a kind's callers, one after the other.
func (p *proc) callAll(ctx context.Context, k *kind) {
	keys := map[[2]int]limits.Key{}
	for ctx.Err() == nil {
		round := int(p.round.Load())
		if round == 0 {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		if k.old && rand.IntN(4) == 0 {
			round = 1 + rand.IntN(round)
		}
		shard := k.shards[rand.IntN(len(k.shards))]
		key, known := keys[[2]int{shard, round}]
		if !known {
			key = k.account(shard, round)
			keys[[2]int{shard, round}] = key
		}
		p.call(ctx, k, fmt.Sprintf("%s.%d.%d", k.name, round, shard), key)
	}
}

func (p *proc) call(ctx context.Context, k *kind, account string, key limits.Key) {
	began := monotonic()
	d, err := p.store.Admit(ctx, limits.Call{Key: key, Rule: k.rule, Lifetime: callLifetime})
	took := monotonic() - began
	for last := p.longest.Load(); took > last && !p.longest.CompareAndSwap(last, took); {
		last = p.longest.Load()
	}
	switch {
	case err != nil:
		p.failed.Add(1)
		time.Sleep(50 * time.Millisecond)
		return
	case d.Verdict != limits.Admitted:
		p.refused.Add(1)
		time.Sleep(20*time.Millisecond + k.pause)
		return
	}
	id := p.calls.Add(1)
	fmt.Fprintf(p.log, "+ %d %s %d %d\n", id, account, began, monotonic())
	if k.lasts > 0 && rand.IntN(40) == 0 {
		time.Sleep(longCall)
	} else {
		time.Sleep(k.lasts)
	}
	fmt.Fprintf(p.log, "- %d %d\n", id, monotonic())
	_ = p.store.Release(ctx, d.Slot)
	time.Sleep(k.pause)
}
