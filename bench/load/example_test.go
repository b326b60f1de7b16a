package load_test

import (
	"fmt"

	"brana/bench/load"
)

// A target that holds up to 730 calls a second: the search goes up until a rate
// does not hold, and then between the last two.
func ExampleKnee() {
	rate, err := load.Knee(100, func(rate float64) (bool, error) { return rate <= 730, nil })
	fmt.Println(rate > 690 && rate <= 730, err)
	// Output: true <nil>
}

// Which scenario a call is follows from its number.
func ExampleMix() {
	mix, err := load.NewMix("relay=2,e227=1", func(name string) (*load.Scenario, error) {
		return &load.Scenario{Name: name}, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	first, again := mix.At(7), mix.At(7)
	fmt.Println(mix, first == again)
	// Output: relay=2,e227=1 true
}
