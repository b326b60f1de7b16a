// Package policy decides who may ask for what: whether a quadruple has a valid grant
// of a service, and whether it has the right to each item and parameter of a request.
//
// Its one rule: whatever is not given is refused. Items of ROB and ROS are given by
// the permission matrix alone, items of AISEO, EOP and ECD by the grant alone. The matrix
// is a file, or [Rows] fetches it row by row from a [Source] and keeps each row as
// long as its age permits. A decision is pure: it is made on one immutable [Snapshot]
// and names everything that it refuses.
//
// The files, from the bottom: words, itemset, matrix (and its builder and file),
// fetched, grant (its items and groups of limits), vocabulary, identity, yaml (and the
// files of grants and identities), load, snapshot, decide, apply, rights, store. On these stands the matrix that is fetched:
//
//   - rows: what a call asks for a row; row, age, status: what a row is
//   - refresh, schedule: when a row is fetched again, and how
//   - ungranted, shard: which rows are kept
//   - publish: how a fetched row comes into the snapshot
//   - rowsfile, rowsformat: the rows on disk
//
// Package limits counts calls. Package gateway words a refusal for the caller.
package policy
