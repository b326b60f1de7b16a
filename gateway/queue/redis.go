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

//go:embed shelf.lua
var shelfSource string

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

// A Server is the Redis that a store keeps what it knows in.
type Server struct {
	Client  redis.UniversalClient // required; stays the caller's to close
	Timeout time.Duration         // longest wait of an operation; default 250 ms
	Prefix  string                // of every key; default "brana:". Gateways that share a Redis share it

	clock func() time.Time // tests only; nil: the clock of Redis
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

// now is the moment for a script, or nothing: Redis has the clock.
func (s Server) now() any {
	if s.clock == nil {
		return ""
	}
	return s.clock().UnixMilli()
}

// Redis keeps queues in Redis, shared by all gateways, and goes by its clock.
// One operation is one script call, and all keys of an AIS are in one slot of a
// Cluster. It is safe for concurrent use. What is kept is as durable as Redis;
// it needs version 7.
//
// No error retries by itself. An operation whose answer came too late may have
// been done.
type Redis struct {
	config                         Config
	server                         Server
	open, done, list, answer, drop *redis.Script
}

// NewRedis returns a store without connecting.
func NewRedis(c Config, s Server) (*Redis, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	// Only what may make Redis grow is refused when it is full.
	script := func(flags, source string) *redis.Script {
		return redis.NewScript("#!lua" + flags + "\n" + shelfSource + source)
	}
	const always = " flags=allow-oom"
	return &Redis{config: c, server: s.withDefaults(),
		open: script("", openSource), done: script("", doneSource),
		list: script(always, listSource), answer: script(always, answerSource), drop: script(always, deleteSource)}, nil
}

// keys of an AIS; the braces put them into one Cluster slot.
func (r *Redis) keys(ais string) []string {
	base := r.server.Prefix + "queue:{" + ais + "}:"
	return []string{base + "meta", base + "running", base + "ready", base + "expiry", base + "entries", base + "answers"}
}

// run runs a script and returns what it says.
func (r *Redis) run(ctx context.Context, script *redis.Script, ais string, args ...any) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, r.server.Timeout)
	defer cancel()
	args = append([]any{r.server.now(), r.config.Keep.Milliseconds()}, args...)
	says, err := script.Run(ctx, r.server.Client, r.keys(ais), args...).Slice()
	if err != nil {
		return nil, fmt.Errorf("ask redis for the queue: %w", err)
	}
	facts := len(says) - 3
	if facts < 0 {
		return nil, errUnknownAnswer
	}
	c := Change{Entries: int(integer(says[facts])), Expired: int(integer(says[facts+1])), Lost: int(integer(says[facts+2]))}
	if r.config.Changed != nil {
		r.config.Changed(ais, c)
	}
	return says[:facts], nil
}

var errUnknownAnswer = errors.New("read the queue of redis: unknown answer")

func integer(v any) int64 {
	n, _ := v.(int64) // what is none fails where it is used
	return n
}

// said runs a script that says yes or no, which is the error given.
func (r *Redis) said(ctx context.Context, no error, script *redis.Script, ais string, args ...any) error {
	says, err := r.run(ctx, script, ais, args...)
	switch {
	case err != nil:
		return err
	case len(says) != 1:
		return errUnknownAnswer
	case integer(says[0]) != 1:
		return no
	}
	return nil
}

// Open takes room for a job, or returns ErrFull.
func (r *Redis) Open(ctx context.Context, j Job) error {
	if len(j.Lost) > AnswerBytes {
		return ErrTooLarge
	}
	return r.said(ctx, ErrFull, r.open, j.Ais, j.ID, j.Service, j.Lifetime.Milliseconds(), AnswerBytes, r.config.Entries, r.config.Bytes, j.Lost)
}

// Done leaves the answer of a job, a whole bare reply. Done twice is done once,
// so it may be tried again after an error.
func (r *Redis) Done(ctx context.Context, ais, id string, answer []byte) error {
	if len(answer) > AnswerBytes {
		return ErrTooLarge
	}
	return r.said(ctx, ErrGone, r.done, ais, id, answer)
}

// List returns the first page of the answers that meet the filter, by number.
// Jobs that run are not in it.
func (r *Redis) List(ctx context.Context, ais string, f Filter) (egon.QueuePage, error) {
	says, err := r.run(ctx, r.list, ais, strconv.FormatUint(f.From, 10), f.millis(), r.config.Page)
	if err != nil {
		return egon.QueuePage{}, err
	}
	const words = 5
	if len(says)%words != 0 {
		return egon.QueuePage{}, errUnknownAnswer
	}
	var p egon.QueuePage
	for ; len(says) > 0; says = says[words:] {
		id, _ := says[0].(string)
		service, _ := says[1].(string)
		item := egon.QueueItem{IszrZadostId: id, Service: service, Number: uint64(integer(says[2])),
			Created: time.UnixMilli(integer(says[3])), Expires: time.UnixMilli(integer(says[4]))}
		if len(p.Items) == r.config.Page {
			p.More, p.Next = true, item
			break
		}
		p.Items = append(p.Items, item)
	}
	return p, nil
}

// Answer returns what there is of a job. Reading does not delete.
func (r *Redis) Answer(ctx context.Context, ais, id string) (Answer, error) {
	says, err := r.run(ctx, r.answer, ais, id)
	if err != nil {
		return Answer{}, err
	}
	if len(says) != 4 {
		return Answer{}, errUnknownAnswer
	}
	body, _ := says[2].(string)
	a := Answer{State: State(integer(says[0])), Since: time.Duration(integer(says[1])) * time.Millisecond, Lost: integer(says[3]) == 1}
	if a.State == Ready {
		a.Body = []byte(body)
	}
	return a, nil
}

// Delete drops answers, and jobs that run: their answers will not come. What is
// not there is no error.
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
