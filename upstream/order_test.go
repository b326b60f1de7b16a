package upstream

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brana/bench/registries"
)

// The graph of E198, whichever answer is late: a step runs as soon as it has its
// input, side by side with others and while the media arrive; and a step that
// leaves a trace waits for ROB's yes.
func TestOrderOfSteps(t *testing.T) {
	steps := []string{"G27 ROB", "G27 caller", "O25", "O08", "G02", "A28"}
	for _, late := range append([]string{"none", "X21"}, steps...) {
		t.Run(late, func(t *testing.T) {
			t.Parallel() // it waits
			m, course := allWell().with(
				"G27 caller", org("OrgCtiAifo", "VAROVANI", lacking, ""),
				"G02", org("OrgZalozAifo", "OK", known, ""),
			).start(t)
			h := newHistory(append(steps, "X21", x21Media))
			course.hold = func(service string) {
				h.begin(service)
				if service == late {
					// a step that does not wait for it would begin
					time.Sleep(50 * time.Millisecond)
				}
				switch service {
				case "G27 ROB":
					h.await(t, "G27 caller")
				case "G27 caller":
					h.await(t, "G27 ROB")
				case "O08":
					h.await(t, "G02")
				case "G02":
					h.await(t, "O08")
				case x21Media:
					h.await(t, "A28")
				}
				h.end(service)
			}
			got, err := ask(t, m, e198Head("EopFoto", "AdresaPobytu", "ROBCti", "RUIANCti"))
			if err != nil || !strings.HasPrefix(got, "OK\nMapaAifo") {
				t.Fatalf("got %q, %v", got, err)
			}
			for _, step := range steps {
				h.order(t, "X21", step) // the head of its answer names the person
			}
			h.order(t, "G27 ROB", "O25")
			h.order(t, "O25", "O08")
			h.order(t, "O25", "G02")
			h.order(t, "G27 caller", "G02")
			h.order(t, "O08", "A28")
			if want := "A28 G02 G27 ROB G27 caller O08 O25 X21"; course.steps() != want {
				t.Errorf("steps %s, want %s", course.steps(), want)
			}
		})
	}
}

// A history has the beginnings and the ends of steps in their order. A step
// begins when its message is here and ends before its answer is written.
type history struct {
	mu     sync.Mutex
	events []string
	begun  map[string]chan struct{} // closed when the step begins
}

func newHistory(steps []string) *history {
	h := &history{begun: map[string]chan struct{}{}}
	for _, step := range steps {
		h.begun[step] = make(chan struct{})
	}
	return h
}

func (h *history) begin(step string) {
	h.add("begin " + step)
	close(h.begun[step]) // a second one panics
}

func (h *history) end(step string) { h.add("end " + step) }

func (h *history) add(event string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

// await waits until a step has begun: it runs side by side with the one that
// waits.
func (h *history) await(t *testing.T, step string) {
	select {
	case <-h.begun[step]:
	case <-time.After(10 * time.Second):
		t.Errorf("%s waits for a step that it should run beside", step)
	}
}

// order fails when b has begun before a has ended.
func (h *history) order(t *testing.T, a, b string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.Index(h.events, "begin "+b) < slices.Index(h.events, "end "+a) {
		t.Errorf("%s began before the end of %s: %q", b, a, h.events)
	}
}

// Without ROB's yes no step leaves a trace, and without an AIFO for ROB, ROB is not asked.
func TestNothingIsLeftBehindWithoutYes(t *testing.T) {
	for _, tt := range []struct{ jmeno, prijmeni, narozen, want string }{
		{"Zoran", "Vosáhlo", "1977-05-03", "A28 G02 G27 G27 O08 O25 X21"},
		{"Eva", "Nerobová", "1986-01-01", "G27 G27 O25 X21"},
		{"Jana", "Svobodná", "1993-01-01", "G27 G27 O25 X21"},
		{"Olga", "Nepřeložitelná", "1987-01-01", "G27 G27 X21"},
		{"Jan", "Dvojník", "1980-01-01", "X21"},
	} {
		t.Run(tt.prijmeni, func(t *testing.T) {
			m, s := simulated(t)
			h := everything(t)
			h.Media.Jmeno, h.Media.Prijmeni, h.Media.DatumNarozeni = []byte(tt.jmeno), []byte(tt.prijmeni), []byte(tt.narozen)
			if _, err := ask(t, m, h); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the log of the evidence",
				func() bool { return strings.Contains(stepsIn(s), "X21") })
			if got := stepsIn(s); got != tt.want {
				t.Errorf("steps %s, want %s", got, tt.want)
			}
		})
	}
}

// stepsIn returns the messages that the registries got, in the order of their codes.
func stepsIn(s *registries.Server) string {
	var steps []string
	for _, e := range s.Log() {
		steps = append(steps, e.Step)
	}
	slices.Sort(steps)
	return strings.Join(steps, " ")
}

// AIFO are never kept: each call asks ORG again, for ROB and for its own caller.
func TestAifoAreNeverKept(t *testing.T) {
	m, s := simulated(t)
	h := e198Head("EopFoto")
	h.Media.Klic = publicKey(t)
	for range 3 {
		if _, err := ask(t, m, h); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "three answers of the evidence",
		func() bool { return strings.Count(stepsIn(s), "X21") == 3 })
	if got, want := stepsIn(s), "G02 G27 G27 G27 G27 G27 G27 O25 O25 O25 X21 X21 X21"; got != want {
		t.Errorf("three calls took the steps %s, want %s", got, want)
	}
}
