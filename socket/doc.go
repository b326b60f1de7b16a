// Package socket makes TCP connections cheap to read and to write, for those
// who do it some hundred thousand times a second.
//
// Its one rule: to its user a [Conn] is a connection like any other of package
// net. What it saves is that the runtime is told of system calls that never
// wait, and of deadlines that nobody waits for. A writer of the same kind is for
// what is written as often as they are, the log.
//
// What is said over a connection is no business of this package.
package socket
