package gateway

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"brana/egon"
	"brana/limits"
)

// A caller that takes its answer for longer than its slot lives stays counted
// among the calls at once until the last byte, and no longer.
func TestALongTransferKeepsItsSlot(t *testing.T) {
	// The library begins what never ends, outside the bubble.
	startGateway(t).post(t, "/publikace/E05", call{}.message())
	large := largeReply(24 << 20)
	synctest.Test(t, func(t *testing.T) {
		// Grants are valid then.
		time.Sleep(time.Until(time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)))
		store := limits.NewMemory(mustCalendar(t), nil)
		s := newGateway(t, func(s *settings) {
			s.parts.Limiter = store
		}, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
			return &egon.Answer{
				HTTPStatus:  200,
				ContentType: contentType,
				Length:      int64(len(large)),
				Body:        io.NopCloser(bytes.NewReader(large)),
			}, nil
		}))
		caller, gateway := net.Pipe()
		defer caller.Close()
		go func() { _ = s.server.ServeConn(gateway) }()
		_, err := io.WriteString(caller, withLength("/publikace/E05", call{}.message()))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(caller), nil)
		if err != nil {
			t.Fatal(err)
		}
		// A slot not renewed lives for 90 s.
		for took := time.Duration(0); took < 5*time.Minute; took += 25 * time.Second {
			if n := runningIn(t, store); n != 1 {
				t.Fatalf("%d calls run after %v, want 1", n, took)
			}
			if _, err := io.CopyN(io.Discard, r.Body, 1<<20); err != nil {
				t.Fatal(err)
			}
			time.Sleep(25 * time.Second)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := runningIn(t, store); n != 0 {
			t.Errorf("%d calls run at the end, want none", n)
		}
	})
}

// A registry that is late with the rest of its answer, and then a caller that is late
// to take it, may each wait as long as a call may wait once.
func TestASlotIsKeptBetweenTwoWaits(t *testing.T) {
	const wait = 59 * time.Second // of 60 s
	large := largeReply(300 << 10)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)))
		store := limits.NewMemory(mustCalendar(t), nil)
		message := call{}.message()
		loop := newLoop(t, "/publikace/E05", message, func(s *settings) {
			s.parts.Limiter = store
		}, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
			return &egon.Answer{
				HTTPStatus:  200,
				ContentType: contentType,
				Length:      -1,
				Body: io.NopCloser(io.MultiReader(
					bytes.NewReader(large[:200<<10]),
					readerFunc(func([]byte) (int, error) { time.Sleep(wait); return 0, io.EOF }),
					bytes.NewReader(large[200<<10:]),
				)),
			}, nil
		}))
		loop.body.Reset(message)
		loop.rc.Request.SetBodyStream(&loop.body, len(message))
		began := time.Now()
		loop.g.Handle(&loop.rc)
		x := loop.rc.Response.BodyStream().(*exchange)
		late := false
		_, err := x.WriteTo(writerFunc(func(p []byte) (int, error) {
			if !late && time.Since(began) >= wait {
				late = true
				time.Sleep(wait)
			}
			if n := runningIn(t, store); n != 1 {
				t.Errorf("%d calls run after %v, want 1", n, time.Since(began))
			}
			return len(p), nil
		}))
		if err != nil || !late {
			t.Errorf("the answer did not come late: %v", err)
		}
		if err := x.CloseWithError(err); err != nil {
			t.Error(err)
		}
		if n := runningIn(t, store); n != 0 {
			t.Errorf("%d calls run at the end, want none", n)
		}
	})
}

// runningIn is the number of calls of the ordinary caller that a limiter counts.
func runningIn(t *testing.T, store *limits.Memory) int {
	t.Helper()
	u, err := store.Usage(
		t.Context(), limits.Call{Key: limits.KeyOf("X999", "XR1", "12345678", "999001")},
	)
	if err != nil {
		t.Fatal(err)
	}
	return u.Running
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
