package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"brana/audit"
	"brana/bench/registries"
)

// readRecords reads a journal by the words of its format alone, with no code of the
// packages that write and verify it, and proves the chain. The end of the last segment
// may be torn: its gateway may have died.
func readRecords(t testing.TB, dir string) (records []audit.Record) {
	t.Helper()
	plain, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	compressed, _ := filepath.Glob(filepath.Join(dir, "*.jsonl.zst"))
	files := slices.Concat(plain, compressed)
	slices.Sort(files)
	var texts [][]byte
	for _, file := range files {
		text, err := readSegment(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	seq, last := uint64(0), strings.Repeat("0", 2*sha256.Size)
	for i := range texts {
		for line := range bytes.Lines(whole(t, texts, i)) {
			var r audit.Record
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatalf("%s: a line is no record: %v: %.200q", files[i], err, line)
			}
			if seq++; r.Seq != seq || r.Prev != last {
				t.Fatalf("%s: line %d follows %s, want line %d after %s",
					files[i], r.Seq, r.Prev, seq, last)
			}
			sum := sha256.Sum256(bytes.TrimSuffix(line, []byte("\n")))
			last = hex.EncodeToString(sum[:])
			records = append(records, r)
		}
	}
	return records
}

// readSegment reads a segment, which may be compressed.
func readSegment(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil || filepath.Ext(file) != ".zst" {
		return text, err
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(text, nil)
}

// whole is the part of a segment that holds records: all of it, or what comes before the
// void that the header of the next one names.
func whole(t testing.TB, texts [][]byte, i int) []byte {
	t.Helper()
	text := texts[i]
	if i == len(texts)-1 {
		return text[:bytes.LastIndexByte(text, '\n')+1]
	}
	first, _, _ := bytes.Cut(texts[i+1], []byte("\n"))
	var header struct {
		Before *struct{ Void *struct{ Offset int } }
	}
	if err := json.Unmarshal(first, &header); err != nil || header.Before == nil {
		t.Fatalf("segment %d does not say how the one before ended: %v: %.300s", i+1, err, first)
	}
	if v := header.Before.Void; v != nil {
		return text[:min(v.Offset, len(text))]
	}
	return text
}

// unproved compares what callers and registries saw with the records, and returns what
// has none, in sentences.
func unproved(saw []sighting, log []registries.Entry, records []audit.Record) []string {
	intents, numbers, missing := pairRecords(records)
	for _, s := range saw {
		if !s.data {
			continue
		}
		intent, ok := intents[s.id]
		of := s.service + " " + s.id
		switch {
		case !ok:
			missing = append(missing, "a caller saw data of "+of+", which has no intent")
		case intent.Service != s.service:
			missing = append(missing, "the intent of "+of+" is of "+intent.Service)
		case s.whole && numbers[s.id] != "" && numbers[s.id] != s.numbered:
			missing = append(missing, "the record of "+of+" has the number "+numbers[s.id]+
				", the caller saw "+s.numbered)
		}
	}
	for _, e := range log {
		if _, ok := intents[e.AgendaZadostId]; !ok {
			missing = append(missing, fmt.Sprintf("registry %s got %s of %s, which has no intent",
				e.Registry, e.Step, e.AgendaZadostId))
		}
	}
	return missing
}

// pairRecords returns the intents and the numbers of their answers (IszrZadostId, as the
// intent or its outcome has it) by AgendaZadostId, and what is wrong with the records.
func pairRecords(records []audit.Record) (
	intents map[string]audit.Record, numbers map[string]string, wrong []string,
) {
	intents, numbers = map[string]audit.Record{}, map[string]string{}
	bySeq := map[uint64]string{}
	outcomes := map[uint64]int{} // of each intent, those of jobs left out
	for _, r := range records {
		switch r.Type {
		case audit.TypeIntent:
			if _, twice := intents[r.AgendaZadostId]; twice {
				wrong = append(wrong, "two intents of "+r.AgendaZadostId)
			}
			intents[r.AgendaZadostId], numbers[r.AgendaZadostId] = r, r.IszrZadostId
			bySeq[r.Seq] = r.AgendaZadostId
		case audit.TypeOutcome:
			id, known := bySeq[r.Intent]
			switch {
			case !known:
				wrong = append(wrong,
					fmt.Sprintf("outcome %d names intent %d, which is none", r.Seq, r.Intent))
			case outcomes[r.Intent] > 0 && !r.Job:
				wrong = append(wrong, fmt.Sprintf("intent %d has two outcomes", r.Intent))
			case !r.Job:
				outcomes[r.Intent]++
				numbers[id] = cmp.Or(r.IszrZadostId, numbers[id])
			}
		}
	}
	return intents, numbers, wrong
}

// The test of the test: what is not in the records is named.
func TestUnprovedAnswersAreNamed(t *testing.T) {
	intent := audit.Record{Seq: 2, Type: audit.TypeIntent, Service: "E198", Route: "workflow",
		AgendaZadostId: "a", IszrZadostId: "n"}
	outcome := audit.Record{Seq: 3, Type: audit.TypeOutcome, Intent: 2, IszrZadostId: "n"}
	other := audit.Record{Seq: 3, Type: audit.TypeOutcome, Intent: 7}
	seen := sighting{service: "E198", id: "a", numbered: "n", data: true, whole: true}
	entry := func(id string) registries.Entry {
		return registries.Entry{Registry: "rob", Step: "O08", AgendaZadostId: id}
	}
	list := func(r ...audit.Record) []audit.Record { return r }
	for _, c := range []struct {
		name    string
		saw     sighting
		entry   registries.Entry
		records []audit.Record
		want    string
	}{
		{"all is there", seen, entry("a"), list(intent, outcome), ""},
		{"no intent", sighting{service: "E198", id: "b", data: true}, entry("a"), list(intent),
			"a caller saw data of E198 b"},
		{"a refusal needs none", sighting{service: "E198", id: "b"}, entry("a"), list(intent), ""},
		{"another service", sighting{service: "E05", id: "a", data: true}, entry("a"), list(intent),
			"is of E198"},
		{"another number", sighting{service: "E198", id: "a", numbered: "m", data: true, whole: true},
			entry("a"), list(intent), "the caller saw m"},
		{"another number of the outcome", sighting{service: "E198", id: "a", data: true, whole: true},
			entry("a"), list(intent, outcome), "has the number n"},
		{"a registry saw more", seen, entry("b"), list(intent), "registry rob got O08 of b"},
		{"two intents", seen, entry("a"), list(intent, intent), "two intents of a"},
		{"two outcomes", seen, entry("a"), list(intent, outcome, outcome), "has two outcomes"},
		{"an outcome of nothing", seen, entry("a"), list(intent, other), "which is none"},
	} {
		got := strings.Join(unproved([]sighting{c.saw}, []registries.Entry{c.entry}, c.records), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
