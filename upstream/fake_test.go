package upstream

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"brana/egon"
)

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "8") // tests that call Parallel wait, and do not compute
	// The cleaners of the HTTP library end some time after the last connection.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// rawFake is an upstream that speaks on the bare connection; it is called once
// for each.
type rawFake func(nc net.Conn, br *bufio.Reader)

// listen starts f on a loopback address and returns its URL. All connections
// are closed when the test ends.
func (f rawFake) listen(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu    sync.Mutex
		conns []net.Conn
		wg    sync.WaitGroup
	)
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, nc)
			mu.Unlock()
			wg.Go(func() {
				defer nc.Close()
				f(nc, bufio.NewReader(nc))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, nc := range conns {
			nc.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

// takeRequest reads one whole request; its body is in memory then.
func takeRequest(br *bufio.Reader) (*http.Request, string, error) {
	req, err := http.ReadRequest(br)
	if err != nil {
		return nil, "", err
	}
	b, err := io.ReadAll(req.Body)
	return req, string(b), err
}

// answering returns a fake that reads each request and writes the answer.
func answering(answer string) rawFake {
	return func(nc net.Conn, br *bufio.Reader) {
		for {
			if _, _, err := takeRequest(br); err != nil {
				return
			}
			if _, err := io.WriteString(nc, answer); err != nil {
				return
			}
		}
	}
}

// ok is a whole HTTP answer with an XML body.
func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func client(t testing.TB, c Config) *Client {
	t.Helper()
	if c.Name == "" {
		c.Name = "fake"
	}
	cl, err := NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// askWhole sends a request of a step and returns its whole reply.
func askWhole(t testing.TB, c *Client, party egon.Party, q question) ([]byte, error) {
	return through(t.Context(), c, asker{party: party},
		func(k *call) ([]byte, error) { return k.ask(t.Context(), q) })
}

var e05 = &egon.Service{Code: "E05", Action: "IszrRobCtiPodleUdaju"}

func text(body string) *egon.Message {
	return &egon.Message{Service: e05, Length: int64(len(body)), Whole: true,
		Body: strings.NewReader(body)}
}

// waitFor polls until cond holds.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for by := time.Now().Add(10 * time.Second); time.Now().Before(by); time.Sleep(time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

// silent takes a request and never answers.
func silent() rawFake {
	return func(_ net.Conn, br *bufio.Reader) {
		takeRequest(br)
		br.ReadByte()
	}
}
