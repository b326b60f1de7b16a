//go:build !linux

package ledger

import "time"

// monotonic is the current moment in nanoseconds, the same for all processes of this machine.
// Here it is the wall clock, which must not be set while the tests run.
func monotonic() int64 { return time.Now().UnixNano() }
