// Package report keeps what a benchmark measured, as JSON, and shows it: as a
// table for the terminal, as a page for the browser that needs no network, and as
// the comparison of two reports with their noise. It measures nothing itself. All
// times are in nanoseconds and all sizes in bytes.
package report
