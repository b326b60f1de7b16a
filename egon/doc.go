// Package egon knows the language of the Czech base registries: which services
// there are, what a request asks for, and how a reply is written.
//
// Its one rule: what a message says is decided by one reading of its bytes, by
// namespace and local name, never by prefix or by a search for text. The head
// of a request borrows from that reading; nothing is decoded and encoded again.
//
// Who may ask is left to package policy, where a message goes to package
// upstream, and what a refusal is called to package gateway.
package egon
