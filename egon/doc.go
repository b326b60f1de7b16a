// Package egon is the language of the Czech base registries: the catalogue of
// services and of the internal messages of which the bus composes them, the reading
// of requests and replies, and the writing of both.
//
// Its one rule: one reading of its bytes decides the meaning of a message, by namespace
// and local name, never by prefix or by a search for text. The head of a request
// borrows from that reading. Nothing is decoded and encoded again.
//
// Package policy decides who may ask, package upstream where a message goes, and
// package gateway the kind of a refusal.
package egon
