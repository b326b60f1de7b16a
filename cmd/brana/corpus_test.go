package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"brana/cmd/brana/config"
	"brana/egon/testdata/requests"
)

// The corpus of the gate (egon/testdata/requests) has one verdict everywhere:
// through brana lint, and through a running gateway, whole and cut.

const (
	splits     = 16 // ways to cut each case
	rawCallers = 8  // callers at once
)

func corpus(t testing.TB) []requests.Case {
	t.Helper()
	cases, err := requests.Cases()
	if err != nil || len(cases) < 200 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	return cases
}

// kindOf is the kind of a verdict of the corpus: accept, or the first words of
// a refusal, up to where its reason begins.
func kindOf(want string) string {
	for _, kind := range []string{"malformed", "version", "too large", "mismatch", "invalid"} {
		if strings.HasPrefix(want, kind+" ") {
			return kind
		}
	}
	return want
}

func TestLintJudgesTheCorpus(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]string{} // by service
	want := map[string]requests.Case{}
	messages, err := requests.Messages()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range append(corpus(t), messages...) {
		file := filepath.Join(dir, fmt.Sprint(i, ".xml"))
		if err := os.WriteFile(file, c.Doc, 0o600); err != nil {
			t.Fatal(err)
		}
		files[c.Service] = append(files[c.Service], file)
		want[file] = c
	}
	for service, list := range files {
		for i := range 1 + splits {
			flags := []string{"lint", "--service", service}
			if i > 0 {
				flags = append(flags, "--stream")
			}
			said, _ := brana(append(flags, list...)...)
			lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
			if len(lines) != len(list) {
				t.Fatalf("%d files, %d verdicts", len(list), len(lines))
			}
			for n, line := range lines {
				c := want[list[n]]
				got := strings.TrimPrefix(line, list[n]+": ")
				reason := strings.TrimSpace(strings.TrimPrefix(c.Want, kindOf(c.Want)))
				if c.Want == "accept" && got != "accept" || c.Want != "accept" && !strings.HasPrefix(got, "reject ("+reason+" in ") {
					t.Errorf("%s: lint says %s, want %s", c.Name, got, c.Want)
				}
			}
		}
	}
}

// Each case goes whole with its length, which is the way of a small message,
// and in pieces without it, which is the way of a stream.
func TestGatewayJudgesTheCorpus(t *testing.T) {
	w := startWorld(t, func(c *config.Config) {
		c.Limits.Store = "memory"
		for _, code := range []string{"E99", "E100", "E101"} {
			c.Routes[code] = config.Route{To: "relay iszr"} // a question that is well made need not find an answer
		}
	})
	host, err := url.Parse(w.gateway)
	if err != nil {
		t.Fatal(err)
	}
	work := make(chan requests.Case)
	var callers sync.WaitGroup
	for range rawCallers {
		callers.Go(func() {
			v := rawCaller{t: t, address: host.Host, prefix: host.Path}
			defer v.hangUp()
			for c := range work {
				v.try(c)
			}
		})
	}
	for _, c := range corpus(t) {
		work <- c
	}
	close(work)
	callers.Wait()
}

// A rawCaller writes its requests byte by byte. It keeps its connection as long as
// the gateway does.
type rawCaller struct {
	t               testing.TB
	address, prefix string
	conn            net.Conn
	in              *bufio.Reader
}

// try sends a case in all ways. The message of a failure has the seed.
func (v *rawCaller) try(c requests.Case) {
	want := kindOf(c.Want)
	check := func(how, got string) {
		// The sample policy does not grant the queue: the refusal may come before
		// the offence. A message that is not granted was read.
		if got != want && !(got == notGranted && (want == "accept" || c.Service == "E100")) {
			v.t.Errorf("%s: %s: %s, want %s", c.Name, how, got, want)
		}
	}
	check("whole", v.ask(c.Service, fmt.Sprintf("Content-Length: %d", len(c.Doc)), c.Doc))
	for seed := range uint64(splits) {
		random := rand.New(rand.NewPCG(seed, uint64(len(c.Doc))))
		most := 1 + random.IntN(1+len(c.Doc))
		var body bytes.Buffer
		for rest := c.Doc; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(most))
			fmt.Fprintf(&body, "%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		body.WriteString("0\r\n\r\n")
		check(fmt.Sprint("split ", seed), v.ask(c.Service, "Transfer-Encoding: chunked", body.Bytes()))
	}
}

const notGranted = "not granted"

var refusalNumber = regexp.MustCompile(`BR_(\d{3}): `)

// ask sends a request with a body as it goes over the wire, and returns the
// kind of the answer: what is wrong with the message, or accept.
func (v *rawCaller) ask(service, framing string, body []byte) string {
	if v.conn == nil {
		conn, err := net.Dial("tcp", v.address)
		if err != nil {
			return err.Error()
		}
		v.conn, v.in = conn, bufio.NewReader(conn)
	}
	head := fmt.Sprintf("POST %s/%s HTTP/1.1\r\nHost: gate\r\nContent-Type: text/xml; charset=utf-8\r\n%s\r\n\r\n", v.prefix, service, framing)
	if _, err := v.conn.Write(append([]byte(head), body...)); err != nil {
		v.hangUp()
		return err.Error()
	}
	response, err := http.ReadResponse(v.in, nil)
	if err != nil {
		v.hangUp()
		return err.Error()
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // nothing of it is left
	if response.Close || err != nil {
		v.hangUp()
	}
	if err != nil {
		return err.Error()
	}
	number := refusalNumber.FindSubmatch(answer)
	if number == nil {
		return "accept"
	}
	switch string(number[1]) {
	case "101", "111", "112":
		return notGranted
	case "301":
		return "invalid"
	case "302":
		return "mismatch"
	case "306", "401", "402": // it asks synchronously, or the registries know nobody of that name
		return "accept"
	case "501":
		return "malformed"
	case "504":
		return "too large"
	case "506":
		return "version"
	}
	return string(answer)
}

func (v *rawCaller) hangUp() {
	if v.conn != nil {
		_ = v.conn.Close() // it was read to its end
		v.conn = nil
	}
}
