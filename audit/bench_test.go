package audit

import (
	"net/netip"
	"testing"
	"time"

	"brana/egon"
)

// BenchmarkEncode makes the two records of a relayed call, without the journal.
func BenchmarkEncode(b *testing.B) {
	call := &Call{
		Time:           time.Date(2026, 11, 29, 16, 0, 0, 123456000, time.Local),
		Service:        "E20",
		Route:          "relay iszr",
		AgendaZadostId: []byte("a75167b3-b260-49a0-aac6-4d763538b259"),
		Head: &egon.Head{Info: egon.ZadostInfo{
			Agenda:       []byte("X999"),
			AgendovaRole: []byte("XRB"),
			Ovm:          []byte("12345678"),
			Ais:          []byte("999099"),
			Subjekt:      []byte("Městský úřad Kolín"),
			Uzivatel:     []byte("novak.jan"),
			DuvodUcel:    []byte("ověření totožnosti žadatele"),
		}},
		Peer:     netip.MustParseAddrPort("127.0.0.1:47110"),
		Decision: Decision{Verdict: "granted", Policy: "9e22099c4ca5", Rule: "policy/grants.yaml:12"},
		Quota:    Quota{Verdict: "admitted", Quota: 50000, Remaining: 49999, Concurrent: 50, Running: 3},
	}
	result := &Result{
		Time:         call.Time.Add(time.Millisecond),
		Outcome:      "ok",
		IszrZadostId: "2829d020-af4c-13c8-9851-1c37d859c002",
		Kod:          "OK",
		Status:       200,
		Registries:   []Registry{{Name: "iszr", Result: "ok", Took: time.Millisecond}},
		RequestBytes: 1100, ResponseBytes: 1400, Took: time.Millisecond,
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = appendCall(begin(buf[:0], TypeIntent, call.Time), call)
		buf = appendResult(begin(buf, TypeOutcome, result.Time), result)
	}
	b.SetBytes(int64(len(buf)))
}
