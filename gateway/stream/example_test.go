package stream_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"brana/gateway/stream"
)

// A calm message holds no exclamation mark. All its bytes but the last may go on
// while the rest arrives.
type calm struct {
	fed  int64
	done bool
}

func (v *calm) Feed(window []byte, last bool) error {
	if strings.Contains(string(window), "!") {
		return errors.New("an exclamation mark")
	}
	v.fed += int64(len(window))
	v.done = last
	return nil
}

func (v *calm) Done() bool { return v.done }

func (v *calm) Releasable() int64 {
	if v.done {
		return v.fed
	}
	return v.fed - 1
}

// The end of a message leaves when all of it is proven, and nothing of a window
// with an offence.
func ExampleProof() {
	var buffers stream.Buffers
	for _, message := range []string{"all is well", "all is well!"} {
		var p stream.Proof
		p.Begin(stream.Source{
			Verifier: &calm{},
			Body:     strings.NewReader(message),
			Length:   int64(len(message)),
			Hold:     1 << 10,
		}, buffers.Get())
		text, err := io.ReadAll(&p)
		fmt.Printf("%q %v %v\n", text, err, p.Done())
		p.Release(&buffers)
	}
	// Output:
	// "all is well" <nil> true
	// "" an exclamation mark false
}
