//go:build !linux

package main

import (
	"os"
	"testing"
)

// shrinkPipe leaves a pipe as it is: only Linux can shrink one.
func shrinkPipe(*testing.T, *os.File) {}
