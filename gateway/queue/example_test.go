package queue_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"brana/gateway/queue"
)

// The answer of an asynchronous call, from the opening of its job until it is
// deleted.
func Example() {
	ctx := context.Background()
	store, err := queue.NewMemory(queue.Config{
		Keep:    24 * time.Hour,
		Entries: 1000,
		Bytes:   1000 * queue.AnswerBytes,
		Page:    100,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	const ais, id = "999001", "5f0e1d2c-3b4a-4958-8776-6554433221aa"
	job := queue.Job{
		Ais:      ais,
		ID:       id,
		Service:  "E227",
		Lifetime: time.Minute,
		Lost:     []byte("<lost/>"),
	}
	if err := store.Open(ctx, job); err != nil {
		log.Fatal(err)
	}
	if err := store.Done(ctx, ais, id, []byte("<answer/>")); err != nil {
		log.Fatal(err)
	}
	answer, err := store.Answer(ctx, ais, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.State == queue.Ready, string(answer.Body))

	if err := store.Delete(ctx, ais, id); err != nil {
		log.Fatal(err)
	}
	answer, err = store.Answer(ctx, ais, id)
	fmt.Println(answer.State == queue.Missing, err)
	// Output:
	// true <answer/>
	// true <nil>
}
