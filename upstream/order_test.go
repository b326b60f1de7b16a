package upstream

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/bench/registries"
)

// A history is what the registries have logged of one call, by step; the two
// translations are told apart by whom they are for.
type history map[string]registries.Entry

// historyOf waits for so many messages: a streamed answer is logged a moment
// after it was read.
func historyOf(t testing.TB, s *registries.Server, messages int) history {
	t.Helper()
	waitFor(t, fmt.Sprint(messages, " messages in the log of the registries"), func() bool { return len(s.Log()) == messages })
	h := history{}
	for _, e := range s.Log() {
		step := e.Step
		if step == "G27" {
			step += map[bool]string{true: " ROB", false: " caller"}[e.Target == registries.DefaultSystems().ROB.Agenda]
		}
		if _, twice := h[step]; twice {
			t.Errorf("%s was sent twice", step)
		}
		h[step] = e
	}
	return h
}

// order fails when b has begun before a has ended.
func (h history) order(t *testing.T, a, b string) {
	t.Helper()
	if h[b].Start.Before(h[a].End) {
		t.Errorf("%s began %v before the end of %s", b, h[a].End.Sub(h[b].Start), a)
	}
}

// overlap fails when a and b were not on their way at the same time.
func (h history) overlap(t *testing.T, a, b string) {
	t.Helper()
	if !h[a].Start.Before(h[b].End) || !h[b].Start.Before(h[a].End) {
		const clock = "05.000000"
		t.Errorf("%s (%s to %s) and %s (%s to %s) did not overlap", a, h[a].Start.Format(clock), h[a].End.Format(clock), b, h[b].Start.Format(clock), h[b].End.Format(clock))
	}
}

// The graph of E198, as the registries saw it: what has its input runs, side by
// side where nothing else is said, while the media arrive; and what leaves
// something behind waits for ROB's yes, whoever is slow.
func TestOrderOfSteps(t *testing.T) {
	t.Parallel() // it waits
	const ms = registries.Duration(time.Millisecond)
	for _, slow := range []string{"nobody", registries.EOP, registries.ORG, registries.ROB, registries.RUIAN} {
		t.Run(slow+" is slow", func(t *testing.T) {
			t.Parallel()
			m, s := simulated(t)
			h := everything(t)
			for _, name := range []string{registries.EOP, registries.ORG, registries.ROB, registries.RUIAN} {
				set(t, s, name, registries.Settings{Latency: map[bool]registries.Duration{true: 400 * ms, false: 100 * ms}[name == slow]})
			}
			eop := s.Settings(registries.EOP)
			eop.Transfer = 2000 * ms // of the photo: it is on its way until all else is done
			set(t, s, registries.EOP, eop)

			if got, err := ask(t, m, h); err != nil || !strings.HasPrefix(got, "OK\nMapaAifo") {
				t.Fatalf("got %q, %v", got, err)
			}
			log := historyOf(t, s, 7)
			aifo := log["X21"].Start.Add(time.Duration(log["X21"].Head))
			for _, step := range []string{"G27 ROB", "G27 caller", "O25", "O08", "G02", "A28"} {
				if log[step].Start.Before(aifo) {
					t.Errorf("%s began before the evidence named anybody", step)
				}
				log.overlap(t, "X21", step)
			}
			log.overlap(t, "G27 ROB", "G27 caller")
			log.order(t, "G27 ROB", "O25")
			log.order(t, "O25", "O08")
			log.order(t, "O25", "G02")
			log.order(t, "G27 caller", "G02")
			log.overlap(t, "O08", "G02")
			log.order(t, "O08", "A28")
		})
	}
}

// Without ROB's yes nothing is left behind, and without an answer of ORG for ROB
// nothing is asked of it.
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
			waitFor(t, "the log of the evidence", func() bool { return strings.Contains(stepsOf(s), "X21") })
			if got := stepsOf(s); got != tt.want {
				t.Errorf("steps %s, want %s", got, tt.want)
			}
		})
	}
}

// stepsOf are the messages that the registries got, in the order of their codes.
func stepsOf(s *registries.Server) string {
	var steps []string
	for _, e := range s.Log() {
		steps = append(steps, e.Step)
	}
	slices.Sort(steps)
	return strings.Join(steps, " ")
}

// What ORG says of a person is never kept: each call asks it anew, for ROB and
// for its own caller.
func TestAifoAreNeverKept(t *testing.T) {
	m, s := simulated(t)
	h := e198Head("EopFoto")
	h.Media.Klic = publicKey(t)
	for range 3 {
		if _, err := ask(t, m, h); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "three answers of the evidence", func() bool { return strings.Count(stepsOf(s), "X21") == 3 })
	if got, want := stepsOf(s), "G02 G27 G27 G27 G27 G27 G27 O25 O25 O25 X21 X21 X21"; got != want {
		t.Errorf("three calls took the steps %s, want %s", got, want)
	}
}
