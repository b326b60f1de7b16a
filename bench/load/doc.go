// Package load sends calls at a gateway and measures what comes of them.
//
// In open loop every call has an intended start, which follows from a [Pace]
// alone, and its latency counts from there. So a target that stalls cannot make
// the generator send less, and cannot hide the waiting of callers. In closed loop
// each worker sends its next call when the last one was answered.
//
// Every answer is checked. A wrong one is counted by what was wrong, and has no
// latency: refusing quickly must not look like speed.
package load
