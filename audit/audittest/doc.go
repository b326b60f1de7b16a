// Package audittest writes journals of use for tests: any number of calls of many callers,
// as a busy week would leave them, through the writer that gateways use.
//
// The same [Config] gives the same calls. Calls that run at once may be written in another
// order, and the times of headers and seals are those of the writing.
//
//	book.go     writes a journal line by line, also one that no gateway would write
//	write.go    writes a journal of many calls
//	office.go   the callers and what they use
//	call.go     one call and what comes of it
//	clock.go    when calls come: by the hour, and fewer at night and on weekends
package audittest
