package audit

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"brana/audit/journal"
	"brana/egon"
)

// lines are records in the form of a Recorder and in other forms.
var lines = []string{
	`{"seq":2,"prev":"ab","type":"intent","time":"2026-11-29T17:00:00.123456+01:00","service":"E05"}`,
	`{"seq":3,"prev":"ab","type":"outcome","time":"2026-11-29T16:00:00.000001Z","intent":2,"outcome":"ok",` +
		`"returned":["Jmeno","?Nove"],"registries":[{"name":"rob","message":"O08","result":"ok","took_us":7}],"took_us":12}`,
	`{"seq":4,"prev":"ab","type":"refusal","time":"2026-11-29T16:00:00.000001Z","subjekt":"\u010c\"\\",` +
		`"decision":{"verdict":"item-not-permitted","refused":[{"word":"Jmeno","why":"row"},{"word":"X"}]},` +
		`"quota":{"verdict":"admitted","quota":5000,"running":1},"outcome":"item-not-permitted","status":403}`,
	`{"seq":1,"prev":"00","type":"segment","format":1,"time":"2026-11-29T16:00:00.5Z","gateway":"g"}`,
	`{"time":"2026-02-30T16:00:00.000001Z","seq":1}`,
	`{"time":"2026-11-29T16:00:00.000001-23:59","async":true}`,
	`{ "seq" : 5, "Service": "E05", "asked": [], "decision": null, "status": -1 }`,
	`{"seq":1,"seq":2,"asked":["a"],"asked":["b","c"]}`,
	`{"seq":18446744073709551615}`, `{"seq":18446744073709551616}`, `{"seq":01}`, `{"seq":1.5}`,
	`{"service":"a` + "\xff" + `b","role":"` + "ř\x01" + `"}`, `{"service":"\ud800"}`,
	`{"async":false}`, `{"async":truest}`, `{"asked":["a",]}`, `{}`, `null`, `[]`, `"`, ``, `{"seq":1}x`,
	`{"seq":1`, `{"service":"abc`, `{"service":"abc\`, `{"decision":{"verdict":"a"`, `{"peer":5}`,
}

// A line is read by hand as encoding/json reads it, or refused as it refuses it.
func FuzzParserReadsAsJSONDoes(f *testing.F) {
	for _, line := range lines {
		f.Add(line)
	}
	var p Parser
	f.Fuzz(func(t *testing.T, line string) { compare(t, &p, line) })
}

func compare(t interface {
	Helper()
	Errorf(string, ...any)
}, p *Parser, line string) {
	t.Helper()
	var want, got Record
	wantErr := json.Unmarshal([]byte(line), &want)
	err := p.Parse(line, &got)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%s: %v, want %v", line, err, wantErr)
	}
	if err != nil {
		return
	}
	if d := cmp.Diff(want, got, sameTime, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s: %s", line, d)
	}
}

var sameTime = cmp.Comparer(func(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return a.Equal(b) && x == y
})

// All that a Recorder writes is read by hand, without encoding/json, and the same.
func TestParserReadsWhatARecorderWrites(t *testing.T) {
	var p Parser
	rapid.Check(t, func(t *rapid.T) {
		line := `{"seq":7,"prev":"` + strings.Repeat("0", 64) + `",` + string(drawFields(t)) + `}`
		compare(t, &p, line)
		if p.odd {
			t.Errorf("%s: is odd", line)
		}
	})
}

// The journal's own part of a line is read by hand as well.
func TestParserReadsAJournalByHand(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Open(journal.Config{Dir: dir, Durability: journal.System})
	if err != nil {
		t.Fatal(err)
	}
	recorder := NewRecorder(j)
	intent, err := recorder.Intend(&Call{Time: time.Now(), Service: "E05"})
	if err != nil {
		t.Fatal(err)
	}
	recorder.Conclude(intent, &Result{Time: time.Now(), Outcome: "ok"})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var p Parser
	records := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		compare(t, &p, line)
		var r Record
		if err := p.Parse(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.Type != TypeIntent && r.Type != TypeOutcome {
			continue
		}
		if records++; p.odd {
			t.Errorf("%s: is odd", line)
		}
	}
	if records != 2 {
		t.Errorf("%d records, want 2", records)
	}
}

func drawFields(t *rapid.T) []byte {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "E198", "Příjmení \"A\"\\\x01", "a\xffb"}))
	texts := rapid.SliceOfN(text, 0, 4)
	number := rapid.Int64Range(0, 1e18-1)
	zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(t, "zone")*60)
	at := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).In(zone)
	bytes := func(name string) []byte { return []byte(text.Draw(t, name)) }
	c := &Call{
		Time: at, Service: text.Draw(t, "service"), Async: rapid.Bool().Draw(t, "async"),
		AgendaZadostId: bytes("id"), Certificate: text.Draw(t, "certificate"),
		Head: &egon.Head{Info: egon.ZadostInfo{Agenda: bytes("agenda"), Subjekt: bytes("subjekt")}},
		Peer: netip.MustParseAddrPort("[::1]:4711"), Parameters: texts.Draw(t, "parameters"),
		Persons: texts.Draw(t, "persons"),
		Decision: Decision{
			Verdict: text.Draw(t, "verdict"),
			Reason:  text.Draw(t, "reason"),
			Row:     Row{Source: text.Draw(t, "row"), Fetched: at},
			Filled:  texts.Draw(t, "filled"),
		},
		Quota: Quota{Verdict: text.Draw(t, "quota"), Remaining: number.Draw(t, "remaining")},
	}
	for _, w := range texts.Draw(t, "asked") {
		c.Head.Items = append(c.Head.Items, egon.Word{Text: []byte(w)})
		one := Refused{Word: w, Why: text.Draw(t, "why")}
		list := rapid.SampledFrom([]*[]Refused{
			&c.Decision.Refused, &c.Decision.Removed, &c.Decision.WouldRemove,
		}).Draw(t, "list")
		*list = append(*list, one)
	}
	r := &Result{
		Time: at, Outcome: text.Draw(t, "outcome"), Status: rapid.IntRange(0, 599).Draw(t, "status"),
		Job: rapid.Bool().Draw(t, "job"), Returned: texts.Draw(t, "returned"),
		Unpermitted:   texts.Draw(t, "unpermitted"),
		Filtered:      texts.Draw(t, "filtered"),
		ResponseBytes: number.Draw(t, "bytes"), RequestDigest: bytes("digest"),
	}
	for _, name := range texts.Draw(t, "registries") {
		r.Registries = append(r.Registries, Registry{Name: name, Took: time.Millisecond})
	}
	return appendResult(appendCall(begin(nil, TypeLate, at), c), r)
}

// A record in memory of its own is not changed by what is read after it.
func TestParsedRecordIsItsOwn(t *testing.T) {
	first, err := ParseRecord(lines[2])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseRecord(lines[1]); err != nil {
		t.Fatal(err)
	}
	var want Record
	if err := json.Unmarshal([]byte(lines[2]), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&want, first, sameTime); d != "" {
		t.Error(d)
	}
}

// A line without escapes is read without allocations.
func TestParserAllocatesNothing(t *testing.T) {
	var p Parser
	var r Record
	line := strings.ReplaceAll(lines[2], `\u010c\"\\`, "Úřad")
	if n := testing.AllocsPerRun(100, func() {
		if err := p.Parse(line, &r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkParse(b *testing.B) {
	line := lines[2]
	var p Parser
	var r Record
	b.Run("parser", func(b *testing.B) {
		b.SetBytes(int64(len(line)))
		for b.Loop() {
			_ = p.Parse(line, &r)
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(line)))
		for b.Loop() {
			var r Record
			_ = json.Unmarshal([]byte(line), &r)
		}
	})
}
