// Package stand builds a test stand: the gateway, the simulated registries, Redis,
// and the proxies that a gateway is compared with, as processes on loopback ports
// in a folder of their own. It reads what they use from /proc and from their own
// counters. It ends what it started, by process id.
package stand
