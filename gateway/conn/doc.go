// Package conn accepts the connections of callers: no more than there may be, of
// one peer and of all, over TLS where it is set, and each closed so that the
// caller gets to read its answer.
//
// Its one rule: a connection that was let in is counted until it is closed, and is
// closed once. What is said over it, and what a refused caller reads, is left to
// package gateway.
package conn
