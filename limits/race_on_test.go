//go:build race

package limits

const raced = true // the race detector watches
