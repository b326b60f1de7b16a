// Package query answers questions about the record of use: it reads journals and
// returns the uses that a filter matches.
//
// A [Use] is a call with what came of it: an intent joined with its outcomes, or a
// refusal or late record, which is both. Uses come in the order in which they ended,
// those of several journals merged by that time as far as one look ahead into each goes.
// A call whose outcome is missing is unfinished; it comes where its gateway ended, or
// last.
//
// Everything that is read is checked: the sequence numbers and the hash of each line, and
// the joints of the segments. What does not fit is a [Finding], and reading goes on with
// what can be read. Signatures and copies of seals are for journal.Verify.
//
// Memory does not depend on the length of a journal: it holds a few lines for each
// processor and the calls that are open.
//
//	use.go      a use, and what may be asked of it
//	filter.go   which uses are wanted
//	query.go    a query over several journals
//	plan.go     the segments of a journal, how each ends, and which must be read
//	segment.go  reads a segment: lines, the chain
//	merge.go    uses of several journals
//	index.go    what a segment holds, in a file beside it
//	check.go    compares indexes with their segments
//	finding.go  what is not as it was written
//	moment.go   a time as an operator says it
//	printer.go  how uses are written: table.go, json.go, csv.go
//	join.go     joins calls and results
//	order.go    segments read at once, uses in order
package query
