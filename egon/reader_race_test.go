//go:build race

package egon

// splitStep is at which offsets TestRequests cuts: the race detector makes it
// too slow to try them all.
const splitStep = 97

// adversity is how often an adversary repeats itself.
const adversity = 20_000
