package ledger

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/limits"
)

// A loggedCall is one that a gateway of the fault suite admitted, by its own log. Its moments are
// those of monotonic.
type loggedCall struct {
	began    int64 // Admit was called
	admitted int64 // Admit had returned
	ended    int64 // before Release; 0: never
}

// over is when the call has ended at the latest: its deadline runs from its beginning, also when
// its gateway was killed.
func (c loggedCall) over() int64 {
	deadline := c.began + int64(callLifetime)
	if c.ended == 0 {
		return deadline
	}
	return min(c.ended, deadline)
}

// gatewayLogs are the logs of all gateways.
type gatewayLogs struct {
	calls  map[string][]loggedCall // by account
	others []otherCalls
}

// otherCalls counts the calls of a quarter of a second that were refused, or failed for want of a
// decision. longest is the duration of the longest decision about any call, in nanoseconds.
type otherCalls struct{ refused, failed, at, longest int64 }

// read adds the log of one gateway. The last line of a killed gateway may have no end.
func (l *gatewayLogs) read(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	type place struct {
		account string
		at      int
	}
	open := map[int64]place{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var id int64
		var account string
		var c loggedCall
		var o otherCalls
		line := lines.Text()
		switch mark, rest, _ := strings.Cut(line, " "); mark {
		case "+":
			_, err = fmt.Sscan(rest, &id, &account, &c.began, &c.admitted)
			open[id] = place{account, len(l.calls[account])}
			l.calls[account] = append(l.calls[account], c)
		case "-":
			var ended int64
			_, err = fmt.Sscan(rest, &id, &ended)
			if p, ok := open[id]; ok {
				l.calls[p.account][p.at].ended = ended
			}
		case "=":
			_, err = fmt.Sscan(rest, &o.refused, &o.failed, &o.at, &o.longest)
			l.others = append(l.others, o)
		default:
			err = fmt.Errorf("%q", line)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	return lines.Err()
}

// mostInHour is the largest number of calls in any rolling hour.
func mostInHour(calls []loggedCall) (most int) {
	var at []int64
	for _, c := range calls {
		at = append(at, c.admitted)
	}
	slices.Sort(at)
	from := 0
	for i := range at {
		for at[i]-at[from] >= int64(limits.Window) {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// mostAtOnce is the largest number of calls that ran at one moment. A call that ends when another
// begins does not overlap it.
func mostAtOnce(calls []loggedCall) (most int) {
	type edge struct {
		at   int64
		step int
	}
	var edges []edge
	for _, c := range calls {
		if end := c.over(); end > c.admitted {
			edges = append(edges, edge{c.admitted, 1}, edge{end, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if a.at != b.at {
			return int(min(1, max(-1, a.at-b.at)))
		}
		return a.step - b.step
	})
	running := 0
	for _, e := range edges {
		running += e.step
		most = max(most, running)
	}
	return most
}

// longestPause is the longest time without an admission, between two moments.
func longestPause(calls []loggedCall, from, to int64) time.Duration {
	at := []int64{from, to}
	for _, c := range calls {
		if from < c.admitted && c.admitted < to {
			at = append(at, c.admitted)
		}
	}
	slices.Sort(at)
	longest := int64(0)
	for i := range at[1:] {
		longest = max(longest, at[i+1]-at[i])
	}
	return time.Duration(longest)
}

// kindOf is the kind of an account, by its name in the logs.
func kindOf(account string) *kind {
	name, _, _ := strings.Cut(account, ".")
	return &kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// broken lists the limits that the logs break, each with its account.
func (l *gatewayLogs) broken() (all []string) {
	for account, calls := range l.calls {
		rule := kindOf(account).rule
		if n := mostInHour(calls); int64(n) > rule.Working {
			all = append(all, fmt.Sprintf("%s: %d calls in an hour, quota %d", account, n, rule.Working))
		}
		if n := mostAtOnce(calls); n > rule.Concurrent {
			all = append(all, fmt.Sprintf("%s: %d calls at once, want at most %d", account, n, rule.Concurrent))
		}
	}
	slices.Sort(all)
	return all
}

func TestLogsAreJudged(t *testing.T) {
	second, hour := int64(time.Second), int64(time.Hour)
	for _, test := range []struct {
		name           string
		calls          []loggedCall
		inHour, atOnce int
		pause          time.Duration // of the first ten seconds
	}{
		{"none", nil, 0, 0, 10 * time.Second},
		{
			"one after the other",
			[]loggedCall{{1, 1, second}, {second, second, 2 * second}},
			2, 1, 9 * time.Second,
		},
		{
			"two at once",
			[]loggedCall{{1, 1, 2 * second}, {second, second, 2 * second}},
			2, 2, 9 * time.Second,
		},
		{
			"an hour apart",
			[]loggedCall{{1, 1, 2}, {hour + 1, hour + 1, hour + 2}},
			1, 1, 10*time.Second - 1,
		},
		{
			"just within the hour",
			[]loggedCall{{1, 1, 2}, {hour, hour, hour + 1}},
			2, 1, 10*time.Second - 1,
		},
		{
			"never released: until its deadline",
			[]loggedCall{{0, 1, 0}, {2 * second, 2 * second, 0}, {3 * second, 3 * second, 0}},
			3, 2, 7 * time.Second,
		},
		{
			"released long after its deadline",
			[]loggedCall{{0, 1, 9 * second}, {3 * second, 4 * second, 0}},
			2, 1, 6 * time.Second,
		},
		{
			"asked before its deadline, admitted after",
			[]loggedCall{{1, 5 * second, 6 * second}, {5 * second, 5 * second, 0}},
			2, 1, 5 * time.Second,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := mostInHour(test.calls); got != test.inHour {
				t.Errorf("%d in an hour, want %d", got, test.inHour)
			}
			if got := mostAtOnce(test.calls); got != test.atOnce {
				t.Errorf("%d at once, want %d", got, test.atOnce)
			}
			if got := longestPause(test.calls, 0, 10*second); got != test.pause {
				t.Errorf("a pause of %v, want %v", got, test.pause)
			}
		})
	}
}
