// Package upstream sends messages to registries: one client for all of them, the
// relay, one file for each registry, and the workflow of E198.
//
// Its one rule: every wait has an end. Dialling, each read and each write are bounded
// one by one. The context bounds the whole call, and its end closes the connection,
// whatever the call is waiting for.
//
// No error holds a byte that a peer sent: see cause.go.
//
// The files, from the bottom: errors, cause and party; breaker, pace and config; probe
// (the breaker at work), conn (one connection) and client; call (the one way to an
// upstream), roundtrip (one message and its answer), reply, tokens, fault and question
// (a whole reply). On these stand relay, rights and the workflow of E198: graph, media,
// the evidence with its medium, decide and status.
//
// Package policy decides who may call, package gateway words a failure for the caller,
// and package egon knows the messages.
package upstream
