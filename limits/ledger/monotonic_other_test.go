//go:build !linux

package ledger

import "time"

// monotonic is a moment that all processes of this machine name alike, in nanoseconds. Here that is the wall clock,
// which must not be set while the tests run.
func monotonic() int64 { return time.Now().UnixNano() }
