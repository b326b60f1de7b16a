package upstream

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"brana/egon"
)

// Every wait ends: with the deadline, with a cancel, with Config.Timeout.
func TestRelayWaitsEnd(t *testing.T) {
	t.Parallel() // it waits
	half := func(nc net.Conn, br *bufio.Reader) {
		takeRequest(br)
		io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 10\r\n\r\n<a>")
		br.ReadByte()
	}
	drip := func(nc net.Conn, br *bufio.Reader) {
		takeRequest(br)
		for {
			if _, err := io.WriteString(nc, "H"); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	long := &egon.Message{Service: e05, Length: -1, Body: endless{}}
	for _, tt := range []struct {
		name    string
		fake    rawFake // nil: it takes the connection and no byte of the message
		timeout time.Duration
		end     func(context.Context) (context.Context, context.CancelFunc)
		m       *egon.Message
		late    bool
	}{
		{"silent, deadline", silent(), 0, soon, text("<b/>"), true},
		{"silent, timeout", silent(), 200 * time.Millisecond, context.WithCancel, text("<b/>"),
			true},
		{"silent, cancel", silent(), 0, cancelled, text("<b/>"), false},
		{"half a body, deadline", half, 0, soon, text("<b/>"), true},
		{"half a body, timeout", half, 200 * time.Millisecond, context.WithCancel, text("<b/>"),
			true},
		{"half a body, cancel", half, 0, cancelled, text("<b/>"), false},
		{"head byte by byte", drip, 200 * time.Millisecond, context.WithCancel, text("<b/>"), true},
		{"does not take the message", nil, 200 * time.Millisecond, context.WithCancel, long, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			over := make(chan struct{})
			defer close(over)
			if tt.fake == nil {
				tt.fake = func(net.Conn, *bufio.Reader) { <-over }
			}
			c := client(t, Config{URL: tt.fake.listen(t), Timeout: tt.timeout})
			ctx, cancel := tt.end(context.Background())
			defer cancel()
			a, _, err := NewRelay(c).Send(ctx, tt.m, nil)
			if err == nil {
				_, err = io.ReadAll(a.Body)
				a.Body.Close()
			}
			e := wantCallError(t, err)
			if e.Timeout != tt.late || !e.Sent {
				t.Errorf("timeout %v, sent %v (%v)", e.Timeout, e.Sent, err)
			}
		})
	}
}

func soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 200*time.Millisecond)
}

func cancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	time.AfterFunc(200*time.Millisecond, cancel)
	return ctx, cancel
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// The time in which the answer is not read does not count.
func TestRelayPausedReads(t *testing.T) {
	t.Parallel() // it waits
	body := strings.Repeat("x", 1<<20)
	c := client(t, Config{URL: answering(ok(body)).listen(t), Timeout: 500 * time.Millisecond})
	a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	first := make([]byte, 64<<10)
	if _, err := io.ReadFull(a.Body, first); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // the pause is the subject
	rest, err := io.ReadAll(a.Body)
	if err != nil || len(first)+len(rest) != len(body) {
		t.Errorf("read %d bytes, %v", len(first)+len(rest), err)
	}
}

// Closing an answer frees a Read that waits for it.
func TestRelayCloseWhileReading(t *testing.T) {
	reading := make(chan struct{})
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		takeRequest(br)
		io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 10\r\n\r\n<a>")
		close(reading)
		br.ReadByte()
	}).listen(t)
	c := client(t, Config{URL: url})
	a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := io.ReadAll(a.Body)
		done <- err
	}()
	<-reading
	a.Body.Close()
	if err := <-done; err == nil {
		t.Error("the Read ended without an error")
	}
	a.Body.Close()
	waitFor(t, "the connection to be given back", func() bool { return c.host.ConnsCount() == 0 })
}

// However calls end - read, closed unread, cancelled at any moment, closed from
// elsewhere - each gives its connection back, once, and none is given to two.
func TestRelayGivesBackOnce(t *testing.T) {
	body := strings.Repeat("x", 100_000) + "!"
	c := client(t, Config{URL: answering(ok(body)).listen(t), MaxConns: 4})
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(seed, 1))
			for range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				if dice.IntN(2) == 0 {
					time.AfterFunc(time.Duration(dice.IntN(2000))*time.Microsecond, cancel)
				}
				a, _, err := NewRelay(c).Send(ctx, text("<b/>"), nil)
				if err != nil {
					cancel()
					continue
				}
				var closing sync.WaitGroup
				switch dice.IntN(3) {
				case 0:
					a.Body.Close()
				case 1:
					closing.Go(func() { a.Body.Close() })
				}
				if b, err := io.ReadAll(a.Body); err == nil && string(b) != body {
					t.Errorf("read %d bytes of %d without an error", len(b), len(body))
				}
				a.Body.Close()
				closing.Wait()
				cancel()
			}
		})
	}
	wg.Wait()
	waitFor(t, "all connections to be idle or closed",
		func() bool { return c.host.ConnsCount() == c.host.IdleConnsCount() })
	if n := c.host.ConnsCount(); n > 4 {
		t.Errorf("%d connections, want at most 4", n)
	}
	if got, err := send(t, c, text("<b/>")); err != nil || got != body {
		t.Errorf("afterwards: %d bytes, %v", len(got), err)
	}
}
