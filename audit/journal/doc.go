// Package journal keeps lines in order, durably and so that a change shows. It knows
// segments, the chain and the disk, and nothing of what the lines say.
//
// A journal is a folder of segments. A line is a JSON object that begins with its sequence
// number and the hash of the line before:
//
//	{"seq":7,"prev":"<SHA-256 of line 6, hex>","type":"intent",…}
//
// The hash is that of the bytes of the line without its newline. The first line of a
// segment is its [Header], the last one its [Seal]; both are signed when there is a key.
// A segment that did not end well is never written to again: the header of the next one
// says how it ended.
//
// The first line after an fdatasync ends with the number of the last line that was on the
// disk by then:
//
//	{"seq":9,"prev":"…","type":"outcome",…,"synced":8}
//
// So a crash, which leaves part of what was never confirmed, differs from a change of lines
// that were.
package journal
