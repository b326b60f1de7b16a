// Package conn accepts the connections of callers, over TLS if it is set. It bounds
// their number, for one peer and in total, and closes each so that the caller gets
// to read its answer.
//
// Its one rule: a connection that was let in is counted until it is closed, and is
// closed once. Package gateway has the server that speaks over it, and the words
// that a refused caller reads.
package conn
