package journal

import "time"

// Format is the version of the format that this package writes, in each [Header].
const Format = 1

// The types of the journal's own lines.
const (
	TypeSegment = "segment" // the first line of a segment
	TypeSeal    = "seal"    // the last line of a segment that ended well
	TypeDeleted = "deleted" // a segment was deleted, since its time was over
)

// A Header is the first line of a segment.
type Header struct {
	Type    string    `json:"type"` // TypeSegment
	Format  int       `json:"format"`
	Time    time.Time `json:"time"`
	Gateway string    `json:"gateway"`          // name of the gateway that writes
	Version string    `json:"version"`          // of its program
	Key     string    `json:"key,omitempty"`    // Ed25519 public key, base64; empty: nothing is signed
	Before  *Ending   `json:"before,omitempty"` // how the segment before ended; nil in the first one
}

// An Ending is how a segment ended, as the header of the next one says.
type Ending struct {
	First uint64 `json:"first"` // sequence number of its header
	Last  uint64 `json:"last"`  // of its last line that counts, its seal if it has one
	Hash  string `json:"hash"`  // SHA-256 of that line, hex
	Cause string `json:"cause"` // one of the causes
	Void  *Void  `json:"void,omitempty"`

	// Unsynced is the first line that no fdatasync has confirmed, where the journal promised
	// less than that and the disk failed: those lines count, and may be missing.
	Unsynced uint64 `json:"unsynced,omitempty"`
}

// The causes of an Ending.
const (
	Sealed  = "sealed"  // it has a seal
	Crashed = "crashed" // its writer died
	Failed  = "failed"  // the disk failed it
	Damaged = "damaged" // lines that were on the disk had been changed or lost when it was opened
)

// Void is the end of a segment that holds no records: a line that a crash has torn, or
// lines whose write failed and was never confirmed.
type Void struct {
	Offset int64 `json:"offset"` // of its first byte, after the newline of the line Last
	Bytes  int64 `json:"bytes"`  // as long as it was seen; more may have come to the disk
}

// A Seal is the last line of a segment.
type Seal struct {
	Type    string    `json:"type"` // TypeSeal
	Time    time.Time `json:"time"`
	Gateway string    `json:"gateway"` // as in the header, for copies of the seal
	First   uint64    `json:"first"`   // sequence number of the segment's header
	Count   uint64    `json:"count"`   // lines of the segment before the seal
	Cause   string    `json:"cause"`   // why it ended: size, age, shutdown
}

// Deleted is the line that says that a segment is deleted. It is on the disk before the
// segment goes.
type Deleted struct {
	Type  string    `json:"type"` // TypeDeleted
	Time  time.Time `json:"time"`
	First uint64    `json:"first"` // sequence number of the segment's header
	Last  uint64    `json:"last"`  // of its last line that counts
	Hash  string    `json:"hash"`  // SHA-256 of that line, hex
}

// fileMode is that of segments: their owner writes, their group reads.
const (
	fileMode   = 0o640
	folderMode = 0o750
)
