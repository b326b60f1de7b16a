package gateway

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/audit"
	"brana/egon"
)

// A slowRecord holds each intent until it is let go, or fails it.
type slowRecord struct {
	events  *eventLog
	intends chan struct{} // has a value for each intent that waits
	letGo   chan error
}

func (r *slowRecord) Intend(*audit.Call) (uint64, error) {
	r.intends <- struct{}{}
	err := <-r.letGo
	r.events.add("intent")
	return 1, err
}

func (r *slowRecord) Blocked() error                           { return nil }
func (r *slowRecord) Conclude(uint64, *audit.Result)           {}
func (r *slowRecord) Whole(string, *audit.Call, *audit.Result) {}

// Nothing of a call goes to an upstream, to a job or to the caller before its intent is
// recorded, and nothing at all when that fails.
func TestNothingIsSentBeforeTheIntent(t *testing.T) {
	for _, c := range []struct {
		path    string
		message []byte
	}{
		{"E05", call{}.message()},
		{"E05", largeMessage(300 << 10)}, // of which the rest is still coming
		{"E198", mediaCall()},
		{"E227", call{code: "E227"}.message()},
		{"E227?async", call{code: "E227"}.message()},
	} {
		for _, failure := range []error{nil, errNoDisk} {
			t.Run(fmt.Sprint(c.path, len(c.message), failure), func(t *testing.T) {
				events := &eventLog{}
				record := &slowRecord{events, make(chan struct{}), make(chan error)}
				s := startGateway(t, queued(t), func(s *settings) {
					s.parts.Record = record
					relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
						events.add("asked")
						return relayOK(ctx, m)
					})(s)
					s.parts.Media = workflowFunc(func(ctx context.Context, h *egon.Head) (*egon.Answer, error) {
						events.add("asked")
						return serveOK(ctx, h)
					})
				})
				answer := make(chan string, 1)
				go func() {
					answer <- read(t, s.post(t, "/publikace/"+c.path, c.message))
					events.add("answered")
				}()
				<-record.intends
				if happened, jobs := events.all(), s.Jobs(); len(happened) > 0 || jobs > 0 {
					t.Errorf("before the intent is recorded: %v, %d jobs", happened, jobs)
				}
				record.letGo <- failure
				got := <-answer
				if refused := strings.Contains(got, "BR_212: "); refused != (failure != nil) {
					t.Errorf("answered with %s", got)
				}
				happened := events.all()
				if happened[0] != "intent" || failure != nil && slices.Contains(happened, "asked") {
					t.Errorf("happened: %v", happened)
				}
			})
		}
	}
}

// The record has the address of the caller and the serial number of its certificate, also
// when the caller is refused before its certificate was looked up.
func TestTheOriginOfACallIsRecorded(t *testing.T) {
	into, records := recorded(t)
	s := startTLSGateway(t, boundOnce, into)
	client := s.client(t, s.ca.issue(100))
	for _, message := range [][]byte{[]byte("<a>"), call{}.message(), call{ais: "999002"}.message()} {
		if _, err := s.ask(client, message); err != nil {
			t.Fatal(err)
		}
	}
	s.settled(t)
	var got []string
	eventually(t, "4 records", func() bool { return len(records()) >= 4 })
	for _, r := range records() {
		if r.Type == audit.TypeOutcome {
			continue
		}
		line := r.Certificate + " " + r.Outcome
		if r.Decision != nil {
			line += " " + r.Decision.Verdict + " by " + r.Decision.Rule
		}
		got = append(got, line)
		if peer, err := netip.ParseAddrPort(r.Peer); err != nil || !peer.Addr().IsLoopback() {
			t.Errorf("peer is %s", r.Peer)
		}
	}
	want := []string{
		"64 malformed",
		"64  granted by p/a.yaml:2",
		"64 caller-mismatch caller-mismatch by p/b.yaml:2",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
