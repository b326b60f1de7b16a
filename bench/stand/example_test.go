package stand_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"brana/bench/registries"
	"brana/bench/stand"
)

// A program is started, is waited for, and is ended by its process id.
func ExampleStart() {
	dir, err := os.MkdirTemp("", "stand")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	p, err := stand.Start(context.Background(), stand.Command{
		Name:  "sleep",
		Dir:   dir,
		Args:  []string{"sleep", "60"},
		Ready: func() error { return nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.PID() > 0, p.Ended(), p.Stop())
	// Output: true false <nil>
}

// The critical path of E198 is the longest way through its messages: the two
// translations run side by side, so the longer one counts.
func ExampleCriticalPath() {
	took := func(step string, ms time.Duration) registries.Entry {
		return registries.Entry{Step: step, Duration: registries.Duration(ms * time.Millisecond)}
	}
	path, _ := stand.CriticalPath([]registries.Entry{
		took("G27", 5), took("G27", 7), took("O25", 4), took("O08", 6),
	})
	fmt.Println(path)
	// Output: 17ms
}
