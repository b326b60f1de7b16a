// Package load sends calls at a gateway and measures what comes of them.
//
// In open loop every call has an intended start, which follows from a [Pace]
// alone, and its latency counts from there: a target that stalls cannot make
// the generator send less and so hide what callers would have waited. In closed
// loop each of a number of workers sends its next call when the last one was
// answered.
//
// Every answer is checked. A wrong one is counted by what was wrong, and never
// as a latency: refusing quickly must not look like speed.
package load
