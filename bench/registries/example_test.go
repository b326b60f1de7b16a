package registries_test

import (
	"fmt"

	"brana/bench/registries"
)

// Names are compared as typPorovnani says.
func ExampleEqual() {
	for _, how := range []string{"striktni", "diakritika", "ascii"} {
		fmt.Println(how, registries.Equal("Vosáhlo", "VOSÁHLO", how),
			registries.Equal("Vosáhlo", "Vosahlo", how))
	}
	// Output:
	// striktni false false
	// diakritika true false
	// ascii true true
}
