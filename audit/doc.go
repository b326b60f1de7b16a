// Package audit is the record of use: who asked for what, on whose behalf and why, what
// was decided, and which items came back.
//
// Two records are kept of an exchange. The intent is on disk before anything is sent
// upstream or answered with data; the outcome follows when the last byte has left. A
// refused call has one record. No record holds payload, values that were searched for, or
// media. The least of it is what ROB keeps of a use itself (E154: agenda, subject, user,
// authority, time, reason and purpose, SeznamUdaju, AgendaZadostId, IszrZadostId).
//
//	call.go    what is recorded of a call and its result, borrowed from the exchange
//	append.go  the JSON of a record
//	record.go  a record as it is read again
//	parse.go   reads a record; scanner.go its JSON, instant.go its time
//	recorder.go  appends records to a journal
package audit
