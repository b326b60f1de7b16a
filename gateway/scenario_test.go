package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// TestScenarios plays testdata/scenario/*.txtar: the rules of policy and limits
// together, as a caller meets them. A file has the sections grants, matrix and
// script, and any number of other grants to reload. The script knows
//
//	send NAME CODE [ais=AIS] [items=WORD,...]   begin a call; it runs until finish
//	runs NAME                                   it is at the registry
//	finish NAME                                 the registry answers OK
//	want NAME OUTCOME [TEXT]                    it has ended so, and the answer has TEXT
//	later DURATION                              time passes for the limits
//	reload SECTION                              other grants are loaded
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenario/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := newScenario(t, archive)
			for n, line := range strings.Split(p.sections["script"], "\n") {
				if words := strings.Fields(line); len(words) > 0 {
					if err := p.do(words); err != nil {
						t.Fatalf("%s, line %d of the script: %s: %v", file, n+1, line, err)
					}
				}
			}
			for _, a := range p.calls {
				a.finish()
			}
		})
	}
}

// A scenario is one file of the test under way.
type scenario struct {
	*testGateway
	t        *testing.T
	sections map[string]string
	grants   string // the section in force
	passed   atomic.Int64
	calls    map[string]*scenarioCall
	byID     sync.Map // AgendaZadostId → *scenarioCall
}

// A scenarioCall is one call of a scenario.
type scenarioCall struct {
	id      string
	arrived chan struct{} // closed when the registry has the call
	leave   chan struct{} // closed when the registry may answer
	answer  chan string
	left    bool
}

func (a *scenarioCall) finish() {
	if !a.left {
		a.left = true
		close(a.leave)
	}
}

func newScenario(t *testing.T, archive *txtar.Archive) *scenario {
	p := &scenario{
		t:        t,
		sections: map[string]string{},
		grants:   "grants",
		calls:    map[string]*scenarioCall{},
	}
	for _, f := range archive.Files {
		p.sections[f.Name] = string(f.Data)
	}
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"grants/a.yaml": {Data: []byte(p.sections[p.grants])},
			"matrix.csv":    {Data: []byte(p.sections["matrix"])},
		},
			policy.Config{Dir: "grants", MatrixFile: "matrix.csv", Environment: policy.Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC) // a Wednesday, in working hours
	p.testGateway = startGateway(t, relayTo(p.serve), by(policy.AsIszr), func(s *settings) {
		s.parts.Policy = store
		s.parts.Limiter = limits.NewMemory(
			mustCalendar(t), func() time.Time { return began.Add(time.Duration(p.passed.Load())) },
		)
	})
	return p
}

// serve is the registry: it keeps each call until the script lets it go.
func (p *scenario) serve(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
	message, err := io.ReadAll(m.Body)
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(message), "AgendaZadostId>")
	a, _ := p.byID.Load(rest[:len(requestID)])
	close(a.(*scenarioCall).arrived)
	select {
	case <-a.(*scenarioCall).leave:
		return answerOf(replyOf(m.Service.Code, egon.OK)), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *scenario) do(words []string) error {
	verb, name := words[0], words[1]
	switch verb {
	case "send":
		return p.send(name, words[2], words[3:])
	case "later":
		d, err := time.ParseDuration(name)
		p.passed.Add(int64(d))
		return err
	case "reload":
		p.grants = name
		return p.parts.Policy.Reload()
	}
	a := p.calls[name]
	if a == nil {
		return fmt.Errorf("there is no call %s", name)
	}
	switch verb {
	case "runs":
		select {
		case <-a.arrived:
			return nil
		case answer := <-a.answer:
			return fmt.Errorf("it was answered: %s", answer)
		}
	case "finish":
		a.finish()
		return nil
	case "want":
		return p.want(a, words[2], strings.Join(words[3:], " "))
	}
	return fmt.Errorf("unknown verb %s", verb)
}

// send begins a call and waits until it is somewhere: at the registry, or
// answered.
func (p *scenario) send(name, code string, options []string) error {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(p.calls))
	a := &scenarioCall{
		id:      id,
		arrived: make(chan struct{}),
		leave:   make(chan struct{}),
		answer:  make(chan string, 1),
	}
	c := call{code: code, id: id}
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "ais":
			c.ais = value
		case "items":
			c.items = strings.Split(value, ",")
		default:
			return fmt.Errorf("unknown option %s", key)
		}
	}
	p.settle()
	p.calls[name] = a
	p.byID.Store(id, a)
	go func() {
		client := &http.Client{
			Transport: &http.Transport{DisableKeepAlives: true},
			Timeout:   20 * time.Second,
		}
		r, err := client.Post(
			"http://"+p.addr+"/publikace/"+code, contentType,
			strings.NewReader(string(c.message())),
		)
		if err != nil {
			a.answer <- err.Error()
			return
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		a.answer <- fmt.Sprint(r.Header.Get("Retry-After"), " ", string(body), err)
	}()
	select {
	case <-a.arrived:
	case answer := <-a.answer:
		a.answer <- answer
	}
	return nil
}

// settle waits until every call that was let go has ended, with its line.
func (p *scenario) settle() {
	waiting := 0
	for _, a := range p.calls {
		select {
		case <-a.arrived:
			if !a.left {
				waiting++
			}
		default:
		}
	}
	eventually(
		p.t, "the calls that were let go end",
		func() bool { return p.Running() == int64(waiting) },
	)
}

func (p *scenario) want(a *scenarioCall, outcome, text string) error {
	answer := <-a.answer
	a.answer <- answer
	p.settle()
	for _, l := range p.logs.all("exchange") {
		if l.fields["agenda_zadost_id"] != a.id {
			continue
		}
		if l.fields["outcome"] != outcome || !strings.Contains(answer, text) {
			return fmt.Errorf("outcome %s: %s", l.fields["outcome"], answer)
		}
		return nil
	}
	return fmt.Errorf("no line in the log: %s", answer)
}
