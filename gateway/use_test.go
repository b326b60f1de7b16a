package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/audit"
	"brana/audit/journal"
	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
	"brana/policy"
)

// recorded has a gateway keep a record of use in a folder, and returns a function that
// reads what is in it.
func recorded(t testing.TB) (into func(*settings), records func() []audit.Record) {
	t.Helper()
	return recordedAs(t, journal.BeforeAnswer)
}

// recordedAs is recorded with another durability.
func recordedAs(t testing.TB, d journal.Durability) (into func(*settings), records func() []audit.Record) {
	t.Helper()
	dir := t.TempDir()
	j, err := journal.Open(journal.Config{Dir: dir, Gateway: "g1", Version: "v1", Durability: d})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	into = func(s *settings) { s.parts.Record = audit.NewRecorder(j) }
	return into, func() []audit.Record { return recordsIn(t, dir) }
}

// recordsIn reads the records of calls in the segments of a folder that are whole.
func recordsIn(t testing.TB, dir string) (list []audit.Record) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var r audit.Record
			if !bytes.HasSuffix(line, []byte("\n")) {
				break // it is being written
			}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			switch r.Type {
			case audit.TypeIntent, audit.TypeOutcome, audit.TypeRefusal, audit.TypeLate:
				list = append(list, r)
			}
		}
	}
	return list
}

// plain is a record in words that do not depend on the run.
func plain(r audit.Record) string {
	var w []string
	add := func(format string, args ...any) { w = append(w, fmt.Sprintf(format, args...)) }
	add("%s", r.Type)
	if r.Type != audit.TypeOutcome {
		add("%s by %s", r.Service, r.Route)
		if r.Async {
			add("async")
		}
		add("%s/%s/%s/%s", r.Agenda, r.Role, r.Ovm, r.Ais)
		add("for %s %s %s", r.Subjekt, r.Uzivatel, r.DuvodUcel)
		add("asked %v", r.Asked)
	}
	if len(r.Parameters) > 0 {
		add("with %v", r.Parameters)
	}
	if r.AskedJob != "" {
		add("of job %s", r.AskedJob)
	}
	if d := r.Decision; d != nil {
		add("%s %s by %s", d.Verdict, d.Reason, d.Rule)
		if d.Row != "" {
			add("and %s", d.Row)
		}
		for _, one := range d.Refused {
			add("not %s: %s", one.Word, one.Why)
		}
	}
	if q := r.Quota; q != nil {
		add("%s%s %d/%d %d/%d", q.Verdict, q.Degraded, q.Remaining, q.Quota, q.Running, q.Concurrent)
	}
	if r.Outcome != "" {
		add("= %s %s %v %d", r.Outcome, r.Kod, r.SubKody, r.Status)
	}
	if r.Broken != "" {
		add("broken by %s", r.Broken)
	}
	if r.Job {
		add("job")
	}
	if len(r.Returned) > 0 {
		add("returned %v", r.Returned)
		add("unpermitted %v", r.Unpermitted)
	}
	for _, g := range r.Registries {
		add("[%s %s %s]", g.Name, g.Message, g.Result)
	}
	return strings.Join(w, " ")
}

// ownRow is the row of the caller with all rights, by the name and hash of the matrix.
var ownRow = fmt.Sprintf("X999/XR1/12345678 matrix.csv %x", sha256.Sum256([]byte(matrix)))[:41]

// Each call has its records, with what is known of it.
func TestRecordsOfEachPath(t *testing.T) {
	const caller = "X999/XR1/12345678/999001 for OVM test test"
	const granted = "granted  by grants/a.yaml:2"
	row := " and " + ownRow
	const quota = " admitted 999/1000 0/0"
	warning := egon.AppendReply(nil, egon.ServiceByCode("E05"), true, &egon.OdpovedInfo{
		Status: egon.Status{Kod: egon.Varovani, Details: []egon.Detail{{SubKod: "ADRESA SMAZANA"}}},
	})
	for _, c := range []struct {
		name string
		set  func(*settings)
		ask  func(*testing.T, *testGateway)
		want []string
	}{
		{"relay", nil, posts("E05", call{items: []string{"Jmeno", "ROBCti"}}.message()), []string{
			"intent E05 by relay iszr " + caller + " asked [Jmeno ROBCti] " + granted + row + quota,
			"outcome = ok OK [] 200",
		}},
		{"relay of a person", relayTo(replying(personReply("<Aifo>1</Aifo><Jmeno>X</Jmeno><Nove>y</Nove>"))),
			posts("E05", call{}.message()), []string{
				"intent E05 by relay iszr " + caller + " asked [] " + granted + quota,
				"outcome = ok OK [] 200 returned [Aifo Jmeno ?Nove] unpermitted [?Nove]",
			}},
		{"a warning of the registry", relayTo(replying(warning)), posts("E05", call{}.message()),
			[]string{
				"intent E05 by relay iszr " + caller + " asked [] " + granted + quota,
				"outcome = varovani VAROVANI [ADRESA SMAZANA] 200",
			}},
		{"relay by the grant alone", nil, posts("E05", call{}.message()), []string{
			"intent E05 by relay iszr " + caller + " asked [] " + granted + quota,
			"outcome = ok OK [] 200",
		}},
		{"workflow", nil, posts("E198", mediaCall()), []string{
			"intent E198 by workflow " + caller + " asked [EopFoto Jmeno] " + granted + row + quota,
			"outcome = ok OK [] 200",
		}},
		{"local", nil, posts("E227", call{code: "E227"}.message()), []string{
			"intent E227 by local " + caller + " asked [] " + granted + quota,
			"outcome = ok OK [] 200",
		}},
		{"asynchronous", nil, posts("E227?async", call{code: "E227"}.message()), []string{
			"intent E227 by local async " + caller + " asked [] " + granted + quota,
			"outcome = ok OK [] 0 job",
			"outcome = ok OK [] 200",
		}},
		{"of a job", nil, posts("E100", call{code: "E100", queue: &egon.QueueQuery{IDs: []string{iszrID}}}.message()),
			[]string{
				"intent E100 by local " + caller + " asked [] of job " + iszrID + " " + granted + quota,
				"outcome = not-in-queue CHYBA [NENALEZENO] 200",
			}},
		{"of all jobs", nil, posts("E101", call{code: "E101", queue: &egon.QueueQuery{All: true}}.message()),
			[]string{
				"intent E101 by local " + caller + " asked [] of job * " + granted + quota,
				"outcome = ok OK [] 200",
			}},
		{"of two jobs", nil, posts("E101", call{code: "E101", queue: &egon.QueueQuery{IDs: []string{iszrID, requestID}}}.message()),
			[]string{
				"intent E101 by local " + caller + " asked [] of job " + iszrID + " " + requestID + " " + granted + quota,
				"outcome = ok OK [] 200",
			}},
		{"limits without their store", degraded, posts("E05", call{}.message()), []string{
			"intent E05 by relay iszr " + caller + " asked [] " + granted + " admitted" + limits.Share.String() + " 5/9 1/3",
			"outcome = ok OK [] 200",
		}},
		{"the registry fails", failing(&egon.CallError{Err: os.ErrClosed}), posts("E05", call{}.message()), []string{
			"intent E05 by relay iszr " + caller + " asked [] " + granted + quota,
			"outcome = registry-failed CHYBA [CHYBA VOLANI REGISTRU] 200 broken by upstream",
		}},
		{"nobody", nil, posts("E05", call{ais: "999003"}.message()), []string{
			"refusal E05 by relay iszr X999/XR1/12345678/999003 for OVM test test asked []" +
				" not-granted unknown-ais by  = not-granted CHYBA [NENI OPRAVNENI EGON] 200",
		}},
		{"a grant that has ended", nil, posts("E05", call{ais: "999002", items: []string{"Jmeno"}}.message()), []string{
			"refusal E05 by relay iszr X999/XR1/12345678/999002 for OVM test test asked [Jmeno]" +
				" not-granted expired by grants/a.yaml:5 = not-granted CHYBA [NENI OPRAVNENI EGON] 200",
		}},
		{"items", by(policy.Strict), posts("E05", call{items: []string{"Jmeno", "AdresaPobytu", "EopPodpis"}}.message()), []string{
			"refusal E05 by relay iszr " + caller + " asked [Jmeno AdresaPobytu EopPodpis]" +
				" item-not-permitted  by grants/a.yaml:2" + row + " not AdresaPobytu: row not EopPodpis: grant" +
				" = item-not-permitted CHYBA [NENI OPRAVNENI] 200",
		}},
		{"a word that is no item", by(policy.Strict), posts("E05", call{items: []string{"Vosáhlo", "Jmeno"}}.message()), []string{
			"refusal E05 by relay iszr " + caller + " asked [? Jmeno]" +
				" item-unknown  by grants/a.yaml:2" + row + " not ?: unknown" +
				" = invalid-data CHYBA [NEVALIDNI DATA] 200",
		}},
		{"a word that may be anything", nil, posts("E160", call{code: "E160", items: []string{"Vosahlo", "RodneCislo"}}.message()), []string{
			"refusal E160 by relay iszr " + caller + " asked [? RodneCislo] not-granted service-not-granted" +
				" by grants/a.yaml:2 = not-granted CHYBA [NENI OPRAVNENI EGON] 200",
		}},
		{"a word that may be an item of RPP", by(policy.Strict),
			posts("E35a", call{code: "E35a", items: []string{"Vosahlo", "Jmeno"}}.message()), []string{
				"refusal E35a by relay iszr " + caller + " asked [? Jmeno] item-not-permitted  by grants/a.yaml:2" + row +
					" not ?: both = item-not-permitted CHYBA [NENI OPRAVNENI] 200",
			}},
		{"a parameter", nil, posts("E198", call{
			code: "E198", items: []string{"EopFoto"}, inner: mediaInner(func(m *egon.MediaQuery) { m.ZnepristupniLog = []byte("true") }),
		}.message()), []string{
			"refusal E198 by workflow " + caller + " asked [EopFoto] with [hide-log]" +
				" parameter-not-permitted  by grants/a.yaml:2" + row + " not hide-log: grant" +
				" = parameter-not-permitted CHYBA [NENI OPRAVNENI] 200",
		}},
		{"over quota", overQuota, posts("E05", call{}.message()), []string{
			"refusal E05 by relay iszr " + caller + " asked [] " + granted + " over-quota 0/7 2/3" +
				" = hourly-quota CHYBA [NENI K DISPOZICI] 200",
		}},
		{"another service", nil, posts("E05", call{code: "E227"}.message()), []string{
			"refusal E05 by relay iszr /// for    asked [] = service-mismatch CHYBA [NEVALIDNI ZADOST] 200",
		}},
		{"malformed", nil, posts("E05", []byte("<a>")), []string{
			"refusal E05 by relay iszr /// for    asked [] = malformed  [] 500",
		}},
		{"a value of the header", nil, posts("E05", call{time: "soon"}.message()), []string{
			"refusal E05 by relay iszr " + caller + " asked [] = invalid-data CHYBA [NEVALIDNI DATA] 200",
		}},
		{"unknown service", nil, posts("E999", nil), []string{
			"refusal  by  /// for    asked [] = unknown-service  [] 500",
		}},
		{"no call", nil, sends("GET /publikace/E05 HTTP/1.1\r\nHost: a\r\n\r\n"), []string{
			"refusal E05 by  /// for    asked [] = bad-http  [] 405",
		}},
		{"no HTTP", nil, sends("NONSENSE\r\n\r\n"), []string{
			"refusal  by  /// for    asked [] = bad-http  [] 500",
		}},
		{"before the message", nil, sends(header("/publikace/E999", "Expect: 100-continue", "Content-Length: 5")), []string{
			"refusal  by  /// for    asked [] = unknown-service  [] 500",
		}},
		{"overloaded", func(s *settings) { s.cfg.MaxExchanges = -1 }, posts("E05", call{}.message()), []string{
			"refusal E05 by relay iszr /// for    asked [] = overloaded CHYBA [NENI K DISPOZICI] 200",
		}},
		{"draining", func(s *settings) { s.made = func(g *Gateway) { g.draining.Store(true) } },
			posts("E05", call{}.message()), []string{
				"refusal E05 by relay iszr " + caller + " asked [] = draining CHYBA [NENI K DISPOZICI] 200",
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			into, records := recorded(t)
			s := startGateway(t, into, queued(t), func(s *settings) {
				if c.set != nil {
					c.set(s)
				}
			})
			c.ask(t, s)
			var got []string
			eventually(t, "all has ended", func() bool { return s.Running() == 0 && s.Jobs() == 0 })
			eventually(t, "the records are there", func() bool {
				got = nil
				for _, r := range records() {
					got = append(got, plain(r))
				}
				return len(got) >= len(c.want)
			})
			slices.Sort(got[1:]) // an exchange and its job end in any order
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("records (-want +got):\n%s", d)
			}
		})
	}
}

func posts(path string, message []byte) func(*testing.T, *testGateway) {
	return func(t *testing.T, s *testGateway) { read(t, s.post(t, "/publikace/"+path, message)) }
}

func sends(request string) func(*testing.T, *testGateway) {
	return func(t *testing.T, s *testGateway) {
		w := s.dial(t)
		w.write(request)
		w.answer()
		w.Close()
	}
}

// overQuota has the limiter refuse all.
func overQuota(s *settings) {
	s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
		return limits.Decision{Verdict: limits.OverQuota, Quota: 7, Concurrent: 3, Running: 2}, nil
	}}
}

// degraded has the limiter decide by what it knows itself.
func degraded(s *settings) {
	s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
		return limits.Decision{
			Verdict: limits.Admitted, Degraded: limits.Share, Quota: 9, Remaining: 5, Concurrent: 3, Running: 1,
		}, nil
	}}
}

// queued has the services of the queue answered here.
func queued(t *testing.T) func(*settings) {
	memory, err := queue.NewMemory(queueBounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	return func(s *settings) {
		for _, code := range queueServices {
			s.cfg.Routes.Services[code] = Route{Kind: LocalRoute}
		}
		s.parts.Queue = memory
	}
}
