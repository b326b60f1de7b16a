package journal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A copyBox is where copies arrive in tests; fail says which attempt does not succeed.
type copyBox struct {
	mu   sync.Mutex
	got  []string
	at   []time.Duration // of each attempt, since the beginning
	fail func(attempt int) error
}

func (b *copyBox) sender() sender {
	began := time.Now()
	return func(_ context.Context, text []byte) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.at = append(b.at, time.Since(began))
		if b.fail != nil {
			if err := b.fail(len(b.at)); err != nil {
				return err
			}
		}
		b.got = append(b.got, strings.TrimSuffix(string(text), "\n"))
		return nil
	}
}

// A copy that fails is sent again, later and later, and those after it wait their turn.
func TestCopiesAreSentAgainInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failures []string
		box := &copyBox{fail: func(attempt int) error {
			if attempt <= 8 {
				return errors.New("no network")
			}
			return nil
		}}
		c := startCopies(CopiesConfig{Event: func(e Event) {
			failures = append(failures, string(e.What)+": "+e.Err.Error())
		}}, []sender{box.sender()})
		for _, line := range []string{"a", "b", "c"} {
			c.Add([]byte(line))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if d := cmp.Diff([]string{"a", "b", "c"}, box.got); d != "" {
			t.Error(d)
		}
		seconds := []int{}
		for _, at := range box.at {
			seconds = append(seconds, int(at/time.Second))
		}
		if d := cmp.Diff([]int{0, 1, 3, 7, 15, 31, 63, 123, 183, 183, 183}, seconds); d != "" {
			t.Errorf("seconds of the attempts: %s", d)
		}
		if len(failures) != 8 || failures[0] != "copy failed: copy a seal: no network" {
			t.Errorf("events: %q", failures)
		}
		if got, want := c.Stats(), (CopyStats{Sent: 3, Failed: 8}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
		c.Close()
	})
}

// A place that is away for long costs the oldest copies, and bounded memory.
func TestCopiesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		away.Store(true)
		box := &copyBox{fail: func(int) error {
			if away.Load() {
				return errors.New("away")
			}
			return nil
		}}
		c := startCopies(CopiesConfig{Event: func(Event) {}}, []sender{box.sender()})
		c.Add([]byte("0"))
		synctest.Wait() // it has failed
		for n := range mostCopies + 99 {
			c.Add(fmt.Append(nil, n+1))
		}
		if s := c.Stats(); s.Waiting != mostCopies || s.Lost != 100 {
			t.Errorf("%+v", s)
		}
		away.Store(false)
		time.Sleep(2 * lastRetry)
		synctest.Wait()
		if len(box.got) != mostCopies || box.got[0] != "100" {
			t.Errorf("%d copies arrived, the first is %s", len(box.got), box.got[0])
		}
		c.Close()
	})
}

// Close waits for copies that can be sent, and not for long for those that cannot.
func TestCloseOfCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		box := &copyBox{fail: func(attempt int) error {
			if attempt < 3 {
				return errors.New("not yet")
			}
			return nil
		}}
		c := startCopies(CopiesConfig{Event: func(Event) {}}, []sender{box.sender()})
		c.Add([]byte("seal"))
		c.Close()
		if len(box.got) != 1 || time.Since(began) != 3*time.Second {
			t.Errorf("got %q after %v", box.got, time.Since(began))
		}
		hangs := func(ctx context.Context, _ []byte) error { <-ctx.Done(); return ctx.Err() }
		began = time.Now()
		c = startCopies(CopiesConfig{Event: func(Event) {}}, []sender{hangs})
		c.Add([]byte("seal"))
		c.Close()
		if d := time.Since(began); d != lastPatience {
			t.Errorf("Close took %v", d)
		}
	})
}

// A mark names the last line on the disk, if there is a new one.
func TestMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &copyBox{}
		c := startCopies(CopiesConfig{Gateway: "g1", Every: time.Minute}, []sender{box.sender()})
		var last atomic.Uint64
		c.Mark(func() (uint64, hash) { return last.Load(), hash{1} })
		for _, seq := range []uint64{0, 5, 5, 9} {
			last.Store(seq)
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		c.Close()
		var got []uint64
		for _, text := range box.got {
			m, ok := parseCopy([]byte("Nov 29 host brana: g1 " + text + " trailer"))
			if !ok || m.Gateway != "g1" || m.Hash[:2] != "01" {
				t.Errorf("mark %s: %+v, %v", text, m, ok)
			}
			got = append(got, m.Seq)
		}
		if d := cmp.Diff([]uint64{5, 9}, got); d != "" {
			t.Error(d)
		}
	})
}

// The words of a program that failed are quoted, and nothing stands for words that are none.
func TestAProgramThatFails(t *testing.T) {
	for script, want := range map[string]string{
		"exit 3":               "sh: exit status 3",
		"echo full >&2;exit 3": "sh: exit status 3: full",
	} {
		if err := toCommand([]string{"sh", "-c", script})(t.Context(), nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", script, err, want)
		}
	}
}

func TestCopiesToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seals")
	put(t, filepath.Dir(path), map[string]string{"seals": "torn by a cra"})
	c, err := StartCopies(CopiesConfig{File: path})
	if err != nil {
		t.Fatal(err)
	}
	c.Add([]byte("a"))
	c.Add([]byte("b"))
	c.Close()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "torn by a cra\na\nb\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := toFile(path)(t.Context(), []byte("c\n")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&^fileMode != 0 || info.Size() != 2 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestCopiesToACommand(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	c, err := StartCopies(CopiesConfig{Command: []string{"sh", "-c", "cat >> " + out}})
	if err != nil {
		t.Fatal(err)
	}
	c.Add([]byte("a"))
	c.Add([]byte("b"))
	c.Close()
	if text, err := os.ReadFile(out); err != nil || string(text) != "a\nb\n" {
		t.Errorf("%q, %v", text, err)
	}
	bounded, over := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer over()
	for name, c := range map[string]struct {
		send sender
		ctx  context.Context
		want string
	}{
		"a failure": {
			toCommand([]string{"sh", "-c", "echo no route >&2; exit 3"}),
			t.Context(),
			"sh: exit status 3: no route",
		},
		"a long failure": {
			toCommand([]string{"sh", "-c", "yes | head -c 100000 >&2; exit 1"}),
			t.Context(),
			"sh: exit status 1: " + strings.TrimSpace(strings.Repeat("y\n", 100)),
		},
		"no program": {toCommand([]string{"/no/such"}), t.Context(), "no such file"},
		"no end": {
			toCommand([]string{"sleep", "60"}),
			bounded,
			"sleep was ended, since it took too long",
		},
	} {
		if err := c.send(c.ctx, []byte("seal\n")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCopiesToSyslog(t *testing.T) {
	dir := t.TempDir()
	for network, frame := range map[string]func(message string) string{
		"unixgram": func(m string) string { return m },
		"unix":     func(m string) string { return strings.TrimSuffix(m, "\x00") },
		"udp":      func(m string) string { return m },
		"tcp": func(m string) string {
			length, rest, _ := strings.Cut(m, " ")
			if length != fmt.Sprint(len(rest)) {
				t.Errorf("a frame of %s bytes has %d", length, len(rest))
			}
			return rest
		},
	} {
		address, got := listen(t, network, filepath.Join(dir, network))
		send, err := toSyslog(address, "my gateway")
		if err != nil {
			t.Fatal(err)
		}
		if err := send(t.Context(), []byte(`{"seq":1}`+"\n")); err != nil {
			t.Fatalf("%s: %v", network, err)
		}
		fields := strings.SplitN(frame(<-got), " ", 9)
		if len(fields) != 9 {
			t.Fatalf("%s: %q", network, fields)
		}
		if _, err := time.Parse(time.RFC3339Nano, fields[1]); err != nil {
			t.Error(err)
		}
		fields[1], fields[2], fields[4] = "TIME", "HOST", "PID"
		want := `<85>1 TIME HOST brana PID seal - my_gateway {"seq":1}`
		if got := strings.Join(fields, " "); got != want {
			t.Errorf("%s: %s, want %s", network, got, want)
		}
	}
	for _, wrong := range []string{"udp", "udp:", "udp:host", "http:host:1", "dev/log", "host:514"} {
		if _, err := StartCopies(CopiesConfig{Syslog: wrong}); err == nil {
			t.Errorf("%q is taken for an address", wrong)
		}
	}
	send, _ := toSyslog(filepath.Join(dir, "none"), "g")
	if err := send(t.Context(), []byte("x\n")); err == nil {
		t.Error("a message to nobody was sent")
	}
}

// listen waits for one message and returns the address to send it to.
func listen(t *testing.T, network, path string) (address string, got chan string) {
	t.Helper()
	got = make(chan string, 1)
	read := func(conn interface{ Read([]byte) (int, error) }) {
		buf := make([]byte, 4096)
		n, _ := conn.Read(buf)
		got <- string(buf[:n])
	}
	at := path
	if network == "udp" || network == "tcp" {
		at = "127.0.0.1:0"
	}
	if network == "udp" || network == "unixgram" {
		conn, err := net.ListenPacket(network, at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go read(conn.(interface{ Read([]byte) (int, error) }))
		address = conn.LocalAddr().String()
	} else {
		l, err := net.Listen(network, at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			if conn, err := l.Accept(); err == nil {
				read(conn)
				conn.Close()
			}
		}()
		address = l.Addr().String()
	}
	if at == path {
		return path, got
	}
	return network + ":" + address, got
}
