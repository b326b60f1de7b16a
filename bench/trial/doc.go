// Package trial runs one benchmark: it starts what is measured, measures every
// target in turn, and returns the report.
//
// It measures from outside. It knows neither the gateway nor the command line:
// gateways and registries are processes of the program that its [Config]
// names, or are made in this process by the functions that the Config has.
// What a trial started, it ends in one place, [Trial.Close].
package trial
