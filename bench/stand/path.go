package stand

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"brana/bench/registries"
)

// CriticalPath is the time of one E198 on the longest way through the graph, by
// the log of the registries: with the media, and without them.
func CriticalPath(log []registries.Entry) (path, chain time.Duration) {
	took, whole := map[string]time.Duration{}, time.Duration(0)
	for _, e := range log {
		step, d := e.Step, e.Duration
		if step == "X21" || step == "X22" { // the person is known when the answer begins
			step, whole, d = "X2n", time.Duration(e.Duration), e.Head
		}
		took[step] = max(took[step], time.Duration(d))
	}
	chain = took["X2n"] + took["G27"] + took["O25"] + took["O08"] + took["A28"]
	return max(chain, whole), chain
}

// Paths returns the critical paths of the E198 calls in a log that began at since or
// later, sorted. A log is bounded: a call that is there only in part is left out.
func Paths(log []registries.Entry, since time.Time) []time.Duration {
	calls := map[string][]registries.Entry{}
	for _, e := range log {
		if !e.Start.Before(since) && e.Registry != registries.Front && e.AgendaZadostId != "" {
			calls[e.AgendaZadostId] = append(calls[e.AgendaZadostId], e)
		}
	}
	var paths []time.Duration
	for _, steps := range calls {
		if slices.ContainsFunc(steps,
			func(e registries.Entry) bool { return e.Step == "X21" || e.Step == "X22" }) &&
			slices.ContainsFunc(steps, func(e registries.Entry) bool { return e.Step == "O25" }) {
			path, _ := CriticalPath(steps)
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// RegistriesLog reads the log of messages of the registries at host:port.
func RegistriesLog(ctx context.Context, address string) ([]registries.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://"+address+"/control/log", nil)
	if err != nil {
		return nil, fmt.Errorf("read the log of the registries: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the log of the registries: %w", err)
	}
	defer response.Body.Close()
	var log []registries.Entry
	if err := json.NewDecoder(response.Body).Decode(&log); err != nil {
		return nil, fmt.Errorf(
			"read the log of the registries: HTTP %d: %w", response.StatusCode, err,
		)
	}
	return log, nil
}
