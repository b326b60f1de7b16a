package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"brana/limits"

	"github.com/redis/go-redis/v9"
)

// testLedger is a ledger of one shard: the model, or the script in a real Redis, or both.
type testLedger interface {
	at(now int64, fence string) // sets the clock and the identity of its Redis
	serve(*request) (answer, error)
	operate(*request) (limits.Tally, int64, error)
	flush()
	save()    // the replica has what the master has now
	restore() // the replica becomes master, with what it had then
}

func (m *modelLedger) save() { m.saved = m.clone() }

func (m *modelLedger) restore() {
	saved := m.saved
	*m = *saved.clone()
	m.saved = saved
}

// scriptLedger runs the script in Redis, under keys of its own.
type scriptLedger struct {
	client *redis.Client
	script *redis.Script
	base   string
	stamp  string // fields that virtual scripts read in each request
	saved  map[string]string
}

func (s *scriptLedger) at(now int64, fence string) {
	s.stamp = fmt.Sprintf(`"time":%d,"fence":%q,`, now, fence)
}

func (s *scriptLedger) keys(entries []entry) []string {
	keys := []string{s.base}
	for i := range entries {
		account := fmt.Sprintf("%s:%x", s.base, entries[i].key)
		keys = append(keys, account, account+":b")
	}
	return keys
}

func (s *scriptLedger) say(q *request) (any, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	return s.script.Run(context.Background(), s.client, s.keys(q.Entries), stamped(text, s.stamp)).Result()
}

func (s *scriptLedger) serve(q *request) (answer, error) {
	value, err := s.say(q)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(value, len(q.Entries))
}

func (s *scriptLedger) operate(q *request) (limits.Tally, int64, error) {
	value, err := s.say(q)
	if err != nil {
		return limits.Tally{}, 0, err
	}
	return readTally(readRows(value))
}

func (s *scriptLedger) all() []string {
	keys, err := s.client.Keys(context.Background(), s.base+"*").Result()
	if err != nil {
		panic(err)
	}
	return keys
}

func (s *scriptLedger) flush() {
	for _, key := range s.all() {
		s.client.Del(context.Background(), key)
	}
}

func (s *scriptLedger) save() {
	s.saved = map[string]string{}
	for _, key := range s.all() {
		s.saved[key] = s.client.Dump(context.Background(), key).Val()
	}
}

func (s *scriptLedger) restore() {
	s.flush()
	for key, dump := range s.saved {
		s.client.RestoreReplace(context.Background(), key, 0, dump)
	}
}

func (s *server) client(t testing.TB) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(s.url())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// bothLedgers asks the model and the script. Different answers are an error.
type bothLedgers struct {
	*modelLedger
	*scriptLedger
}

func (b bothLedgers) serve(q *request) (answer, error) {
	want, refused := b.modelLedger.serve(q)
	got, err := b.scriptLedger.serve(q)
	if !errors.Is(err, refused) || !reflect.DeepEqual(got, want) {
		return got, fmt.Errorf("asked %+v:\nmodel  %+v, %v\nscript %+v, %v", q, want, refused, got, err)
	}
	return got, err
}

func (b bothLedgers) operate(q *request) (limits.Tally, int64, error) {
	want, at, refused := b.modelLedger.operate(q)
	got, now, err := b.scriptLedger.operate(q)
	if !errors.Is(err, refused) || err == nil && (now != at || fmt.Sprint(got) != fmt.Sprint(want)) {
		return got, now, fmt.Errorf("asked %+v:\nmodel  %+v, %d, %v\nscript %+v, %d, %v",
			q, want, at, refused, got, now, err)
	}
	return got, now, err
}

func (b bothLedgers) at(now int64, fence string) {
	b.modelLedger.at(now, fence)
	b.scriptLedger.at(now, fence)
}

func (b bothLedgers) flush()   { b.modelLedger.flush(); b.scriptLedger.flush() }
func (b bothLedgers) save()    { b.modelLedger.save(); b.scriptLedger.save() }
func (b bothLedgers) restore() { b.modelLedger.restore(); b.scriptLedger.restore() }
