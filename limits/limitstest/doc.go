// Package limitstest is what every store of limits must do, as tests that each store runs: the contract, the rolling
// hour beside an exact log, and many callers at once. Its Clock and Asker are for tests of a store's own.
package limitstest
