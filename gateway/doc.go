// Package gateway is the path of one exchange: a request comes in, is read as far
// as it must be, checked, admitted and answered, and everything it held is given
// back after the last byte.
//
// Its one rule: an exchange owns what came in, what it holds at the stores and
// what goes out. Each of these has one end, and CloseWithError is the end of all.
// Only the pipeline and reject answer a caller. Package policy decides who may call,
// package limits how much, and implementations of [Relay] and [Workflow] where a
// message goes.
//
// The rooms are packages of their own: conn accepts connections, stream proves a
// message while it flows, queue keeps answers and ids between calls, metrics counts,
// and admin answers operators.
//
// The files, from the server down to what all of them work with:
//
//   - gateway, server, pipeline: the HTTP server, and the stages of a call
//   - expect, contracts: requests that are not calls, or not yet
//   - exchange: a call and its two ends
//   - intent, callrecord, use: its records of use, before it is answered and at its end
//   - record, line, lines: what is recorded of it at its end, and its line of the log
//   - returned, entitlement: the items that its answer held, and those that it may hold
//   - inbound, identity: what came in, and who sent it
//   - watch: what is recorded of the bytes of a message
//   - outbound, answers: what goes out
//   - hold: the claim of an id, the room in the queue and the slot of a call, each
//     taken and given back here
//   - request: what a call and its job have in common
//   - jobs, duplicates: a call that is answered later, or made again
//   - localservices, queueservices, rights, rows: what is answered here
//   - edge, messages, connections: what the HTTP header and the connection show
//   - refusals: each kind of refusal, with its Czech text
//   - sentences: texts that name what was refused, but for those in edge, identity
//     and duplicates
//   - bounds: the keys that bound a message, and refusals of longer ones
//   - limitfields: the fields of an HTTP answer that show the limits
//   - causes, panics: errors, and their words in the log
//   - core, config, routes, parts, pools: what all of them work with
//   - admin, readiness, accounts, callercerts, metrics, explain: what operators see
package gateway
