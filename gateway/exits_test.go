package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"brana/audit"
	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
)

// answeredExits are calls that are answered.
func answeredExits() []exit {
	all := []string{slots, claims, intents, uses, readers, replies, buffers, aifos, traces,
		answers}
	large := largeReply(300 << 10)
	return []exit{
		{name: "relayed", outcome: "ok", took: all},
		{name: "relayed, large both ways", outcome: "ok", took: all,
			set: relays(-1, func() io.Reader { return bytes.NewReader(large) }),
			ask: asks("E05", largeMessage(300<<10))},
		{name: "filtered", outcome: "varovani", took: all,
			set: both(relays(-1, func() io.Reader {
				return bytes.NewReader(personReply(permittedItems + foreignItem))
			}), returns(egon.FilterReturned))},
		{name: "edited both ways", outcome: "varovani", took: all,
			set: both(relays(-1, func() io.Reader {
				return bytes.NewReader(personReply(permittedItems + foreignItem))
			}), func(_ *exitRun, s *settings) { editing(s) }),
			ask: asks("E05", call{items: []string{"Jmeno", "Telefon"}}.message())},
		{name: "filtered, large", outcome: "ok", took: all,
			set: both(relays(-1, func() io.Reader {
				return bytes.NewReader(personReply(strings.Repeat(" ", 300<<10) + foreignItem))
			}), returns(egon.FilterReturned))},
		{name: "more held than a pool keeps", outcome: "ok", took: all,
			set: func(_ *exitRun, s *settings) { s.cfg.InlineLimit = 1 << 20 },
			ask: asks("E05", largeMessage(500<<10))},
		{name: "workflow", outcome: "ok", took: []string{slots, claims, intents, readers, buffers, answers},
			ask: asks("E198", mediaCall())},
		{name: "local", outcome: "ok", took: []string{slots, claims, intents, readers, buffers},
			ask: asks("E227", call{code: "E227"}.message())},
		{name: "a fault of the upstream", outcome: "fault", took: all,
			set: relays(-1, func() io.Reader {
				return bytes.NewReader(egon.AppendFault(nil, egon.FaultServer, "no", "x"))
			})},
	}
}

// refusedExits are calls that are refused, by each stage in turn.
func refusedExits() []exit {
	read := []string{readers, buffers}
	reserved := []string{readers, buffers, claims}
	admitted := []string{readers, buffers, claims, slots}
	intended := append([]string{intents}, admitted...)
	offence := insert(largeMessage(300<<10), 200<<10, []byte("<?x?>"))
	return []exit{
		{name: "by the server", outcome: "bad-http",
			ask: func(run *exitRun) { run.send("NONSENSE\r\n\r\n") }},
		{name: "at the edge", outcome: "unknown-service", ask: asks("E999", call{}.message())},
		{name: "before the message", outcome: "unknown-service", ask: func(run *exitRun) {
			run.send(header("/publikace/E999", "Expect: 100-continue", "Content-Length: 5"))
		}},
		{name: "at the head", outcome: "malformed", took: read, ask: asks("E05", []byte("<a>"))},
		{name: "too large", outcome: "too-large", took: read,
			set: func(_ *exitRun, s *settings) { s.cfg.MaxMessage = 64 << 10 },
			ask: func(run *exitRun) {
				message := largeMessage(100 << 10)
				run.send(header("/publikace/E05", "Transfer-Encoding: chunked"),
					fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(message), message))
			}},
		{name: "not granted", outcome: "not-granted", took: read,
			ask: asks("E05", call{ais: "999003"}.message())},
		{name: "stale", outcome: "stale-time", took: read,
			set: func(_ *exitRun, s *settings) { s.cfg.TimeTolerance = time.Minute }},
		{name: "a duplicate", outcome: "duplicate-request", took: reserved,
			ask: func(run *exitRun) {
				run.post("E05", call{}.message())
				run.post("E05", call{}.message())
			}},
		{name: "no store of ids", outcome: "ids-unavailable", took: read,
			set: breaks("claim", errNoStore)},
		{name: "the queue is full", outcome: "queue-full", took: reserved,
			set: breaks("open", queue.ErrFull), ask: later},
		{name: "no queue", outcome: "queue-unavailable", took: reserved,
			set: breaks("open", errNoStore), ask: later},
		{name: "a queue that answers too late", outcome: "queue-unavailable", took: append(reserved, rooms),
			set: breaks("opened", errNoStore), ask: later},
		{name: "over quota", outcome: "hourly-quota", took: reserved,
			set: decides(limits.OverQuota)},
		{name: "over quota, later", outcome: "hourly-quota", took: append(reserved, rooms),
			set: decides(limits.OverQuota), ask: later},
		{name: "over concurrency", outcome: "concurrency-quota", took: reserved,
			set: decides(limits.OverConcurrency)},
		{name: "no limits", outcome: "limits-unavailable", took: reserved,
			set: breaks("admit", errNoStore)},
		{name: "not confirmed", outcome: "ids-unavailable", took: admitted,
			set: breaks("confirm", errNoStore)},
		{name: "not confirmed, later", outcome: "ids-unavailable", took: append(admitted, rooms),
			set: breaks("confirm", errNoStore), ask: later},
		{name: "neither confirmed nor forgotten", outcome: "ids-unavailable", took: admitted,
			set: both(breaks("confirm", errNoStore), breaks("forget", errNoStore), breaks("release", errNoStore))},
		{name: "an offence in the tail", outcome: "malformed", took: intended,
			ask: asks("E05", offence)},
		{name: "an offence in the tail, answered early", outcome: "malformed", took: append(intended, answers),
			set: relays(5, func() io.Reader { return strings.NewReader("<a/>\n") }),
			ask: asks("E05", offence)},
		{name: "draining", outcome: "draining", took: read, set: func(run *exitRun, s *settings) {
			made := s.made
			s.made = func(g *Gateway) { made(g); g.draining.Store(true) }
		}},
	}
}

// upstreamExits are calls whose upstream fails, before its answer and in it.
func upstreamExits() []exit {
	admitted := []string{readers, buffers, claims, slots, intents}
	answered := append([]string{replies, answers}, admitted...)
	doc, large := replyOf("E05", egon.OK), largeReply(300<<10)
	rob := egon.Party{Kind: egon.Registr, Code: "ROB"}
	fails := func(err error) func(*exitRun, *settings) {
		return func(_ *exitRun, s *settings) {
			failing(err)(s)
			s.parts.Media = workflowFunc(func(context.Context, *egon.Head) (*egon.Answer, error) {
				return nil, err
			})
		}
	}
	return []exit{
		{name: "does not answer", outcome: "registry-failed", took: admitted,
			set: fails(&egon.CallError{Err: io.ErrUnexpectedEOF})},
		{name: "workflow fails", outcome: "registry-failed", took: admitted,
			set: fails(&egon.CallError{Party: rob, Err: io.ErrUnexpectedEOF}),
			ask: asks("E198", mediaCall())},
		{name: "too late", outcome: "deadline", took: admitted,
			set: fails(context.DeadlineExceeded)},
		{name: "a small reply is cut", outcome: "registry-failed", took: answered,
			set: relays(int64(len(doc)), func() io.Reader { return bytes.NewReader(doc[:100]) })},
		{name: "a reply holds what may not leave", outcome: "registry-failed", took: answered,
			set: both(relays(-1, func() io.Reader {
				return bytes.NewReader(personReply(foreignItem))
			}), returns(egon.RefuseReturned))},
		{name: "a reply is not XML", outcome: "registry-failed", took: answered,
			set: relays(5, func() io.Reader { return strings.NewReader("<<<<<") })},
		{name: "a large reply is cut", outcome: "upstream-broke", took: answered,
			set: relays(-1, func() io.Reader { return bytes.NewReader(large[:200<<10]) })},
		{name: "a large reply breaks", outcome: "upstream-broke", took: answered,
			set: relays(int64(len(large)), func() io.Reader {
				return io.MultiReader(bytes.NewReader(large[:200<<10]), breaking{io.ErrUnexpectedEOF})
			})},
	}
}

// cutExits are calls that a side cuts, and where.
func cutExits() []exit {
	admitted := []string{readers, buffers, claims, slots, intents}
	answered := append([]string{replies, answers}, admitted...)
	message, ordinary := largeMessage(300<<10), withLength("/publikace/E05", call{}.message())
	begun := header("/publikace/E05", "Content-Length: 90000") + strings.Repeat(" ", 9<<10)
	short := func(_ *exitRun, s *settings) { s.cfg.CutTime = 20 * time.Millisecond }
	endless := relays(-1, func() io.Reader {
		return io.MultiReader(bytes.NewReader(largeReply(100 << 10)[:100<<10]), letters{})
	})
	return []exit{
		{name: "the caller before its head", outcome: "malformed", took: []string{readers, buffers},
			ask: func(run *exitRun) {
				run.leave(begun)
			}},
		{name: "the caller in its message", outcome: "malformed", took: admitted,
			ask: func(run *exitRun) { run.leave(withLength("/publikace/E05", message)[:200<<10]) }},
		{name: "the caller in its answer", outcome: "caller-left", took: answered, set: endless,
			ask: func(run *exitRun) {
				w := run.dial(run.t)
				w.write(withLength("/publikace/E05", call{}.message()))
				_, _ = w.r.ReadByte()
				_ = w.Conn.(*net.TCPConn).SetLinger(0)
				w.Close()
			}},
		{name: "the caller is too slow", outcome: "bad-http", took: []string{readers, buffers},
			set: func(_ *exitRun, s *settings) { s.cfg.ReadIdle = 50 * time.Millisecond },
			ask: func(run *exitRun) {
				run.send(begun)
			}},
		{name: "the gateway before the answer", outcome: "draining", took: admitted,
			set: both(short, func(_ *exitRun, s *settings) { _, _, relay := held(); relay(s) }),
			ask: func(run *exitRun) { run.shutDuring(ordinary, admitted...) }},
		{name: "the gateway in the message", outcome: "cut", took: []string{readers, buffers},
			set: short,
			ask: func(run *exitRun) {
				run.shutDuring(begun, readers)
			}},
		{name: "the gateway in the answer", outcome: "cut", took: answered,
			set: both(short, endless),
			ask: func(run *exitRun) { run.shutDuring(ordinary, replies) }},
	}
}

// panicExits are calls that meet a panic, and where.
func panicExits() []exit {
	reserved := []string{readers, buffers, claims}
	admitted := []string{readers, buffers, claims, slots}
	intended := append([]string{intents}, admitted...)
	answered := append([]string{replies, answers}, intended...)
	large := largeReply(300 << 10)
	return []exit{
		{name: "at the policy", outcome: "internal", took: []string{readers, buffers},
			set: func(_ *exitRun, s *settings) { s.parts.Policy = nil }},
		{name: "at the claim", outcome: "internal", took: []string{readers, buffers},
			set: breaks("claim", nil)},
		{name: "at the room", outcome: "internal", took: reserved,
			set: breaks("open", nil), ask: later},
		{name: "at the admission", outcome: "internal", took: reserved, set: breaks("admit", nil)},
		{name: "at the confirmation", outcome: "internal", took: admitted,
			set: breaks("confirm", nil)},
		{name: "at the relay", outcome: "internal", took: intended,
			set: func(_ *exitRun, s *settings) {
				relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
					panic("relay")
				})(s)
			}},
		{name: "in a filtered element", outcome: "upstream-broke", took: answered,
			set: both(relays(-1, func() io.Reader {
				doc := personReply("<Telefon>" + strings.Repeat("6", 600<<10))
				return io.MultiReader(bytes.NewReader(doc[:500<<10]), panicking{})
			}), returns(egon.FilterReturned))},
		{name: "in the reply", outcome: "internal", took: answered,
			set: relays(-1, func() io.Reader { return panicking{} })},
		{name: "in the answer", outcome: "upstream-broke", took: answered,
			set: relays(-1, func() io.Reader {
				return io.MultiReader(bytes.NewReader(large[:200<<10]), panicking{})
			})},
		{name: "when the answer is closed", outcome: "ok", took: answered,
			set: func(run *exitRun, s *settings) {
				relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
					a, err := run.relay(ctx, m)
					if err == nil {
						a.Body.(*countedBody).close = func() { panic("close") }
					}
					return a, err
				})(s)
			}},
		{name: "when the id is forgotten", outcome: "hourly-quota", took: reserved,
			set: both(decides(limits.OverQuota), breaks("forget", nil))},
		{name: "when the room is given back", outcome: "hourly-quota", took: append(reserved, rooms),
			ask: later,
			set: both(decides(limits.OverQuota), breaks("delete", nil))},
		{name: "when the slot is given back", outcome: "ok", took: answered,
			set: breaks("release", nil)},
		{name: "when the line is written", outcome: "ok", took: answered,
			set: panicsAt("exchange")},
	}
}

// auditExits are calls of which the record of use cannot be written, and where that shows.
func auditExits() []exit {
	read := []string{readers, buffers}
	admitted := []string{readers, buffers, claims, slots}
	all := append([]string{replies, answers}, admitted...)
	serving := func(_ *exitRun, s *settings) { s.cfg.ServeUnrecorded = true }
	gone := func(run *exitRun, _ *settings) { // since the call was accepted
		n := 0
		run.before["blocked"] = func() error {
			if n++; n > 1 {
				return errNoDisk
			}
			return nil
		}
	}
	const unavailable = "audit-unavailable"
	refused, late := records{audit.TypeRefusal: 1}, records{audit.TypeLate: 1}
	lateJob := records{audit.TypeLate: 1, audit.TypeLate + " of a job": 1}
	return []exit{
		{name: "blocked", outcome: unavailable, records: records{}, unsent: true,
			set: breaks("blocked", errNoDisk)},
		{name: "blocked, before the message", outcome: unavailable, records: records{}, unsent: true,
			set: breaks("blocked", errNoDisk), ask: func(run *exitRun) {
				run.send(header("/publikace/E05", "Expect: 100-continue", "Content-Length: 5"))
			}},
		{name: "blocked when it was admitted", outcome: unavailable, took: admitted,
			records: refused, unsent: true, set: gone},
		{name: "the intent fails", outcome: unavailable, took: admitted, records: refused,
			unsent: true, set: breaks("intend", errNoDisk)},
		{name: "the intent fails, workflow", outcome: unavailable, took: admitted, records: refused,
			unsent: true, set: breaks("intend", errNoDisk), ask: asks("E198", mediaCall())},
		{name: "the intent fails, later", outcome: unavailable, took: append(admitted, rooms),
			records: refused, unsent: true, set: breaks("intend", errNoDisk), ask: later},
		{name: "the intent fails, in a long message", outcome: unavailable, took: admitted,
			records: refused, unsent: true, set: breaks("intend", errNoDisk),
			ask: asks("E05", largeMessage(300<<10))},
		{name: "the intent panics", outcome: "internal", took: admitted, records: refused,
			unsent: true, set: breaks("intend", nil)},
		{name: "the question of a queue is none", outcome: "invalid-data", took: admitted,
			records: refused, ask: asks("E100", call{code: "E100", inner: "<x/>"}.message())},
		{name: "the outcome panics", outcome: "ok", took: append(all, intents),
			set: breaks("conclude", nil)},
		{name: "served while it is blocked", outcome: "ok", took: all, records: late,
			set: both(serving, breaks("blocked", errNoDisk))},
		{name: "served though the intent fails", outcome: "ok", took: all, records: late,
			set: both(serving, breaks("intend", errNoDisk))},
		{name: "served though the intent fails, later", outcome: "ok", job: "ok", records: lateJob,
			took: append(admitted, rooms), set: both(serving, breaks("intend", errNoDisk)), ask: later},
		{name: "refused while it is blocked and calls are served", outcome: "not-granted",
			took: read, records: refused, set: both(serving, breaks("blocked", errNoDisk)),
			ask: asks("E05", call{ais: "999003"}.message())},
	}
}

var errNoDisk = errors.New("no space left on device")

// jobExits are calls that leave a job behind, and how the job ends.
func jobExits() []exit {
	all := []string{readers, buffers, claims, slots, rooms, intents}
	other := &egon.RightsQuery{
		Agenda:       []byte("X998"),
		AgendovaRole: []byte("XR1"),
		Ovm:          []byte("12345678"),
	}
	soon := func(_ *exitRun, s *settings) {
		s.cfg.Routes.Services["E227"] = Route{Kind: LocalRoute, Timeout: 100 * time.Millisecond}
	}
	hold := func(run *exitRun) (begun, letGo chan struct{}) {
		begun, letGo = make(chan struct{}), make(chan struct{})
		run.before["done"] = func() error { close(begun); <-letGo; return nil }
		return begun, letGo
	}
	return []exit{
		{name: "succeeds", outcome: "ok", job: "ok", took: all, ask: later},
		{name: "fails", outcome: "ok", job: "chyba", took: all,
			set: func(run *exitRun, s *settings) {
				rowsFrom(run.t, func(context.Context, string) ([]egon.RightsItem, error) {
					return nil, errors.New("no bus")
				})(s)
			},
			ask: asks("E227?async", call{code: "E227", triple: other}.message())},
		{name: "is deleted", outcome: "ok", job: "deleted", took: all,
			ask: func(run *exitRun) {
				begun, letGo := hold(run)
				run.post("E227?async", call{code: "E227"}.message())
				<-begun
				err := run.Delete(context.Background(), "999001", run.tally.pieces(rooms)...)
				if err != nil {
					run.t.Fatal(err)
				}
				close(letGo)
			}},
		{name: "finds no queue", outcome: "ok", job: "unkept", took: all, rooms: 1,
			set: both(soon, breaks("done", errNoStore)), ask: later},
		{name: "meets a panic of the queue", outcome: "ok", job: "unkept", took: all, rooms: 1,
			set: both(soon, breaks("done", nil)), ask: later},
		{name: "meets a panic of the limiter", outcome: "ok", job: "ok", took: all,
			ask: later, set: breaks("release", nil)},
		{name: "meets a panic of the log", outcome: "ok", job: "ok", took: all, ask: later,
			set: panicsAt("job")},
		{name: "is cut", outcome: "ok", job: "unkept", took: all, rooms: 1,
			set: breaks("done", errNoStore),
			ask: func(run *exitRun) {
				run.post("E227?async", call{code: "E227"}.message())
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
				defer cancel()
				_ = run.Shutdown(ctx)
			}},
	}
}
