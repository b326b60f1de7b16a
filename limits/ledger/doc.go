// Package ledger shares limits among gateways. The counts lie in Redis; each gateway leases permits and slots from there
// and decides about most calls by itself (ledger.go).
//
// What is counted, and the rule, is package limits; Store does what its Memory does, and a contract test holds them equal.
package ledger
