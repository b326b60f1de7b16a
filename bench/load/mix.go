package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Mix is a choice of scenarios by weight.
type Mix struct {
	scenarios []*Scenario
	upTo      []float64 // the sum of the weights up to each
	text      string
}

// NewMix reads a mix as relay=90,e227=5,e198=5: names of scenarios and their
// weights. The sum of weights is free; a name alone has the weight 1.
func NewMix(text string, scenarios func(name string) (*Scenario, error)) (*Mix, error) {
	m := &Mix{text: text}
	sum := 0.0
	for word := range strings.SplitSeq(text, ",") {
		name, weight, given := strings.Cut(strings.TrimSpace(word), "=")
		w := 1.0
		if given {
			var err error
			if w, err = strconv.ParseFloat(weight, 64); err != nil || !(w > 0) || w > 1e9 {
				return nil, fmt.Errorf(
					"mix %q: %q is no weight; write relay=90,e227=5,e198=5", text, weight,
				)
			}
		}
		s, err := scenarios(name)
		if err != nil {
			return nil, fmt.Errorf("mix %q: %w", text, err)
		}
		sum += w
		m.scenarios, m.upTo = append(m.scenarios, s), append(m.upTo, sum)
	}
	if len(m.scenarios) == 0 {
		return nil, errors.New("mix is empty")
	}
	return m, nil
}

// String is the mix as it was written.
func (m *Mix) String() string { return m.text }

// Scenarios are those of the mix.
func (m *Mix) Scenarios() []*Scenario { return m.scenarios }

// At is the scenario of call n. It depends on n alone, so that two runs send
// the same calls in the same order.
func (m *Mix) At(n int) *Scenario {
	if len(m.scenarios) == 1 {
		return m.scenarios[0]
	}
	pcg := rand.NewPCG(uint64(n), 0x9e3779b97f4a7c15)
	x := rand.New(pcg).Float64() * m.upTo[len(m.upTo)-1]
	for i, to := range m.upTo {
		if x < to {
			return m.scenarios[i]
		}
	}
	return m.scenarios[len(m.scenarios)-1]
}
