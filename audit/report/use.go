package report

import (
	"brana/audit"
	"brana/audit/query"
)

// An ending is what came of a use. Each use has one.
type ending uint8

const (
	answered   ending = iota // OK or VAROVANI
	failed                   // CHYBA or a SOAP Fault of the registry
	refused                  // a refusal of the gateway, before or after the intent
	broken                   // the answer broke off, or a job's is not kept: some may have left
	unfinished               // no outcome: still running, or the gateway died
)

// endingOf returns the ending of an outcome. All words but these are kinds of refusals.
func endingOf(outcome string) ending {
	switch outcome {
	case "ok", "varovani":
		return answered
	case "chyba", "fault", "unknown":
		return failed
	case "caller-left", "upstream-broke", "cut", "deleted", "unkept":
		return broken
	case query.Unfinished:
		return unfinished
	}
	return refused
}

// results calls f with each outcome of a use.
func results(u *query.Use, f func(*audit.Record)) {
	if u.Result != nil {
		f(u.Result)
	}
	if u.Job != nil {
		f(u.Job)
	}
}

// numberOf is the IszrZadostId that the answer had; it may be the bus's own. Before there is an
// answer, it is the one that the gateway gave the call.
func numberOf(u *query.Use) (id string) {
	id = u.Call.IszrZadostId
	results(u, func(r *audit.Record) {
		if r.IszrZadostId != "" {
			id = r.IszrZadostId
		}
	})
	return id
}
