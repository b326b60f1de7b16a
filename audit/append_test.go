package audit

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/audit/journal"
	"brana/egon"
)

// What is recorded of a call can be read again, by any reader of JSON.
func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Open(journal.Config{Dir: dir, Gateway: "g1", Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 29, 16, 0, 0, 123456000, time.UTC)
	recorder := NewRecorder(j)
	intent, err := recorder.Intend(&Call{
		Time: now, Service: "E198", Route: "workflow", Async: true,
		AgendaZadostId: []byte("a75167b3-b260-49a0-aac6-4d763538b259"),
		IszrZadostId:   "2829d020-af4c-13c8-9851-1c37d859c002",
		Head: &egon.Head{
			Info: egon.ZadostInfo{
				Agenda: []byte("X999"), AgendovaRole: []byte("XR1"),
				Ovm: []byte("12345678"), Ais: []byte("999001"),
				Subjekt: []byte("Úřad \"A\"\\B\x01"), Uzivatel: []byte("nov\xffak"),
			},
			Items: []egon.Word{{Text: []byte("Jmeno")}, {Text: []byte("EopFoto")}},
		},
		Peer:     netip.MustParseAddrPort("127.0.0.1:4711"),
		Decision: Decision{Verdict: "granted", Rule: "grants.yaml:12"},
		Quota:    Quota{Verdict: "admitted", Quota: 5000, Remaining: 4999},
	})
	if err != nil {
		t.Fatal(err)
	}
	recorder.Conclude(intent, &Result{
		Time: now.Add(time.Second), Outcome: "ok", Kod: "OK", Returned: []string{"Jmeno", "?Nove"},
		Registries: []Registry{{Name: "rob", Message: "O08", Result: "ok", Took: time.Millisecond}},
		Took:       time.Second, RequestDigest: []byte{0xab},
	})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	got := read(t, dir) // a header before, a seal after
	prev := []string{got[1].Prev, got[2].Prev}
	want := []Record{{
		Seq: 2, Prev: prev[0], Type: TypeIntent, Time: now, Service: "E198", Route: "workflow", Async: true,
		AgendaZadostId: "a75167b3-b260-49a0-aac6-4d763538b259",
		IszrZadostId:   "2829d020-af4c-13c8-9851-1c37d859c002",
		Agenda:         "X999", Role: "XR1", Ovm: "12345678", Ais: "999001",
		Subjekt: "Úřad \"A\"\\B\x01", Uzivatel: "nov\ufffdak",
		Asked: []string{"Jmeno", "EopFoto"}, Peer: "127.0.0.1:4711",
		Decision: &RecordedDecision{Verdict: "granted", Rule: "grants.yaml:12"},
		Quota:    &RecordedQuota{Verdict: "admitted", Quota: 5000, Remaining: 4999},
	}, {
		Seq: 3, Prev: prev[1], Type: TypeOutcome, Time: now.Add(time.Second), Intent: 2,
		Outcome: "ok", Kod: "OK", Returned: []string{"Jmeno", "?Nove"},
		Registries: []RecordedRegistry{{Name: "rob", Message: "O08", Result: "ok", TookMicros: 1000}},
		TookMicros: 1000000, RequestSHA256: "ab",
	}}
	if d := cmp.Diff(want, got[1:len(got)-1]); d != "" {
		t.Error(d)
	}
}

// read reads the lines of the only segment.
func read(t *testing.T, dir string) (records []Record) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		records = append(records, r)
	}
	return records
}
