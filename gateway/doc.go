// Package gateway is the path of one exchange: a request comes in, is read as
// far as it must be, checked, admitted, answered, and given back to the last
// byte.
//
// Its one rule: everything an exchange holds is given back in one place, the
// end of the exchange, and nothing else answers a caller than the pipeline and
// reject. Who may is left to package policy, how much to package limits, and
// where a message goes to whoever implements [Relay] and [Workflow].
package gateway
