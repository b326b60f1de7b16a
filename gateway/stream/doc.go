// Package stream proves a message while it flows. A [Proof] reads a message
// through a verifier and hands out only bytes that are proven. A [Patience]
// bounds how long a peer may keep the gateway waiting, a [Deadline] ends a call,
// and [Chunks] checks the framing of a body that comes in chunks.
//
// Its one rule: the end of a message leaves only when the whole message is
// proven, so that nobody can take a broken message for a complete one. The
// package knows the language, and of the sender's connection what [Sender] has.
// What a caller reads of a failure is left to package gateway.
package stream
