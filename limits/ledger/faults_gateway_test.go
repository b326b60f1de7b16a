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

// A kind is callers that are alike; each has an account in each of some shards, and another in every round.
type kind struct {
	name    string
	shards  []int
	rule    limits.Rule
	callers int           // that call at once, in each gateway
	pause   time.Duration // between calls
	lasts   time.Duration // of a call
	old     bool          // accounts of earlier rounds are called too: they stay at their limit
}

// kinds are what makes every fault happen while some limit is reached: the quota long ago, the quota about now, few slots
// of which gateways hold none in vain, and many that they lease.
var kinds = []kind{
	{name: "full", shards: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, rule: rule(100, 100, 1000), callers: 2, pause: 2 * time.Millisecond, old: true},
	{name: "rising", shards: []int{0, 5, 10, 15}, rule: rule(600, 600, 1000), callers: 2, pause: 40 * time.Millisecond},
	{name: "narrow", shards: []int{3, 8, 13}, rule: rule(1_000_000, 1_000_000, 6), callers: 8, lasts: 200 * time.Millisecond},
	{name: "wide", shards: []int{1, 6, 11}, rule: rule(1_000_000, 1_000_000, 16), callers: 14, lasts: 200 * time.Millisecond},
}

const (
	// patience is more than the default, for a machine with other work to do.
	patience     = 250 * time.Millisecond
	callLifetime = 3 * time.Second
	// longCall is how long one call in forty lasts: so some are under way in every fault.
	longCall = 2500 * time.Millisecond
)

// account is the key of a kind's caller in a shard in a round.
func (k *kind) account(shard, round int) limits.Key {
	for i := 0; ; i++ {
		if key := limits.KeyOf("fault suite", k.name, fmt.Sprint(round), fmt.Sprint(i)); int(key[0])%shardCount == shard {
			return key
		}
	}
}

// orders are what a gateway of the fault suite is told at its start.
type orders struct {
	URL      string
	Log      string // a file of its own
	Script   string // in the place of ledger.lua; empty: none
	Replicas int    // that acknowledge
	Stripes  int    // always dealt to; 0: as usual
}

// A caged gateway is a process of its own: this test binary, started again with orders in the environment. It makes calls
// for the round that its standard input last named, and ends with it. On its standard output it says each state that it
// comes to.
//
// Its log is what is believed: a line is written before the call that it tells of begins, by one write to the file, which
// a kill does not undo.
type caged struct {
	store *Store
	log   *os.File
	round atomic.Int64
	calls atomic.Int64

	refused, failed atomic.Int64
	longest         atomic.Int64 // decision, in nanoseconds
}

// ordersVariable has the orders of a caged gateway.
const ordersVariable = "BRANA_FAULTS_GATEWAY"

// playGateway is the main function of a caged gateway.
func playGateway(text string) (err error) {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	g := &caged{}
	if g.log, err = os.OpenFile(o.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	calendar, err := limits.NewCalendar(limits.CalendarConfig{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"})
	if err != nil {
		return err
	}
	if g.store, err = prepare(Config{URL: o.URL, Calendar: calendar, TrustEmpty: true, Timeout: patience, Replicas: o.Replicas}); err != nil {
		return err
	}
	if o.Script != "" {
		g.store.script = redis.NewScript(o.Script)
	}
	if o.Stripes > 0 {
		g.store.striping = *always(o.Stripes)
	}
	g.store.open()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var group sync.WaitGroup
	for i := range kinds {
		for range kinds[i].callers {
			group.Go(func() { g.callAll(ctx, &kinds[i]) })
		}
	}
	group.Go(func() { g.tellStates(ctx) })
	for rounds := bufio.NewScanner(os.Stdin); rounds.Scan() && err == nil; {
		var round int64
		_, err = fmt.Sscan(rounds.Text(), &round)
		g.round.Store(round)
	}
	stop()
	group.Wait()
	return errors.Join(err, g.store.Close(), g.log.Close())
}

// tellStates says each change of state on standard output, and counts what was not admitted in the log.
func (g *caged) tellStates(ctx context.Context) {
	last := limits.State(len(limits.States))
	for n := 0; ctx.Err() == nil; n++ {
		if s := g.store.Stats().State; s != last {
			last = s
			fmt.Println(s, monotonic())
		}
		if n%5 == 0 {
			fmt.Fprintf(g.log, "= %d %d %d %d\n", g.refused.Swap(0), g.failed.Swap(0), monotonic(), g.longest.Swap(0))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// callAll makes the calls of one of a kind's callers, one after the other.
func (g *caged) callAll(ctx context.Context, k *kind) {
	keys := map[[2]int]limits.Key{}
	for ctx.Err() == nil {
		round := int(g.round.Load())
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
		g.call(ctx, k, fmt.Sprintf("%s.%d.%d", k.name, round, shard), key)
	}
}

func (g *caged) call(ctx context.Context, k *kind, account string, key limits.Key) {
	began := monotonic()
	d, err := g.store.Admit(ctx, limits.Call{Key: key, Rule: k.rule, Lifetime: callLifetime})
	for took, last := monotonic()-began, g.longest.Load(); took > last && !g.longest.CompareAndSwap(last, took); last = g.longest.Load() {
	}
	switch {
	case err != nil:
		g.failed.Add(1)
		time.Sleep(50 * time.Millisecond)
		return
	case d.Verdict != limits.Admitted:
		g.refused.Add(1)
		time.Sleep(20*time.Millisecond + k.pause)
		return
	}
	id := g.calls.Add(1)
	fmt.Fprintf(g.log, "+ %d %s %d %d\n", id, account, began, monotonic())
	if k.lasts > 0 && rand.IntN(40) == 0 {
		time.Sleep(longCall)
	} else {
		time.Sleep(k.lasts)
	}
	fmt.Fprintf(g.log, "- %d %d\n", id, monotonic())
	_ = g.store.Release(ctx, d.Slot)
	time.Sleep(k.pause)
}
