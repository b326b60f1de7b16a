// Package policy decides who may ask for what: whether a quadruple has a valid
// grant of a service, and whether each item and parameter of the request is
// among its rights.
//
// Its one rule: what a request names and is not given is refused. Items of ROB and ROS are given by
// the permission matrix alone, items of the evidence systems by the grant alone.
// The matrix is a file, or its rows are fetched one by one from a [Source] and
// kept by [Rows] as long as their age permits.
// A decision is pure, made on one immutable [Snapshot], and says everything that
// it refuses at once.
//
// How many calls may be made is left to package limits, and how a refusal is
// worded for the caller to package gateway.
package policy
