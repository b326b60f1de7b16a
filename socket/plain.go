package socket

import "net"

// A Plain is a connection of package net with the one method that a [Conn] has
// beside those of a net.Conn. It is what users have in the place of a Conn while
// this package is turned off.
type Plain struct{ *net.TCPConn }

// NewPlain makes a Plain of c, which belongs to it from then on.
func NewPlain(c *net.TCPConn) *Plain { return &Plain{c} }
