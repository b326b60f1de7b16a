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

// shared is a ledger of one shard: the model, or the script in a real Redis.
type shared interface {
	serve(*request) (answer, error)
	operate(*request) (limits.Tally, int64, error)
	flush()
	save()    // what a replica has got
	restore() // the replica becomes master
}

type modelled struct {
	*book
	saved *book
}

func (m *modelled) save()    { m.saved = m.clone() }
func (m *modelled) restore() { m.book = m.saved.clone() }

// scripted runs the script under keys of its own.
type scripted struct {
	client *redis.Client
	script *redis.Script
	base   string
	saved  map[string]string
}

func (s *scripted) keys(entries []entry) []string {
	keys := []string{s.base}
	for i := range entries {
		account := fmt.Sprintf("%s:%x", s.base, entries[i].key)
		keys = append(keys, account, account+":b")
	}
	return keys
}

func (s *scripted) say(q *request) (any, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	return s.script.Run(context.Background(), s.client, s.keys(q.Entries), text).Result()
}

func (s *scripted) serve(q *request) (answer, error) {
	value, err := s.say(q)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(value, len(q.Entries))
}

func (s *scripted) operate(q *request) (limits.Tally, int64, error) {
	value, err := s.say(q)
	if err != nil {
		return limits.Tally{}, 0, err
	}
	return readTally(readRows(value))
}

func (s *scripted) all() []string {
	keys, err := s.client.Keys(context.Background(), s.base+"*").Result()
	if err != nil {
		panic(err)
	}
	return keys
}

func (s *scripted) flush() {
	for _, key := range s.all() {
		s.client.Del(context.Background(), key)
	}
}

func (s *scripted) save() {
	s.saved = map[string]string{}
	for _, key := range s.all() {
		s.saved[key] = s.client.Dump(context.Background(), key).Val()
	}
}

func (s *scripted) restore() {
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

// both asks the model and the script and holds their answers equal.
type both struct {
	*modelled
	*scripted
}

func (b both) serve(q *request) (answer, error) {
	want, refused := b.modelled.serve(q)
	got, err := b.scripted.serve(q)
	if !errors.Is(err, refused) || !reflect.DeepEqual(got, want) {
		return got, fmt.Errorf("asked %+v:\nmodel  %+v, %v\nscript %+v, %v", q, want, refused, got, err)
	}
	return got, err
}

func (b both) operate(q *request) (limits.Tally, int64, error) {
	want, at, refused := b.modelled.operate(q)
	got, now, err := b.scripted.operate(q)
	if !errors.Is(err, refused) || err == nil && (now != at || fmt.Sprint(got) != fmt.Sprint(want)) {
		return got, now, fmt.Errorf("asked %+v:\nmodel  %+v, %d, %v\nscript %+v, %d, %v", q, want, at, refused, got, now, err)
	}
	return got, now, err
}

func (b both) flush()   { b.modelled.flush(); b.scripted.flush() }
func (b both) save()    { b.modelled.save(); b.scripted.save() }
func (b both) restore() { b.modelled.restore(); b.scripted.restore() }
