// Package stand builds what is measured: processes on loopback ports in a
// folder of their own, the gateway, the simulated registries, Redis, and the
// proxies that a gateway is compared with. It reads what they use from /proc
// and from their own counters, and ends what it started, by its process id.
package stand
