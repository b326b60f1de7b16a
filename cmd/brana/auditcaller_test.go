package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A sighting is what a caller saw of one call.
type sighting struct {
	service  string
	id       string        // AgendaZadostId that it sent
	numbered string        // IszrZadostId of the answer; empty: it did not come as far
	data     bool          // bytes of an answer came that is no refusal of the gateway
	whole    bool          // all of the answer came
	refusal  string        // the number of a refusal of the gateway, as BR_215
	took     time.Duration // until the answer ended, or broke
}

// A tally of sightings may be used by several goroutines.
type tally struct {
	mu   sync.Mutex
	list []sighting
}

func (s *tally) add(one sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, one)
}

// all returns a copy of the sightings so far.
func (s *tally) all() []sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sighting{}, s.list...)
}

// count counts the sightings that hold.
func (s *tally) count(holds func(sighting) bool) (n int) {
	for _, one := range s.all() {
		if holds(one) {
			n++
		}
	}
	return n
}

// A kindOfCall is a message that is sent again and again, each time with another id.
type kindOfCall struct {
	service string // with its parameter
	message []byte
	picks   bool // the answer is picked up from the queue
}

// kindsOfCall are a relayed call, both that are answered here, an asynchronous one, and
// those that are refused by the grant, the matrix and the scanner.
func kindsOfCall(t testing.TB) []kindOfCall {
	t.Helper()
	person := []string{"--name", "Zoran Vosáhlo", "--born", "1977-05-03"}
	e05 := message(t, "E05", append(person, "--items", "Jmeno Prijmeni ROBCti")...)
	return []kindOfCall{
		{service: "E05", message: e05},
		{service: "E198", message: message(t, "E198",
			byBirth(special(t, "delivery address"), "--items", everything)...)},
		{service: "E227", message: message(t, "E227", triple...)},
		{service: "E227?async", message: message(t, "E227", triple...), picks: true},
		{service: "E05", message: message(t, "E05", append(little, person...)...)},
		{service: "E198", message: message(t, "E198", append(little,
			byBirth(special(t, "delivery address"), "--items", "EopPodpis")...)...)},
		{service: "E05", message: bytes.Replace(e05, []byte("</rod:Jmeno>"), nil, 1)},
	}
}

// callers call a gateway, which may end and come again elsewhere, and note what they
// see.
type callers struct {
	t       testing.TB
	client  *http.Client
	gateway atomic.Pointer[string] // URL of services, as in world
	kinds   []kindOfCall
	next    atomic.Int64
	pickUp  []byte // a message of E100
	saw     tally
}

func newCallers(t testing.TB, kinds []kindOfCall) *callers {
	t.Helper()
	c := &callers{
		t: t,
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: 64},
			Timeout:   2 * time.Minute,
		},
		kinds:  kinds,
		pickUp: message(t, "E100", "--id", "00000000-0000-4000-8000-000000000000"),
	}
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

// begin has n callers call one after another. The returned function ends them, once each
// has its answer.
func (c *callers) begin(n int) (end func()) {
	var stopped atomic.Bool
	var running sync.WaitGroup
	for range n {
		running.Go(func() {
			for !stopped.Load() {
				if one := c.one(); !one.whole {
					time.Sleep(5 * time.Millisecond) // the gateway is away
				}
			}
		})
	}
	return func() { stopped.Store(true); running.Wait() }
}

// calls makes n calls, some at once, and returns when each has its answer.
func (c *callers) calls(n, atOnce int) {
	var left atomic.Int64
	left.Store(int64(n))
	var running sync.WaitGroup
	for range atOnce {
		running.Go(func() {
			for left.Add(-1) >= 0 {
				c.one()
			}
		})
	}
	running.Wait()
}

// one makes the next call and notes what comes of it.
func (c *callers) one() sighting {
	kind := c.kinds[int(c.next.Add(1))%len(c.kinds)]
	saw, _ := c.call(kind.service, kind.message)
	if kind.picks && saw.data && saw.whole {
		question := bytes.Replace(c.pickUp, []byte("00000000-0000-4000-8000-000000000000"),
			[]byte(saw.numbered), 1)
		c.call("E100", question)
	}
	return saw
}

var (
	idPattern      = regexp.MustCompile(`AgendaZadostId>[0-9a-f-]{36}<`)
	numberPattern  = regexp.MustCompile(`IszrZadostId>([0-9a-f-]{36})<`)
	refusalPattern = regexp.MustCompile(`BR_\d{3}`)
)

// call makes a call with an id of its own, and returns the bytes that came too.
func (c *callers) call(service string, message []byte) (saw sighting, body []byte) {
	saw.service, _, _ = strings.Cut(service, "?")
	saw.id = newID()
	text := idPattern.ReplaceAll(message, []byte("AgendaZadostId>"+saw.id+"<"))
	begin := time.Now()
	defer func() {
		saw.took = time.Since(begin)
		c.saw.add(saw)
	}()
	url := *c.gateway.Load() + "/" + service
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		c.t.Error(err)
		return saw, nil
	}
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	response, err := c.client.Do(request)
	if err != nil {
		return saw, nil // the gateway is away
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	saw.whole = err == nil
	saw.refusal = string(refusalPattern.Find(body))
	if m := numberPattern.FindSubmatch(body); m != nil {
		saw.numbered = string(m[1])
	}
	torn := !saw.whole && bytes.Contains(body, []byte("VysledekKod>CHYBA"))
	saw.data = len(body) > 0 && saw.refusal == "" && !torn
	return saw, body
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
