//go:build !(linux && (amd64 || arm64))

package socket

import (
	"io"
	"os"
)

// NewWriter returns f, which is all that is known to write to it here.
func NewWriter(f *os.File) io.Writer { return f }
