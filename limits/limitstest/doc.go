// Package limitstest has the tests that every store of limits must pass: the contract, random calls
// judged by an oracle, and many callers at once. Its Clock and Caller are for a store's own tests.
package limitstest
