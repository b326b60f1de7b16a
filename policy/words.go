package policy

import "brana/egon"

// A source says where the right to a word of SeznamUdaju comes from.
type source uint8

const (
	anySource   source = iota // a word that the vocabulary lacks: from whichever has it
	matrixOnly                // an item of ROB or ROS
	grantOnly                 // an item of the evidence systems
	controlWord               // no item, needs no right
)

// The longest codes, in characters (RegTypy 1.23.0, KodAgendyType,
// AgendovaRoleType, KodOvmType); the schemas do not bound items.
const (
	longestAgenda = 15
	longestRole   = 15
	longestOvm    = 36
	longestItem   = 64
)

func sourceOf[T string | []byte](word T) source {
	switch egon.ItemRegister(word) {
	case egon.ROB, egon.ROBv2, egon.ROS:
		return matrixOnly
	case egon.Evidence:
		return grantOnly
	}
	if _, ok := egon.ParseControl(word); ok {
		return controlWord
	}
	return anySource
}
