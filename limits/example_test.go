package limits_test

import (
	"context"
	"fmt"
	"time"

	"brana/limits"
)

// The third call of an hour is one too many. Its decision says when a permit is free again.
func ExampleMemory() {
	calendar, err := limits.NewCalendar(limits.CalendarConfig{
		Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, time.March, 4, 9, 0, 0, 0, time.UTC)
	store := limits.NewMemory(calendar, func() time.Time { return now })

	call := limits.Call{
		Key:      limits.KeyOf("A999", "CR1", "12345678", "999001"), // agenda, role, OVM, AIS
		Rule:     limits.Rule{Working: 2, Off: 5, Concurrent: 1},
		Lifetime: time.Minute,
	}
	for range 3 {
		d, err := store.Admit(context.Background(), call)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(d.Verdict, d.Remaining, d.RetryAfter)
		_ = store.Release(context.Background(), d.Slot) // when the call has ended
	}
	// Output:
	// admitted 1 0s
	// admitted 0 0s
	// over-quota 0 1h0m1s
}
