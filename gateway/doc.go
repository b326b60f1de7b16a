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
//   - exchange, record: a call, and the line of the log at its end
//   - inbound, outbound: what came in, what goes out
//   - identity: who sends
//   - jobs, duplicates: a call that is answered later, or made again
//   - localservices, queueservices, rights, rows, answers: what is answered here
//   - request, hold, line: what a call and its job have in common
//   - edge, connections: what the HTTP header and the connection show
//   - core, config, routes, parts, pools: what all of them work with
//   - refusals, sentences, limitfields: what a caller reads of a refusal and its limits
//   - bounds, causes, panics: errors, and their words in the log
//   - admin, readiness, accounts, callercerts, metrics, explain: what operators see
package gateway
