//go:build !race

package journal

import "testing"

func TestAllocationsOfAppend(t *testing.T) {
	intent, outcome := benchLine(900), benchLine(300)
	for _, durability := range []Durability{BeforeAnswer, System} {
		j := opened(t, Config{Dir: quickDir(t), Durability: durability})
		n := testing.AllocsPerRun(500, func() {
			if _, err := j.Append(intent, true); err != nil {
				t.Fatal(err)
			}
			if _, err := j.Append(outcome, false); err != nil {
				t.Fatal(err)
			}
		})
		if n > 1 { // the batch, which calls share
			t.Errorf("%s: %v allocations an exchange, of a caller that is alone", durability, n)
		}
	}
}
