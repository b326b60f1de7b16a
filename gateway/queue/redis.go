package queue

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"brana/egon"
)

//go:embed queue.lua
var queueSource string

//go:embed open.lua
var openSource string

//go:embed done.lua
var doneSource string

//go:embed list.lua
var listSource string

//go:embed answer.lua
var answerSource string

//go:embed delete.lua
var deleteSource string

// A Server is the Redis in which a store keeps its data.
type Server struct {
	Client  redis.UniversalClient // required; stays the caller's to close
	Timeout time.Duration         // longest wait of an operation; default 250 ms
	Prefix  string                // of every key, the same at all gateways; default "brana:"
}

func (s Server) withDefaults() Server {
	if s.Timeout == 0 {
		s.Timeout = 250 * time.Millisecond
	}
	if s.Prefix == "" {
		s.Prefix = "brana:"
	}
	return s
}

// A clock returns the first argument of a script: milliseconds since 1970, or ""
// for the clock of Redis.
type clock func() any

func clockOfRedis() any { return "" }

// Redis keeps queues in Redis, shared by all gateways, by the clock of Redis. One
// operation is one call of a script, and all keys of an AIS are in one slot of a
// Cluster. It is safe for concurrent use. Its data are as durable as Redis, of
// which it needs version 7.
//
// An operation is never retried here. After an error it may have been done.
type Redis struct {
	config Config
	server Server
	now    clock

	open, done, list, answer, drop *redis.Script
}

// NewRedis returns a store without connecting.
func NewRedis(c Config, s Server) (*Redis, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	script := func(flags, source string) *redis.Script {
		return redis.NewScript("#!lua" + flags + "\n" + queueSource + source)
	}
	const always = " flags=allow-oom" // a full Redis runs it too: it lets nothing grow
	return &Redis{
		config: c,
		server: s.withDefaults(),
		now:    clockOfRedis,
		open:   script("", openSource),
		done:   script("", doneSource),
		list:   script(always, listSource),
		answer: script(always, answerSource),
		drop:   script(always, deleteSource),
	}, nil
}

// keys of an AIS; the braces put them into one Cluster slot.
func (r *Redis) keys(ais string) []string {
	base := r.server.Prefix + "queue:{" + ais + "}:"
	return []string{
		base + "meta", base + "running", base + "ready",
		base + "expiry", base + "entries", base + "answers",
	}
}

// run runs a script and returns its answer, without the numbers of the queue,
// which it reports.
func (r *Redis) run(
	ctx context.Context, script *redis.Script, ais string, args ...any,
) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, r.server.Timeout)
	defer cancel()
	args = append([]any{r.now(), r.config.Keep.Milliseconds()}, args...)
	reply, err := script.Run(ctx, r.server.Client, r.keys(ais), args...).Slice()
	if err != nil {
		return nil, fmt.Errorf("ask redis for the queue: %w", err)
	}
	numbers := len(reply) - 3
	if numbers < 0 {
		return nil, errUnknownAnswer
	}
	if r.config.Changed != nil {
		r.config.Changed(ais, Change{
			Entries: int(integer(reply[numbers])),
			Expired: int(integer(reply[numbers+1])),
			Lost:    int(integer(reply[numbers+2])),
		})
	}
	return reply[:numbers], nil
}

var errUnknownAnswer = errors.New("read the queue of redis: unknown answer")

func integer(v any) int64 {
	n, _ := v.(int64) // another type is 0, which fails where it is used
	return n
}

// runOr runs a script that answers yes or no; a no is the error given.
func (r *Redis) runOr(
	ctx context.Context, no error, script *redis.Script, ais string, args ...any,
) error {
	reply, err := r.run(ctx, script, ais, args...)
	switch {
	case err != nil:
		return err
	case len(reply) != 1:
		return errUnknownAnswer
	case integer(reply[0]) != 1:
		return no
	}
	return nil
}

// Open takes room for a job, or returns ErrFull.
func (r *Redis) Open(ctx context.Context, j Job) error {
	if len(j.Lost) > AnswerBytes {
		return ErrTooLarge
	}
	return r.runOr(ctx, ErrFull, r.open, j.Ais, j.ID, j.Service, j.Lifetime.Milliseconds(),
		AnswerBytes, r.config.Entries, r.config.Bytes, j.Lost)
}

// Done stores the answer of a job, a whole bare reply. A second answer is dropped
// without an error, so a caller may try again after an error.
func (r *Redis) Done(ctx context.Context, ais, id string, answer []byte) error {
	if len(answer) > AnswerBytes {
		return ErrTooLarge
	}
	return r.runOr(ctx, ErrGone, r.done, ais, id, answer)
}

// List returns the first page of the answers that meet the filter, by number.
// Jobs that run are not in it.
func (r *Redis) List(ctx context.Context, ais string, f Filter) (egon.QueuePage, error) {
	reply, err := r.run(ctx, r.list, ais, strconv.FormatUint(f.From, 10), f.millis(), r.config.Page)
	if err != nil {
		return egon.QueuePage{}, err
	}
	const words = 5
	if len(reply)%words != 0 {
		return egon.QueuePage{}, errUnknownAnswer
	}
	var p egon.QueuePage
	for ; len(reply) > 0; reply = reply[words:] {
		id, _ := reply[0].(string)
		service, _ := reply[1].(string)
		item := egon.QueueItem{
			IszrZadostId: id,
			Service:      service,
			Number:       uint64(integer(reply[2])),
			Created:      time.UnixMilli(integer(reply[3])),
			Expires:      time.UnixMilli(integer(reply[4])),
		}
		if len(p.Items) == r.config.Page {
			p.More, p.Next = true, item
			break
		}
		p.Items = append(p.Items, item)
	}
	return p, nil
}

// Answer returns the state of a job, and its answer. Reading does not delete.
func (r *Redis) Answer(ctx context.Context, ais, id string) (Answer, error) {
	reply, err := r.run(ctx, r.answer, ais, id)
	if err != nil {
		return Answer{}, err
	}
	if len(reply) != 4 {
		return Answer{}, errUnknownAnswer
	}
	body, _ := reply[2].(string)
	a := Answer{
		State: State(integer(reply[0])),
		Since: time.Duration(integer(reply[1])) * time.Millisecond,
		Lost:  integer(reply[3]) == 1,
	}
	if a.State == Ready {
		a.Body = []byte(body)
	}
	return a, nil
}

// Delete drops answers, and jobs that run: these will leave no answer. An id that
// is not in the queue is no error.
func (r *Redis) Delete(ctx context.Context, ais string, ids ...string) error {
	args := []any{0}
	for _, id := range ids {
		args = append(args, id)
	}
	_, err := r.run(ctx, r.drop, ais, args...)
	return err
}

// DeleteAll drops all answers. Jobs that run are not in the queue yet, and stay.
func (r *Redis) DeleteAll(ctx context.Context, ais string) error {
	_, err := r.run(ctx, r.drop, ais, 1)
	return err
}
