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
// The files, from the server down to what all of them work with:
//
//   - gateway, server, pipeline: the HTTP server, and the stages of a call
//   - expect, contracts: requests that are no call, or not yet
//   - exchange, record: a call, and the line of the log at its end
//   - inbound, outbound: what came in, what goes out; identity: who sends
//   - jobs, duplicates: a call that is answered later, or made again
//   - localservices, queueservices, rights, rows: what is answered here
//   - request, hold, line: what a call and its job have in common
//   - edge, connections: what the HTTP header and the connection tell
//   - core, config, routes, parts, pools: what all of them work with
//   - refusals, sentences, limitfields, bounds, causes, panics: what is said of a
//     failure, to the caller and in the log
//   - admin, readiness, accounts, callercerts, metrics, explain: what operators see
package gateway
