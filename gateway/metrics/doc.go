// Package metrics counts what a gateway does, and reads what others know of its
// state when /metrics is scraped.
//
// Its one rule: a metric stands in one place. Its name, its help and its labels
// are arguments of the call that registers it, and docs/metrics.md is generated
// from the same calls ([Table]). The package takes plain values. So it knows
// neither exchanges nor policy, limits or upstreams.
//
// Labels are from closed sets: service codes of the catalogue, names of
// upstreams in the configuration, and words that [Labels] lists.
package metrics
