package egon

import "strings"

// A Register is where an item of SeznamUdaju is kept: a base registry, or an information
// system of the administration.
type Register uint8

// The registers of item and control words. RUIAN has control words only: its data come by
// the references in a person's data.
const (
	NoRegister Register = iota // an unknown word
	ROB
	ROBv2 // in ROB since its version 2; E198 does not give these out
	ROS
	RUIAN
	AISEO // population records; a word of ROB is another item here
	EOP   // identity cards, with photos and signatures
	ECD   // travel documents, likewise
)

// Registers is a set of registers.
type Registers uint16

// Has reports whether a register is in the set.
func (r Registers) Has(one Register) bool { return r&(1<<one) != 0 }

// Granted are the registers whose items a grant gives. Those of ROB and ROS come from the
// matrix alone (e198 rules 2.11).
const Granted = Registers(1<<AISEO | 1<<EOP | 1<<ECD)

// registerNames are the words of services.txt.
var registerNames = map[string]Registers{
	"rob":   1 << ROB,
	"rob2":  1<<ROB | 1<<ROBv2,
	"ros":   1 << ROS,
	"aiseo": 1 << AISEO,
	"eop":   1 << EOP,
	"ecd":   1 << ECD,
}

// registersNamed reads the last column of services.txt.
func registersNamed(column []string) (set Registers) {
	for _, names := range column {
		for name := range strings.SplitSeq(names, ",") {
			set |= registerNames[name]
		}
	}
	return set
}
