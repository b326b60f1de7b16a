//go:build !unix

package socket

// Silent returns true: a read that takes nothing is not possible here.
func (c *Plain) Silent() bool { return true }
