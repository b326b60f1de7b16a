package ledger

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"syscall"

	"brana/limits"

	"github.com/redis/go-redis/v9"
)

// storyLedger is the ledger of a story.
type storyLedger interface {
	testLedger
	copy() storyLedger // what a replica has that is up to date
}

func (m *modelLedger) copy() storyLedger { return m.clone() }

func (s *scriptLedger) copy() storyLedger {
	c := &scriptLedger{client: s.client, script: s.script, base: "copy of " + s.base}
	c.flush()
	s.save()
	for key, dump := range s.saved {
		c.client.RestoreReplace(context.Background(), strings.Replace(key, s.base, c.base, 1), 0, dump)
	}
	return c
}

// storyRedis is a Redis with its ledger, its faults and a clock of its own.
type storyRedis struct {
	name         string
	ledger       storyLedger
	fence        string
	ahead        int64 // its clock less the true time, in milliseconds
	down, frozen bool
	waiting      []*request // came while it was frozen
}

// serve runs a request and returns the rows of ledger.lua.
func (r *storyRedis) serve(q *request, now int64) ([]any, error) {
	r.ledger.at(now+r.ahead, r.fence)
	if q.Operator {
		y, at, err := r.ledger.operate(q)
		return rowsOfTally(&y, at, err == limits.ErrLearning), notLearning(err)
	}
	a, err := r.ledger.serve(q)
	if err == errStale {
		return nil, nil
	}
	return rowsOfAnswer(&a), err
}

func notLearning(err error) error {
	if err == limits.ErrLearning {
		return nil
	}
	return err
}

// look is what an operator would see of the story's caller.
func (r *storyRedis) look(now int64) (limits.Tally, int64, error) {
	r.ledger.at(now+r.ahead, r.fence)
	return r.ledger.operate(&request{Operator: true, Settled: true, Entries: []entry{{key: storyKey}}})
}

func rowsOfAnswer(a *answer) []any {
	rows := []any{row(a.now, a.epoch, bit(a.learning), a.gateways, a.guide, a.taken, a.tick)}
	for _, g := range a.allotments {
		rows = append(rows, row(g.permits, g.leaves, g.slots, g.others, g.room, g.reset,
			g.counts[0], g.counts[1], g.wait[0], g.wait[1],
			g.extra.Made, g.extra.Calls, g.extra.Ends, g.forgotten))
	}
	return rows
}

func rowsOfTally(y *limits.Tally, now int64, learning bool) []any {
	account := row(int64(y.Slots), y.Leased, y.Extra.Made, y.Extra.Calls, y.Extra.Ends, y.Forgotten)
	for _, b := range y.Buckets {
		account = append(account, b.Leaves, b.Calls[0], b.Calls[1])
	}
	return []any{row(now, 0, bit(learning), 0, 0, 0, 0), account}
}

func row(numbers ...int64) (all []any) {
	for _, n := range numbers {
		all = append(all, n)
	}
	return all
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// wire is a hook of go-redis that takes a gateway's requests to the Redis of the story. No
// connection is made.
type wire struct {
	story   *story
	gateway *storyGateway
}

func (wire) DialHook(next redis.DialHook) redis.DialHook { return next }

func (wire) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (w wire) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		q, err := readRequest(cmd.Args())
		if err != nil {
			return err
		}
		rows, err := w.carry(q)
		cmd.(*redis.Cmd).SetVal(rows)
		return err
	}
}

// readRequest reads the arguments of EVALSHA: the digest, the number of keys, the keys, the
// request.
func readRequest(args []any) (*request, error) {
	q := &request{}
	if err := json.Unmarshal(args[len(args)-1].([]byte), q); err != nil {
		return nil, err
	}
	for i := range q.Entries {
		account := args[4+2*i].(string)
		digits := account[strings.LastIndexByte(account, ':')+1:]
		if _, err := hex.Decode(q.Entries[i].key[:], []byte(digits)); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// carry takes a request to the Redis that the gateway asks, and its answer back, if no fault is in
// the way.
func (w wire) carry(q *request) ([]any, error) {
	r, lost := w.gateway.redis, w.gateway.loses && len(q.Entries) > 0
	if len(q.Entries) > 0 && !q.Operator {
		w.story.note("%s asks %s: %s", w.gateway.name, r.name, asked(&q.Entries[0]))
	}
	switch {
	case r.down:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case r.frozen:
		r.waiting = append(r.waiting, q)
		return nil, context.DeadlineExceeded
	}
	rows, err := r.serve(q, w.story.clock.Millis())
	if err != nil || rows == nil || len(q.Entries) == 0 || q.Operator {
		return rows, err
	}
	w.story.note("%s answers %s: %s", r.name, w.gateway.name, answered(q.Seq, rows))
	if lost {
		w.gateway.loses = false
		w.story.note("the answer is lost")
		return nil, context.DeadlineExceeded
	}
	return rows, nil
}

// asked puts an entry into words.
func asked(e *entry) string {
	words := []string{fmt.Sprintf("need %d, ahead %d, slots %d", e.Need, max(0, e.More), e.Slots)}
	for _, back := range e.Back {
		if back[1] < 0 {
			words = append(words, fmt.Sprintf("gives back lease %d whole", back[0]))
		} else {
			words = append(words, fmt.Sprintf("closes lease %d, %d unused", back[0], back[1]))
		}
	}
	if e.Net != nil {
		open := int64(0)
		for _, l := range e.Leases {
			open += l[1]
		}
		words = append(words, fmt.Sprintf("replays %d used and %d leased", e.Net[0]+e.Net[1], open))
	}
	return strings.Join(words, ", ")
}

// answered puts the answer to the first entry into words.
func answered(seq int64, rows []any) string {
	head, grant := rows[0].([]any), rows[1].([]any)
	text := count(grant[2].(int64), "slot")
	if permits := grant[0].(int64); permits > 0 {
		text = fmt.Sprintf("lease %d of %s, %s", seq, count(permits, "permit"), text)
	}
	if head[2] == int64(1) {
		text = "learning, " + text
	}
	return text
}

// count is "1 slot" or "2 slots".
func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}
