package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"brana/cmd/brana/config"
)

// A witness stands between the gateway and its registries. It records messages. It
// changes answers, so that a registry can break its contract in any way, and closes
// connections without an answer.
type witness struct {
	registries string // host and port
	server     *httptest.Server
	client     *http.Client

	mu      sync.Mutex
	passed  []recorded
	changes []change
	broken  []string // steps, one for each message that gets no answer
}

// carriedKey is the key of a *bool in the context of a connection: whether it has
// carried a message whole. Its messages come one after the other.
type carriedKey struct{}

// A recorded message of a step, with its answer unless there was none.
type recorded struct {
	step            string
	request, answer []byte
}

// A change is made in every answer of a step.
type change struct{ step, from, to string }

func newWitness(t testing.TB) *witness {
	w := &witness{client: &http.Client{Transport: &http.Transport{}}}
	w.server = httptest.NewUnstartedServer(w)
	w.server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, carriedKey{}, new(bool))
	}
	w.server.Start()
	t.Cleanup(func() {
		w.server.Close()
		w.client.CloseIdleConnections()
	})
	return w
}

// intercept puts the witness before all upstreams of a configuration.
func (w *witness) intercept(c *config.Config) {
	for name, u := range c.Upstreams {
		to, err := url.Parse(u.URL)
		if err != nil {
			panic(err) // the configuration has been validated
		}
		w.registries = to.Host
		u.URL = w.server.URL + to.Path
		c.Upstreams[name] = u
	}
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the gateway has left
	}
	p := recorded{step: stepOf(r, body), request: body}
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.passed = append(w.passed, p)
	}()
	carried := r.Context().Value(carriedKey{}).(*bool)
	if w.breaks(p.step, *carried) {
		panic(http.ErrAbortHandler)
	}
	onward, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+w.registries+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(err) // of an address that is our own
	}
	onward.Header = r.Header.Clone()
	response, err := w.client.Do(onward)
	if err != nil {
		panic(http.ErrAbortHandler) // as the registry closed its connection
	}
	defer response.Body.Close()
	if p.answer, err = io.ReadAll(response.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
	p.answer = w.change(p.step, p.answer)
	rw.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	rw.WriteHeader(response.StatusCode)
	_, _ = rw.Write(p.answer) // the gateway may have left
	*carried = true
}

// breaks reports whether a message of the step is to find no answer. On a
// connection that has carried nothing yet it does: there, nobody could take the
// break for one of an idle connection. A call that was given up leaves such
// connections behind.
func (w *witness) breaks(step string, carried bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.broken, step)
	if i < 0 || !carried {
		return false
	}
	w.broken = slices.Delete(w.broken, i, i+1)
	return true
}

// unbroken returns the steps whose breaks are still to come.
func (w *witness) unbroken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.broken)
}

func (w *witness) change(step string, answer []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.changes {
		if c.step == step {
			answer = bytes.ReplaceAll(answer, []byte(c.from), []byte(c.to))
		}
	}
	return answer
}

// forget begins the record anew.
func (w *witness) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passed = nil
}

// messages returns the recorded messages.
func (w *witness) messages() []recorded {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.passed)
}

// stepOf is the primitive service that a message calls.
func stepOf(r *http.Request, body []byte) string {
	switch action := strings.Trim(r.Header.Get("SOAPAction"), `"`); {
	case action == "AisEopMediaSyncCtiPodleUdaju":
		return "X21"
	case action == "AisEcdMediaSyncCtiPodleUdaju":
		return "X22"
	case action == "OrgCtiAifo":
		return "G27"
	case action == "OrgZalozAifo":
		return "G02"
	case action == "RobSyncDotaz" && bytes.Contains(body, []byte(">RobOverHromadneAifo<")):
		return "O25"
	case action == "RobSyncDotaz":
		return "O08"
	case action == "CtiProRobRequest":
		return "A28"
	}
	return r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
}
