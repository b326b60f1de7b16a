package journal

import (
	"crypto/ed25519"
	"fmt"
	"time"
)

// A Durability is what a journal promises of a line when Append returns.
type Durability string

const (
	// BeforeAnswer promises that the line is on the disk: it outlives a loss of power.
	BeforeAnswer Durability = "before-answer"
	// Interval promises that the kernel has the line: it outlives a kill of the process.
	// A loss of power takes what was appended since the last interval.
	Interval Durability = "interval"
	// System promises the same as Interval, and leaves it to the kernel when lines reach
	// the disk, save at the end of a segment.
	System Durability = "os"
)

// Config is how a journal is kept. Values that are zero have those of [Defaults].
type Config struct {
	Dir     string // folder of the journal; it is made if it is missing
	Gateway string // name of the gateway that writes
	Version string // of its program

	Key ed25519.PrivateKey // signs headers and seals; nil: they are not signed

	Durability Durability
	Commit     time.Duration // longest time in which a batch gathers lines
	Interval   time.Duration // longest time between two fdatasyncs while lines are written
	Timeout    time.Duration // after which a disk that does not answer blocks the journal
	Size       int64         // bytes of a segment at which the next one begins
	Age        time.Duration // of a segment at which the next one begins, if it has records

	// Event is called for what an operator wants to know. Calls come one at a time. The
	// journal waits for them: they return soon and append nothing.
	Event func(Event)
	// Committed is called after each batch, by the goroutine that writes.
	Committed func(Commit)

	disk func(dir string) disk // nil: that of the operating system; tests let it fail
}

// Defaults returns the values that a Config has where it says nothing.
func Defaults() Config {
	return Config{
		Durability: BeforeAnswer,
		Commit:     2 * time.Millisecond,
		Interval:   time.Second,
		Timeout:    5 * time.Second,
		Size:       64 << 20,
		Age:        time.Hour,
		Event:      func(Event) {},
		Committed:  func(Commit) {},
		disk:       func(dir string) disk { return folder(dir) },
	}
}

// complete fills in the defaults and refuses what no journal can be kept with.
func (c Config) complete() (Config, error) {
	d := Defaults()
	c.Commit = orDefault(c.Commit, d.Commit)
	c.Interval = orDefault(c.Interval, d.Interval)
	c.Timeout = orDefault(c.Timeout, d.Timeout)
	c.Size = orDefault(c.Size, d.Size)
	c.Age = orDefault(c.Age, d.Age)
	c.Durability = orDefault(c.Durability, d.Durability)
	if c.Event == nil {
		c.Event = d.Event
	}
	if c.Committed == nil {
		c.Committed = d.Committed
	}
	if c.disk == nil {
		c.disk = d.disk
	}
	switch c.Durability {
	case BeforeAnswer, Interval, System:
	default:
		return c, fmt.Errorf("durability is %q: write %s, %s or %s",
			c.Durability, BeforeAnswer, Interval, System)
	}
	if c.Dir == "" {
		return c, fmt.Errorf("the journal has no folder")
	}
	if c.Key != nil && len(c.Key) != ed25519.PrivateKeySize {
		return c, fmt.Errorf("the key has %d bytes: an Ed25519 private key has %d",
			len(c.Key), ed25519.PrivateKeySize)
	}
	return c, nil
}

func orDefault[T ~int64 | ~string](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
