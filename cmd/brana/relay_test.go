package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/cmd/brana/config"
)

const big = 64 << 20 // bytes

// A small message leaves the gateway as it came, and so does its reply: with
// its white space, its comments, its prefixes and its quotes.
func TestSmallRelayIsByteForByte(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain sockets %t", plain), func(t *testing.T) { testSmallRelay(t, plain) })
	}
}

func testSmallRelay(t *testing.T, plain bool) {
	bus := startBus(t)
	w := startWorld(t, bus.behind, unchanging, func(c *config.Config) { c.Listen.PlainSockets = plain })
	e05 := string(message(t, "E05", "--name", "Zoran Vosáhlo", "--born", "1977-05-03"))
	for _, tt := range []struct{ name, message, reply string }{
		{"as they usually are", e05, replyE05},
		{"bare", string(message(t, "E05", "--name", "Zoran Vosáhlo", "--bare")), replyE05},
		{"with a declaration, comments and odd white space",
			`<?xml version='1.0'  encoding="UTF-8" ?>` + "\r\n<!-- a -->\n" + strings.Replace(e05, "<rod:Jmeno>", "<!-- b --><rod:Jmeno \t\r\n>",
				1) + "\n\n",
			"\ufeff<!-- c -->\n" + strings.Replace(replyE05, " xmlns:e=", "\r\n\txmlns:e = ", 1) + "\r\n<!-- d -->\n"},
		{"with CDATA and references", strings.Replace(e05, "Zoran", "<![CDATA[Zo]]>&#x72;&#97;n", 1),
			strings.Replace(replyE05, "</e:", "<![CDATA[<Rob>]]>&amp;&#xA0;</e:", 1)},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: ", chunked"}[chunked], func(t *testing.T) {
				bus.reply.Store(&longMessage{start: tt.reply})
				bus.chunked.Store(chunked)
				request := w.request("E05", strings.NewReader(tt.message))
				if chunked {
					request.ContentLength = -1
				}
				response, err := w.client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				got, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != tt.reply {
					t.Errorf("the caller received\n%q\nwant\n%q", got, tt.reply)
				}
				if <-bus.received != digest(strings.NewReader(tt.message)) {
					t.Error("the bus received something else than the caller sent")
				}
				if !chunked && response.ContentLength != int64(len(tt.reply)) {
					t.Errorf("Content-Length %d, want %d", response.ContentLength, len(tt.reply))
				}
			})
		}
	}
}

// replyE05 is a reply with nothing but its status.
const replyE05 = `<e:RobCtiPodleUdajuResponse xmlns:e="urn:cz:isvs:iszr:schemas:IszrRobCtiPodleUdaju:v1"><OdpovedInfo xmlns="urn:cz:isvs:iszr:schemas:IszrAbstract:v1">` +
	`<r:Status xmlns:r="urn:cz:isvs:reg:schemas:RegTypy:v1"><r:VysledekKod>OK</r:VysledekKod></r:Status></OdpovedInfo></e:RobCtiPodleUdajuResponse>`

// The bus answers E05 with the person, and the reply keeps to the schema.
func TestRelayedCall(t *testing.T) {
	w := startWorld(t)
	r := w.call("E05", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", "Jmeno Prijmeni ROBCti")
	if got := r.statusLine(); got != "OK" || text(find(r.root, "Osoba"), "Prijmeni") != "VOSÁHLO" {
		t.Errorf("got %s: %s", got, allText(r.root))
	}
	golden(t, "e05-relayed", r)
}

// E198 and E227 may be relayed too; the checks are the same.
func TestComposedServicesRelayed(t *testing.T) {
	w := startWorld(t, func(c *config.Config) { c.Routes = config.Routes{"default": {To: "relay iszr"}} })
	if got := w.call("E227", "--triple", "A1185/CR8359/00372498"); w.steps() != "E227" {
		t.Errorf("E227: %s, steps %s", got.statusLine(), w.steps())
	}
	w.registries.ClearLog()
	person := special(t, "delivery address")
	for _, tt := range []struct {
		name  string
		flags []string
		want  string
	}{
		{"granted", byBirth(person, "--items", everything), "OK"},
		{"item not permitted", byBirth(person, append(little, "--items", "EopFoto AdresaPobytu ROBCti")...), "CHYBA (NENI OPRAVNENI)"},
		{"no evidence item", byBirth(person, "--items", "Jmeno ROBCti"), "CHYBA (NEVALIDNI DATA)"},
		{"criteria without right", byBirth(person, append(little, "--items", "EopFoto", "--count", "2")...), "CHYBA (NENI OPRAVNENI)"},
	} {
		if got := w.call("E198", tt.flags...).statusLine(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if w.steps() != "E198" {
		t.Errorf("the bus got %s, want the granted call alone", w.steps())
	}
}

// unchanging has relays leave messages and replies as they come.
func unchanging(c *config.Config) { c.Place = config.Sidecar }

// 64 MiB there and 64 MiB back arrive byte for byte, with their length and
// without, while the memory of caller, gateway and bus together stays flat.
func TestBigRelayIsByteForByte(t *testing.T) {
	bus := startBus(t)
	w := startWorld(t, bus.behind, unchanging)
	for _, chunked := range []bool{false, true} {
		t.Run(map[bool]string{false: "Content-Length", true: "chunked"}[chunked], func(t *testing.T) {
			start, end, _ := strings.Cut(replyE05, "</e:")
			question, reply := bigMessage(t), longMessage{start, "</e:" + end, big}
			bus.reply.Store(&reply)
			bus.chunked.Store(chunked)
			sent, received := sha256.New(), sha256.New()
			request := w.request("E05", io.TeeReader(question.reader(), sent))
			if !chunked {
				request.ContentLength = question.length()
			}
			memory := watchMemory()
			response, err := w.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			n, err := io.Copy(received, response.Body)
			if err != nil {
				t.Fatal(err)
			}
			grown := memory()
			if got, want := <-bus.received, hex.EncodeToString(sent.Sum(nil)); got != want {
				t.Errorf("the bus received %s, the caller sent %s", got, want)
			}
			if got := hex.EncodeToString(received.Sum(nil)); n != reply.length() || got != digest(reply.reader()) {
				t.Errorf("the caller received %d bytes, %s; the bus sent %d", n, got, reply.length())
			}
			if grown > 16<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
		})
	}
}

// watchMemory returns a function that returns the greatest growth of the heap in use,
// in bytes.
func watchMemory() func() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, most := m.HeapInuse, m.HeapInuse
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		return most - before
	}
}

// A longMessage is a beginning, a filler of comments and an end.
type longMessage struct {
	start, end string
	filler     int64
}

func bigMessage(t testing.TB) longMessage {
	start, end, _ := strings.Cut(string(message(t, "E05", "--name", "Zoran Vosáhlo")), "<rod:Jmeno>")
	return longMessage{start, "<rod:Jmeno>" + end, big}
}

func (l longMessage) length() int64 { return int64(len(l.start)+len(l.end)) + l.filler }

func (l longMessage) reader() io.Reader {
	return io.MultiReader(strings.NewReader(l.start), io.LimitReader(&comments{}, l.filler), strings.NewReader(l.end))
}

// comments is an endless row of comments of 64 bytes each.
type comments struct{ at int }

const comment = "<!-- 64 MiB of comments such as this one go through the gate -->"

func (c *comments) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], comment[c.at:])
		n, c.at = n+k, (c.at+k)%len(comment)
	}
	return n, nil
}

// A bus takes a message of any length and answers with a reply of any length.
type bus struct {
	url      string
	reply    atomic.Pointer[longMessage]
	chunked  atomic.Bool
	received chan string   // digest of each message
	hold     chan struct{} // when not nil, replies wait until it is closed
}

// behind puts the bus behind a gateway.
func (b *bus) behind(c *config.Config) {
	u := c.Upstreams["iszr"]
	u.URL = b.url
	c.Upstreams["iszr"] = u
}

func startBus(t testing.TB) *bus {
	b := &bus{received: make(chan string, 8)}
	b.reply.Store(&longMessage{start: replyE05})
	listener := listen(t)
	server := &http.Server{Handler: b}
	served := make(chan error, 1)
	go func() { served <- ignoreClosed(server.Serve(listener)) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), <-served); err != nil {
			t.Error("stop the bus:", err)
		}
	})
	b.url = "http://" + listener.Addr().String()
	return b
}

// ServeHTTP takes the whole message before it answers.
func (b *bus) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	got := digest(r.Body)
	select {
	case b.received <- got:
	default: // nobody has asked for those before
	}
	if b.hold != nil {
		<-b.hold
	}
	reply := b.reply.Load()
	rw.Header().Set("Content-Type", "text/xml; charset=utf-8")
	if !b.chunked.Load() {
		rw.Header().Set("Content-Length", strconv.FormatInt(reply.length(), 10))
	}
	_, _ = io.CopyBuffer(struct{ io.Writer }{rw}, reply.reader(), make([]byte, 64<<10)) // a gateway that leaves is seen there
}

func digest(r io.Reader) string {
	h := sha256.New()
	_, _ = io.CopyBuffer(struct{ hash.Hash }{h}, struct{ io.Reader }{r}, make([]byte, 64<<10)) // a cut message has another digest
	return hex.EncodeToString(h.Sum(nil))
}

// A message that breaks after megabytes have passed never arrives as a whole
// one, and the caller gets a Fault or a broken connection, never a reply.
func TestBigMessageThatBreaks(t *testing.T) {
	b := startBus(t)
	w := startWorld(t, b.behind)
	whole := bigMessage(t)
	whole.filler = 2 << 20
	for _, tt := range []struct{ name, end string }{
		{"tag not closed", strings.Replace(whole.end, "</rod:Jmeno>", "", 1)},
		{"DOCTYPE", "<!DOCTYPE x>" + whole.end},
		{"second ZadostInfo", `<ZadostInfo xmlns="urn:cz:isvs:iszr:schemas:IszrAbstract:v1"/>` + whole.end},
		{"cut", whole.end[:len(whole.end)-1]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := whole
			broken.end = tt.end
			response, err := w.client.Do(w.request("E05", broken.reader()))
			if err == nil {
				r, err := readReply(response)
				if err != nil {
					t.Fatal(err)
				}
				if got := r.statusLine(); !strings.HasPrefix(got, "Fault s:Client: BR_501") {
					t.Errorf("got %s", got)
				}
			}
			if got := <-b.received; got == digest(broken.reader()) {
				t.Error("the bus received all of it")
			}
			w.checkServes()
		})
	}
}

// The reply of the bus that breaks in its tail never ends well for the caller.
func TestReplyThatBreaks(t *testing.T) {
	w := startWorld(t)
	for _, failure := range []registries.Failure{registries.FailRefuse, registries.FailHTTP500, registries.FailFault,
		registries.FailMalformed, registries.FailWrongNamespace, registries.FailEmpty, registries.FailCut, registries.FailChyba} {
		t.Run(string(failure), func(t *testing.T) {
			w.set(registries.Front, registries.Settings{Failure: failure})
			got := w.call("E05", "--name", "Zoran Vosáhlo").statusLine()
			want := "CHYBA (CHYBA VOLANI REGISTRU by ISZR)"
			switch failure {
			case registries.FailFault: // a provider's Fault passes
				want = "Fault soapenv:Server: "
			case registries.FailChyba:
				want = "CHYBA (NENI K DISPOZICI by ISZR)"
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	w.set(registries.Front, registries.Settings{})
	w.set(registries.Front, registries.Settings{Failure: registries.FailCut, ReplyBytes: 4 << 20})
	response, err := w.client.Do(w.request("E05", bytes.NewReader(message(t, "E05", "--name", "Zoran Vosáhlo"))))
	if err == nil {
		if r, err := readReply(response); err == nil && !strings.HasPrefix(r.statusLine(), "CHYBA") {
			t.Error("a cut reply was taken for a whole one")
		}
	}
}
