// Package report sums records of use: who called how often beside what was declared, what was
// refused and why, and which items came back. It also writes, in the form of E154, which data
// went out.
//
// A [Report] and [Refusals] are sums: they take uses in any order, and their memory grows with
// callers and hours, not with uses. An export writes use by use. Which uses there are is left to
// package query; what was declared, when working hours are and what a kind of refusals means are
// given to it.
//
//	use.go      what came of a use
//	report.go   a Report
//	builder.go  makes a Report from uses
//	tally.go    sums of uses, kinds of refusals and items, each with a bound
//	hours.go    calls by hour and minute, and their peaks
//	latency.go  the distribution of durations
//	text.go     a Report for a terminal
//	page.go     a Report as a page in Czech; page.html is its template
//	plot.go     calls by hours as a picture
//	bars.go     counts as bars, days as a table
//	czech.go    numbers as they are written in Czech
//	refusals.go what was refused, grouped by cause; refusalstext.go for a terminal
//	e154.go     a use as ROB would record it; e154xml.go and e154csv.go write it
package report
