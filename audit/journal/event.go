package journal

import "time"

// A Happening is the sort of an [Event].
type Happening string

// What happens to a journal.
const (
	SegmentBegun  Happening = "segment begun"
	SegmentSealed Happening = "segment sealed"
	SegmentFailed Happening = "segment failed"               // Err says why, Ending how it ended
	EndFound      Happening = "segment without a seal found" // at the start: Ending says how it ended
	WasBlocked    Happening = "blocked"                      // Err says why
	WasUnblocked  Happening = "unblocked"
	LinesLost     Happening = "lines lost" // Lost of them, since the last such event

	SegmentCompressed Happening = "segment compressed" // to a number of Bytes
	SegmentDeleted    Happening = "segment deleted"
	KeepingFailed     Happening = "keeping failed" // Err says why; it is tried again
	CopyFailed        Happening = "copy failed"    // Err says why; it is tried again
	CopiesLost        Happening = "copies lost"    // Lost of them, since too many wait
)

// An Event is something that happened to a journal and that an operator wants to know.
type Event struct {
	What    Happening
	Segment string  // its file, if it concerns one
	Line    []byte  // SegmentBegun: the header, SegmentSealed: the seal, no newline; it may be kept
	Ending  *Ending // EndFound, SegmentFailed: how the segment ended
	Lost    uint64  // LinesLost: lines that nobody waited for, and that will not be written
	Bytes   int64   // SegmentCompressed: size of the file
	Err     error
}

// A Commit is a batch of lines that was written.
type Commit struct {
	Lines int
	Bytes int
	Took  time.Duration // from the first byte until the batch was as durable as promised
	Err   error         // why it failed
}

// Stats are the counts of a journal since it was opened.
type Stats struct {
	Records  uint64    // lines that were written, without headers and seals
	Bytes    uint64    // of all lines
	Commits  uint64    // batches that were written
	Syncs    uint64    // times that fdatasync confirmed lines
	Segments uint64    // that were begun
	Failures uint64    // of writes and fdatasyncs
	Lost     uint64    // lines that nobody waited for, and that will never be written
	Waiting  int       // calls that wait for their line at this moment
	Pending  int       // bytes of lines that are in memory alone
	Segment  time.Time // when the segment that is being written began; zero: there is none
}
