package ledger_test

import (
	"context"
	"fmt"
	"time"

	"brana/limits"
	"brana/limits/ledger"
)

// Gateways that are given the same Redis share their quotas. New makes no connection; while the
// ledger is unavailable, Admit returns an error, or decides by the call's Mode.
func Example() {
	calendar, err := limits.NewCalendar(limits.CalendarConfig{
		Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := ledger.New(ledger.Config{URL: "redis://127.0.0.1:6379/0", Calendar: calendar})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }() // gives back all permits and slots

	d, err := store.Admit(context.Background(), limits.Call{
		Key:      limits.KeyOf("A999", "CR1", "12345678", "999001"),
		Rule:     limits.Rule{Working: 1000, Off: 5000, Concurrent: 20},
		Lifetime: time.Minute,
		WhenDown: limits.Share,
	})
	switch {
	case err != nil:
		fmt.Println("no decision:", err)
	case d.Verdict != limits.Admitted:
		fmt.Println("refused:", d.Verdict, "retry after", d.RetryAfter)
	default:
		defer func() { _ = store.Release(context.Background(), d.Slot) }()
		fmt.Println("admitted,", d.Remaining, "calls remain")
	}
}
