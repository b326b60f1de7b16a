package trial_test

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"brana/bench/load"
	"brana/bench/trial"
)

// A gateway that runs is measured for three seconds, and the table is printed. The
// gateway needs the grant of the bench: see [trial.Grant].
func Example() {
	t := trial.New(trial.Config{
		Subject: trial.Subject{URL: []string{"http://127.0.0.1:8080/publikace"}},
		Load: trial.Load{
			Profile:     "closed",
			Mix:         "relay",
			Connections: 8,
			Duration:    3 * time.Second,
			Rounds:      1,
			Timeout:     10 * time.Second,
		},
		Caller:   load.Caller{Agenda: "X999", Role: "XRB", Ovm: "12345678", Ais: "999099"},
		Progress: io.Discard,
	})
	r, err := t.Run(context.Background())
	if err == nil {
		err = r.WriteTable(os.Stdout)
	}
	if err = errors.Join(err, t.Close()); err != nil {
		os.Exit(1)
	}
}
