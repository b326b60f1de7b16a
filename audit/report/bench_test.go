package report

import (
	"testing"
	"time"

	"brana/audit"
	"brana/audit/query"
)

// BenchmarkAdd counts a use of the usual size: eight items asked for and returned.
func BenchmarkAdd(b *testing.B) {
	items := []string{"Prijmeni", "Jmeno", "AdresaPobytu", "DatumNarozeni", "MistoNarozeni", "Doklad",
		"Obcanstvi", "DatovaSchrankaROB"}
	uses := make([]*query.Use, 4096)
	for i := range uses {
		call := &audit.Record{
			Type: audit.TypeIntent, Time: start.Add(time.Duration(i) * time.Second),
			Service: "E05", Agenda: "X999", Role: "XR1", Ovm: "12345678", Ais: string(rune('0' + i%40)),
			Asked:    items,
			Decision: &audit.RecordedDecision{Verdict: "granted", Rule: "grants.yaml:2"},
			Quota:    &audit.RecordedQuota{Verdict: "admitted", Quota: 5000, Concurrent: 50, Running: 3},
		}
		uses[i] = &query.Use{Call: call, Result: &audit.Record{
			Type: audit.TypeOutcome, Outcome: "ok", Returned: items, TookMicros: 12_345,
			Registries: []audit.RecordedRegistry{{Name: "rob", Result: "ok", TookMicros: 10_000}},
		}}
	}
	builder := NewBuilder(Config{Working: working, Zone: prague})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		builder.Add(uses[i%len(uses)])
	}
}
