package trial

import "fmt"

// A Recorded is a gateway that keeps a record of use, measured in turn with the one that
// keeps none. Name is its column in the report.
type Recorded struct {
	Name       string
	Durability string // of the record, as the configuration has it
	Unlogged   bool   // exchanges have no line of the log
}

// Recordings are the gateways with a record that can be measured.
func Recordings() []Recorded {
	return []Recorded{
		{Name: "before-answer", Durability: "before-answer"},
		{Name: "interval", Durability: "interval"},
		{Name: "os", Durability: "os"},
		{Name: "unlogged", Durability: "before-answer", Unlogged: true},
	}
}

// keys are the lines of the configuration that keep the record in a folder. Of nil there
// are none.
func (r *Recorded) keys(dir string) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("audit: {dir: %q, durability: %s}\n", dir, r.Durability)
}

// logged are the further keys of the log.
func (r *Recorded) logged() string {
	if r == nil || !r.Unlogged {
		return ""
	}
	return ", exchanges: none"
}
