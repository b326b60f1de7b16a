// Package upstream is where a message goes: one client for all registries, the
// relay, one file for each registry, and the workflow of E198.
//
// Its one rule: every wait has an end. Dialling, each read and each write are
// bounded one by one, the context bounds the whole, and its end closes the
// connection, whatever the call is waiting for.
//
// No byte of what a peer sends stands in an error: see cause.go.
//
// It does not decide who may call (package policy) nor how a failure is told
// (package gateway); what the messages look like is package egon's.
package upstream
