//go:build race

package egon

// splitStep and longSplits are the offsets at which forEachCut cuts: the step, and the
// number of cuts of a long document. A reader belongs to one goroutine, so the race
// detector finds nothing more in more of them, and it is slow.
const (
	splitStep  = 97
	longSplits = 16
)

// adversity is the number of repetitions of an adversary.
const adversity = 5_000
