// Command brana is a streaming gateway in front of the Czech base registries:
// one binary that serves, simulates, calls, checks and explains.
//
// It is the only place that reads flags and the environment, and it wires the
// packages together. Package config reads brana.yaml and checks its keys. Data goes
// to standard output, diagnostics to standard error. The exit code is 0 when all is
// well, 1 when a call was refused or a check failed, 2 for wrong usage or unreadable
// input, 3 when a dependency is unreachable.
//
// The files are of three sorts:
//
//   - verbs: serve, dev, sim, persons, call, lint, check, explain, bench, quota,
//     health and version, each with the files that begin with its name. query and
//     caller are what the flags of call and of explain say; main and exit choose
//     the verb and the exit code
//   - the wiring, a file for each package that is wired: wire begins it and wired is
//     its result; gateway, upstreams, policy, rows, contracts, limits, remember (the
//     queue and the used ids), metrics, tls; drain ends it
//   - what runs in the process: logger, logbook, logline and nowait write the log;
//     reread, credentials and password read files again that have changed
package main
