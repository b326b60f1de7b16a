// Package gateway is the path of one exchange: a request comes in, is read as far
// as it must be, checked, admitted and answered, and everything it held is given
// back after the last byte.
//
// Its one rule: an exchange owns what came in, what it holds at the stores and
// what goes out. Each of these has one end, and CloseWithError is the end of all.
// Nothing else answers a caller than the pipeline and reject. Who may is left to
// package policy, how much to package limits, and where a message goes to whoever
// implements [Relay] and [Workflow].
//
// The files, in the order in which a call meets them:
//
//   - server, connections, expect: the HTTP server and the connections of callers
//   - pipeline: the stages of a call, and exchange, inbound, hold, outbound: what
//     it owns
//   - edge, request, identity, duplicates, rows: what the stages check
//   - routes, rights, localservices, queueservices, contracts: what is answered here
//   - jobs: asynchronous calls
//   - refusals, sentences, limitfields, bounds: what a caller reads of a refusal
//   - record, metrics, causes: what the log and the metrics say
//   - admin, readiness, accounts, explain: what operators see
package gateway
