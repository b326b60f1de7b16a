// Package socket makes TCP connections cheap to read and to write, for programs
// that do so some hundred thousand times a second.
//
// Its one rule: to its user a [Conn] is like any other connection of package net.
// What it saves is notices to the runtime, of system calls that never wait and of
// deadlines at which nobody waits.
//
// It can be turned off: a connection of package net, or a [Plain] where Silent is
// needed, takes the place of a Conn with no other change. The gateway does so by
// listen.plain_sockets. A fault that then goes away is this package's own.
//
// The package knows nothing of the bytes that a connection carries.
package socket
