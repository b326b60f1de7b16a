package ledger

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
)

// handClock is a gateway's clock that a test moves; its monotonic time begins at a start.
type handClock struct {
	hand  *limitstest.Clock
	start time.Time
}

func (c handClock) now() int64           { return c.at(c.wall()) }
func (c handClock) wall() time.Time      { return c.hand.Now() }
func (c handClock) at(t time.Time) int64 { return t.Sub(c.start).Milliseconds() + 1 }

// goBy has a store that is not open yet, and the ledger for it, go by a clock that the test moves;
// the store started some time ago.
func (r *Store) goBy(hand *limitstest.Clock, ago time.Duration, source string) {
	r.clock = handClock{hand, hand.Now().Add(-ago)}
	r.script.source = redis.NewScript(virtual(source))
	r.client.AddHook(timed{hand})
	hand.Quiet = append(hand.Quiet, r.quiet)
}

// quiet waits until no request is under way, and holds up the next.
func (r *Store) quiet() (release func()) {
	for i := range r.shards {
		sh := &r.shards[i]
		for sh.mu.Lock(); sh.sender == senderBusy || sh.sender == senderDraining; sh.mu.Lock() {
			sh.mu.Unlock()
			time.Sleep(20 * time.Microsecond)
		}
	}
	return func() {
		for i := range r.shards {
			r.shards[i].mu.Unlock()
		}
	}
}

const (
	realClock = "local raw = clock()"
	realFence = "local mark = fence()"
)

// virtual is the script but for its clock and its fence: the request has both. The script itself
// obeys Redis alone.
func virtual(source string) string {
	source = strings.Replace(source, realClock, "local raw = request.time", 1)
	return strings.Replace(source, realFence, "local mark = request.fence or fence()", 1)
}

// timed is a hook of go-redis that puts the moment of a clock into each request.
type timed struct{ hand *limitstest.Clock }

func (timed) DialHook(next redis.DialHook) redis.DialHook { return next }

func (timed) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h timed) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		args := cmd.Args()
		if text, ok := args[len(args)-1].([]byte); ok && strings.HasPrefix(cmd.Name(), "eval") {
			args[len(args)-1] = stamped(text, fmt.Sprintf(`"time":%d,`, h.hand.Millis()))
		}
		return next(ctx, cmd)
	}
}

// stamped is a request with further fields; one that has them already is as it was.
func stamped(text []byte, fields string) []byte {
	if bytes.HasPrefix(text, []byte(`{"time":`)) {
		return text
	}
	return append([]byte("{"+fields), text[1:]...)
}

// The script goes by the clock and the identity of Redis, whatever a request says.
func TestTheScriptObeysRedisAlone(t *testing.T) {
	for _, real := range []string{realClock, realFence} {
		if strings.Count(ledgerSource, real) != 1 {
			t.Errorf("ledger.lua does not have %q once: tests would not replace it", real)
		}
	}
	if strings.Contains(ledgerSource, "request.time") || strings.Contains(ledgerSource, "request.fence") {
		t.Error("ledger.lua takes its clock or its fence from a request")
	}
	client := startServer(t).client(t)
	s := &scriptLedger{client: client, script: redis.NewScript(ledgerSource), base: "{obeys}"}
	before := time.Now().UnixMilli()
	first, err := ofHeartbeat(s, 1, 42, "f1")
	if err != nil {
		t.Fatal(err)
	}
	if after := time.Now().UnixMilli(); first.now < before || first.now > after {
		t.Errorf("ledger time is %d, want the clock of this machine, %d to %d", first.now, before, after)
	}
	second, err := ofHeartbeat(s, 2, first.now+time.Hour.Milliseconds(), "f2")
	if err != nil {
		t.Fatal(err)
	}
	if passed := second.now - first.now; passed < 0 || passed > time.Minute.Milliseconds() {
		t.Errorf("ledger time went from %d to %d: a request moved it", first.now, second.now)
	}
	if second.epoch != first.epoch {
		t.Errorf("the epoch went from %d to %d: a request gave the server another identity", first.epoch, second.epoch)
	}
}

// The same memory is not trusted after a start of its server, nor after a promotion: it may lack what
// was written last.
func TestMemoryOfAnotherLifeIsNotTrusted(t *testing.T) {
	server := startServer(t)
	for name, begin := range map[string]func(){
		"start": func() {
			server.kill()
			if !server.start() {
				t.Fatal("redis-server does not start again")
			}
		},
		"promotion": func() {
			server.command("REPLICAOF 127.0.0.1 1")
			server.command("REPLICAOF NO ONE")
		},
	} {
		s := &scriptLedger{client: server.client(t), script: redis.NewScript(ledgerSource), base: "{" + name + "}"}
		before, err := ofHeartbeat(s, 1, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		s.save()
		begin()
		s.client = server.client(t)
		s.restore()
		after, err := ofHeartbeat(s, 2, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		if before.epoch == after.epoch {
			t.Errorf("the epoch is %d before and after a %s", before.epoch, name)
		}
	}
}

// ofHeartbeat is the answer to a gateway that knows no ledger time, and claims a moment and a fence.
func ofHeartbeat(s *scriptLedger, seq, now int64, fence string) (answer, error) {
	s.at(now, fence)
	return s.serve(&request{Gateway: "g", Seq: seq, Policy: "p", Trust: true, Alone: true, Settled: true})
}
