package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"brana/audit"
	"brana/audit/journal"
	"brana/cmd/brana/config"
	"brana/egon"
)

// recordsIn are the records of calls in the plain segments of a folder.
func recordsIn(t testing.TB, dir string) (list []audit.Record) {
	t.Helper()
	for line := range bytes.Lines(journalText(t, dir)) {
		r, err := audit.ParseRecord(string(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch r.Type {
		case audit.TypeIntent, audit.TypeOutcome, audit.TypeRefusal, audit.TypeLate:
			list = append(list, *r)
		}
	}
	return list
}

// journalText is all whole lines of the plain segments of a folder.
func journalText(t testing.TB, dir string) (all []byte) {
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
		all = append(all, text[:bytes.LastIndexByte(text, '\n')+1]...)
	}
	return all
}

// kindsOf are the types of records, and the outcomes.
func kindsOf(records []audit.Record) string {
	var words []string
	for _, r := range records {
		words = append(words, strings.TrimSuffix(r.Type+"="+r.Outcome, "="))
	}
	return strings.Join(words, " ")
}

// The real program records each call, says where, and seals the journal as the last thing
// that it does. The journal is whole, also after a second run.
func TestAProcessKeepsTheRecordOfUse(t *testing.T) {
	_, sim := startRegistries(t)
	dir := filepath.Join(t.TempDir(), "audit")
	key := filepath.Join(t.TempDir(), "audit.pem")
	writeKey(t, key)
	for run := range 2 {
		p := startProcess(t, sim, `dir: ""`, "dir: "+dir, `gateway: ""`, "gateway: g1", `key: ""`, "key: "+key)
		if status, said := p.ready(); status != http.StatusOK || !strings.Contains(said, "[+] audit\n") {
			t.Errorf("/readyz: %d %s", status, said)
		}
		p.call("E198", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", "EopFoto Jmeno")
		p.call("E227", "--triple", "A1185/CR8359/00372498")
		p.post("E05", []byte("<a>"))
		if got := p.metric(`brana_audit_records_total{type="intent"}`); got != "2" {
			t.Errorf("%s intents are counted", got)
		}
		var state map[string]any
		if err := json.Unmarshal([]byte(p.page("/v1/audit")), &state); err != nil {
			t.Fatal(err)
		}
		if state["dir"] != dir || state["gateway"] != "g1" || state["state"] != "written" || state["last"].(float64) < 3 {
			t.Errorf("/v1/audit: %v", state)
		}
		if code := p.end(syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		if p.log.line("drained") == nil {
			t.Error("it did not drain")
		}
		v, err := journal.Verify(dir, &journal.Options{})
		if err != nil || v.Broken != nil || len(v.Gateways) != 1 || v.Gateways[0] != "g1" {
			t.Errorf("run %d: %+v, %v", run, v, err)
		}
		last := bytes.Split(bytes.TrimSpace(journalText(t, dir)), []byte("\n"))
		if end := last[len(last)-1]; !bytes.Contains(end, []byte(`"type":"seal"`)) || !bytes.Contains(end, []byte(`"cause":"shutdown"`)) ||
			!bytes.Contains(end, []byte(`"sig":"`)) {
			t.Errorf("the last line is %s", end)
		}
	}
	const once = "intent outcome=ok intent outcome=ok refusal=malformed"
	records := recordsIn(t, dir)
	if got := kindsOf(records); got != once+" "+once {
		t.Errorf("records: %s", got)
	}
	if r := records[0]; r.Service != "E198" || r.Route != "workflow" || len(r.Asked) != 2 ||
		!strings.Contains(r.Decision.Rule, "policy/grants.yaml:") || !strings.Contains(r.Decision.Row, " matrix.csv ") {
		t.Errorf("the intent of E198: %+v, decision %+v", r, r.Decision)
	}
	if r := records[1]; len(r.Registries) < 3 || len(r.Returned) == 0 || r.IszrZadostId == "" || r.Intent != records[0].Seq {
		t.Errorf("the outcome of E198: %+v", r)
	}
}

// With a record of use, a log that nobody reads refuses no calls.
func TestALogThatIsBlockedRefusesNoCallThatIsRecorded(t *testing.T) {
	t.Parallel() // it waits
	_, sim := startRegistries(t)
	dir := t.TempDir()
	p, a := startPiped(t, sim, `dir: ""`, "dir: "+dir)
	a.stall()
	served := 0
	eventually(t, "the log is told as blocked", func() bool {
		if served++; p.ask().statusLine() != egon.OK {
			t.Fatal("a call is not served")
		}
		status, said := p.ready()
		return status == http.StatusOK && strings.Contains(said, "[!] log: blocked for ")
	})
	for range 10 {
		if served++; p.ask().statusLine() != egon.OK {
			t.Fatal("a call is not served")
		}
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if got := kindsOf(recordsIn(t, dir)); strings.Count(got, "outcome=ok") != served {
		t.Errorf("%d calls, records: %s", served, got)
	}
}

// A gateway does not begin where it could not keep its record.
func TestARecordThatCannotBeKept(t *testing.T) {
	_, sim := startRegistries(t)
	dir := t.TempDir()
	j, err := journal.Open(journal.Config{Dir: dir, Gateway: "other"})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	foreign := t.TempDir()
	write(t, filepath.Join(foreign, "notes.txt"), "x")
	for _, tt := range []struct{ name, dir, more, want string }{
		{"of another gateway", dir, "", "audit.dir: another gateway writes the journal in " + dir},
		{"with a foreign file", foreign, "", "notes.txt is no file of a journal"},
		{"in a file", filepath.Join(foreign, "notes.txt"), "", "audit.dir: "},
		{"with a key that is none", t.TempDir(), "brana.yaml", "audit.key: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			change := []string{`dir: ""`, "dir: " + tt.dir, `gateway: ""`, "gateway: g1"}
			if tt.more != "" {
				change = append(change, `  key: ""`, "  key: "+tt.more)
			}
			file := serveFile(t, sim, change...)
			for verb, want := range map[string]int{"check": exitRefused, "serve": exitUsage} {
				said, code := brana(verb, "-c", file)
				if code != want || !strings.Contains(said, strings.TrimPrefix(tt.want, "audit.dir: ")) {
					t.Errorf("%s: exit code %d, %s, want %s", verb, code, said, tt.want)
				}
			}
		})
	}
}

// brana check finds that copies of seals could not go where they shall; serve would go on
// without them.
func TestCheckLooksAtTheCopiesOfSeals(t *testing.T) {
	dir := t.TempDir()
	for seals, want := range map[string]string{
		"{file: " + dir + "/none/seals}":      "make the folder first",
		"{file: " + dir + "}":                 dir + " is a folder: name a file",
		"{command: [" + dir + "/no-program]}": "no-program: no such file or directory",
		"{command: [brana-no-program]}":       "executable file not found in $PATH",
	} {
		file := serveFile(t, "127.0.0.1:8090", `dir: ""`, "dir: "+t.TempDir(),
			`seals: {file: "", syslog: "", command: []}`, "seals: "+seals)
		said, code := brana("check", "-c", file)
		if code != exitRefused || !strings.Contains(said, "audit.seals.") || !strings.Contains(said, want) {
			t.Errorf("%s: exit code %d, %s, want %s", seals, code, said, want)
		}
	}
	file := serveFile(t, "127.0.0.1:8090", `dir: ""`, "dir: "+t.TempDir(),
		`seals: {file: "", syslog: "", command: []}`, "seals: {file: "+dir+"/seals, command: [cat]}")
	if said, code := brana("check", "-c", file); code != 0 {
		t.Errorf("exit code %d, %s", code, said)
	}
	if _, err := os.Stat(filepath.Join(dir, "seals")); !os.IsNotExist(err) {
		t.Errorf("the file was made: %v", err)
	}
}

// brana check says where the record would be, and makes nothing there.
func TestCheckLooksAtTheRecord(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "a", "b")
	for dir, want := range map[string]string{
		missing: "; record of use of g1 in " + missing,
		"none":  "; no record of use",
		`""`:    "; no record of use: audit.dir is empty",
	} {
		file := serveFile(t, "127.0.0.1:8090", `dir: ""`, "dir: "+dir, `gateway: ""`, "gateway: g1")
		said, code := brana("check", "-c", file)
		first, _, _ := strings.Cut(said, "\n")
		if code != 0 || !strings.HasSuffix(first, want) {
			t.Errorf("%s: exit code %d, %s, want %s", dir, code, said, want)
		}
	}
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
	held := t.TempDir()
	j, err := journal.Open(journal.Config{Dir: held, Gateway: "g1"})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	file := serveFile(t, "127.0.0.1:8090", `dir: ""`, "dir: "+held, `gateway: ""`, "gateway: g1")
	if said, code := brana("check", "-c", file); code != 0 || !strings.Contains(said, "which it writes at this moment") {
		t.Errorf("its own gateway runs: exit code %d, %s", code, said)
	}
}

// No byte of a message is in the record of use, but for what the record is about.
func TestNoByteOfAMessageIsInTheRecord(t *testing.T) {
	dir := t.TempDir()
	w := startWorld(t, func(c *config.Config) { c.Audit.Dir = dir })
	person := special(t, "delivery address")
	w.call("E198", byBirth(person, "--items", everything)...)
	w.call("E198", byBirth(person, "--items", "EopFoto", "--hide-log")...)
	w.call("E198", "--name", person.Jmeno+" "+person.Prijmeni, "--rc", person.RodneCislo, "--items", "EopFoto")
	w.call("E05", "--name", person.Jmeno+" "+person.Prijmeni, "--born", person.DatumNarozeni)
	good := string(message(t, "E198", byBirth(person, "--items", "EopFoto")...))
	for _, change := range [][2]string{
		{person.Prijmeni, person.Prijmeni + "&x;"},
		{person.DatumNarozeni, person.DatumNarozeni + "x"},
		{"EopFoto", person.Prijmeni},           // a name in the place of an item
		{"EopFoto", canary},                    // a word that is no item
		{">Eop<", ">" + person.Prijmeni + "<"}, // in the place of a code
	} {
		w.post("E198", []byte(strings.Replace(good, change[0], change[1], 1)))
	}
	eventually(t, "all calls have their records", func() bool {
		return strings.Count(kindsOf(recordsIn(t, dir)), "=") >= 9
	})
	said := string(journalText(t, dir))
	for _, secret := range []string{person.Jmeno, person.Prijmeni, person.DatumNarozeni, person.RodneCislo, canary} {
		if at := strings.Index(said, secret); at >= 0 {
			t.Errorf("the record has %s: %.300s", secret, said[max(0, at-150):])
		}
	}
}

// writeKey writes an Ed25519 private key as openssl genpkey does.
func writeKey(t testing.TB, file string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// Each thing that happens to the journal has one line, at the level that it deserves, and
// docs/watch.md has all but those of every day.
func TestEventsOfTheJournalAreLogged(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "watch.md"))
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[journal.Happening]string{
		journal.SegmentBegun:      "debug",
		journal.SegmentSealed:     "debug",
		journal.SegmentCompressed: "debug",
		journal.SegmentDeleted:    "info",
		journal.SegmentFailed:     "error",
		journal.EndFound:          "warn",
		journal.WasBlocked:        "error",
		journal.WasUnblocked:      "warn",
		journal.LinesLost:         "error",
		journal.KeepingFailed:     "warn",
		journal.CopyFailed:        "warn",
		journal.CopiesLost:        "error",
	} {
		core, lines := observer.New(zap.DebugLevel)
		logEvent(zap.New(core), &journal.Event{What: what, Err: errors.New("why"), Ending: &journal.Ending{Cause: journal.Crashed}})
		said := lines.All()
		if len(said) != 1 || said[0].Level.String() != want || said[0].ContextMap()["error"] != "why" {
			t.Errorf("%s is logged as %+v, want one line at %s", what, said, want)
		}
		if message := "`record of use: " + string(what) + "`"; want != "debug" && !bytes.Contains(page, []byte(message)) {
			t.Errorf("docs/watch.md lacks %s", message)
		}
	}
}

// Where calls wait for the disk, the waiting thread has a processor beside those that serve.
func TestSpareProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	for _, tt := range []struct {
		audit config.Audit
		more  int
	}{
		{config.Audit{Dir: "journal", Durability: config.BeforeAnswer}, 1},
		{config.Audit{Dir: "journal", Durability: config.Interval}, 0},
		{config.Audit{Dir: config.NoRecord, Durability: config.BeforeAnswer}, 0},
	} {
		giveBack := spareProcessor(&tt.audit)
		if got := runtime.GOMAXPROCS(0); got != before+tt.more {
			t.Errorf("%s, %s: %d processors, want %d more than %d",
				tt.audit.Dir, tt.audit.Durability, got, tt.more, before)
		}
		giveBack()
		if got := runtime.GOMAXPROCS(0); got != before {
			t.Errorf("%d processors are left, %d were there before", got, before)
		}
	}
}
