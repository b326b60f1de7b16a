package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
	"brana/gateway"
	"brana/gateway/queue"
	"brana/limits/ledger"
)

// queueConfig bounds the queues of answers of asynchronous calls. They are kept
// where the limits are.
type queueConfig struct {
	Keep    duration `yaml:"keep"`
	Entries count    `yaml:"entries"`
	Bytes   size     `yaml:"bytes"`
	Page    count    `yaml:"page"`
}

// requestsConfig holds what is checked of a request only when it is asked for; 0
// is off.
type requestsConfig struct {
	TimeTolerance   duration `yaml:"time_tolerance"`
	DuplicateWindow duration `yaml:"duplicate_window"`
	DuplicateIDs    count    `yaml:"duplicate_ids"`
}

func (q *queueConfig) check(wrong func(key, format string, args ...any)) {
	between(wrong, "queue.keep", q.Keep, duration(time.Second), duration(31*24*time.Hour))
	between(wrong, "queue.entries", q.Entries, 1, 10000)
	between(wrong, "queue.bytes", q.Bytes, queue.AnswerBytes, 1<<30)
	between(wrong, "queue.page", q.Page, 1, 1000)
}

func (r *requestsConfig) check(wrong func(key, format string, args ...any)) {
	optional := func(key string, value, most duration) {
		if value != 0 && (value < duration(time.Second) || value > most) {
			wrong("requests."+key, "%v is not between 1s and %v, and not 0s, which turns it off", value, most)
		}
	}
	optional("time_tolerance", r.TimeTolerance, duration(24*time.Hour))
	optional("duplicate_window", r.DuplicateWindow, duration(7*24*time.Hour))
	between(wrong, "requests.duplicate_ids", r.DuplicateIDs, 1, 10_000_000)
}

// queuePatience is how long the queue waits for Redis at least: an answer is
// larger than a question about limits.
const queuePatience = 250 * time.Millisecond

// remember gives the parts of a gateway what it remembers between calls: in
// Redis when the limits are there, embedded otherwise. What is to be closed, w
// closes.
func (w *wired) remember(c *config, parts *gateway.Parts) error {
	answers := queue.Config{Keep: time.Duration(c.Queue.Keep), Entries: int(c.Queue.Entries), Bytes: int64(c.Queue.Bytes), Page: int(c.Queue.Page),
		Changed: w.countQueue}
	ids := queue.RecentConfig{Window: time.Duration(c.Requests.DuplicateWindow), Most: int(c.Requests.DuplicateIDs), Evicted: parts.Metrics.IDsEvicted}
	if shared, ok := w.limiter.(*ledger.Store); ok {
		return rememberInRedis(parts, answers, ids, queue.Server{Client: shared.Client(), Timeout: max(time.Duration(c.Limits.Redis.Timeout), queuePatience)})
	}
	memory, err := queue.NewMemory(answers, nil)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	parts.Queue, w.queue = memory, memory
	if ids.Window == 0 {
		return nil
	}
	if parts.IDs, err = queue.NewRecentMemory(ids, nil); err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	return nil
}

func rememberInRedis(parts *gateway.Parts, answers queue.Config, ids queue.RecentConfig, server queue.Server) (err error) {
	if parts.Queue, err = queue.NewRedis(answers, server); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if ids.Window == 0 {
		return nil
	}
	if parts.IDs, err = queue.NewRecentRedis(ids, server); err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	return nil
}

// queueFlags are the questions of E99, E100 and E101.
type queueFlags struct {
	ID     []string `name:"id" placeholder:"UUID" help:"E100, E101: IszrZadostId of an asynchronous call; for E101 any number of times." group:"queue"`
	All    bool     `help:"E101: delete all answers (SmazatVse)." group:"queue"`
	FromID uint64   `name:"from-id" placeholder:"N" help:"E99: from this IdTransakce on." group:"queue"`
	Since  moment   `placeholder:"TIME" help:"E99: answers made since, as 2026-01-31T12:00:00+01:00." group:"queue"`
}

// question is the Zadost of a queue service.
func (q *queueFlags) question(s *egon.Service) ([]byte, error) {
	switch {
	case s.Code == "E100" && len(q.ID) != 1:
		return nil, errors.New("E100 needs one --id UUID; E99 lists what there is")
	case s.Code == "E101" && q.All == (len(q.ID) > 0):
		return nil, errors.New("E101 needs --id UUID, any number of times, or --all")
	}
	return egon.AppendQueueQuestion(nil, s, &egon.QueueQuery{From: q.FromID, Since: q.Since.Time, IDs: q.ID, All: q.All}), nil
}

// isQueue reports whether a service is one of the queue.
func isQueue(s *egon.Service) bool { return strings.Contains(" E99 E100 E101 ", " "+s.Code+" ") }

// printQueue says what the reply to an asynchronous call, or of a queue service,
// holds beside its status.
func (c *callCmd) printQueue(io stdio, root *xmltext.Node) {
	if id := text(root, "IszrZadostId"); c.Async && text(find(root, "Status"), "VysledekKod") == egon.OK {
		fmt.Fprintf(io.out, "accepted as %s; pick the answer up with: brana call E100 --id %s\n", id, id)
	}
	if wait := text(root, "CekaciCas"); wait != "" {
		fmt.Fprintf(io.out, "  ask again after %s s\n", wait)
	}
	if inner := find(root, "AsyncDotazDataResponse"); inner != nil {
		fmt.Fprintf(io.out, "answer: %s\n", text(find(inner, "Status"), "VysledekKod"))
		printDetails(io, inner)
	}
	items := findAll(root, "PolozkaFronty")
	for _, item := range items {
		fmt.Fprintf(io.out, "  %s  %s  %s  made %s, expires %s\n", text(item, "IdTransakce"), text(item, "KodAsyncSluzby"), text(item, "IszrZadostId"),
			shortTime(text(item, "CasVytvoreni")), shortTime(text(item, "CasExpirace")))
	}
	if find(root, "PolozkyFronty") != nil {
		fmt.Fprintf(io.out, "%d in the queue", len(items))
		if text(root, "VypisPokracuje") == "true" {
			fmt.Fprintf(io.out, ", and more: brana call E99 --from-id %s", text(root, "NasledujiciIdTransakce"))
		}
		fmt.Fprintln(io.out)
	}
}

// shortTime is a time without the fraction of its second.
func shortTime(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.Format(time.RFC3339)
}
