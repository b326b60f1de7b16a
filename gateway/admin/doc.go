// Package admin answers operators and orchestrators: /livez, /readyz, /metrics,
// /version, /v1/status and /v1/quotas.
//
// Its one rule: it shows and orders, and decides nothing. What is shown comes
// through the functions of [Config], and an order goes to the account of one
// caller, an interface of this package. So it knows neither the gateway nor
// policy nor limits.
package admin
