package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"brana/bench/registries"
)

// chosenFaults is the pattern of `make faults`: faults with matching names are played, at
// length. When it is empty, all are played in short.
var chosenFaults = os.Getenv("BRANA_FAULTS")

// times is the number of times that something happens, in short or at length.
func times(short, long int) int {
	if chosenFaults == "" {
		return short
	}
	return long
}

// A fault is something that befalls a gateway with a record, and a test that it does what
// it should.
type fault struct {
	name string
	play func(*testing.T)
}

// playFaults plays the faults that are chosen, each as a test of its own.
func playFaults(t *testing.T, list []fault) {
	for _, f := range list {
		if chosenFaults == "" || regexp.MustCompile(chosenFaults).MatchString(f.name) {
			t.Run(f.name, f.play)
		}
	}
}

// What becomes of the record when the gateway fails.
func TestFaultsOfTheRecord(t *testing.T) {
	playFaults(t, []fault{
		{"kill -9", killed},
		{"clock steps", steppedClock},
	})
}

// A recording is a gateway that keeps a record of use, as a process that ends and is
// started again, with its callers and its registries. What they saw is compared with the
// record.
type recording struct {
	*callers
	t          *testing.T
	dir        string // of the journal
	file       string // brana.yaml
	program    string // that runs; empty: the real one
	registries *registries.Server
	process    *process

	mu  sync.Mutex
	log []registries.Entry // of the registries
}

// startRecording starts a gateway whose journal is in a folder, with further keys of
// audit, as "timeout: 1s".
func startRecording(t *testing.T, dir string, keys ...string) *recording {
	t.Helper()
	r := &recording{callers: newCallers(t, kindsOfCall(t)), t: t, dir: dir}
	var sim string
	r.registries, sim = startRegistriesWith(t, func(c *registries.Config) {
		c.Log = func(e registries.Entry) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.log = append(r.log, e)
		}
	})
	r.file = recordFile(t, sim, dir, keys...)
	r.start()
	return r
}

// recordFile writes a configuration with a journal in a folder, and quotas that no test
// uses up.
func recordFile(t *testing.T, sim, dir string, keys ...string) string {
	t.Helper()
	file := serveFile(t, sim, "exchanges: all", "exchanges: none")
	text := string(read(t, file))
	text = regexp.MustCompile(`(?m)^audit:.*\n([ #].*\n)*`).ReplaceAllString(text, "")
	keys = append([]string{fmt.Sprintf("dir: %q", dir)}, keys...)
	write(t, file, text+"\naudit: {"+strings.Join(keys, ", ")+"}\n")
	grants := filepath.Join(filepath.Dir(file), "policy/grants.yaml")
	quota := regexp.MustCompile(`limits: \{.*\}`)
	write(t, grants, quota.ReplaceAllString(string(read(t, grants)),
		"limits: {working_hours: 1000000000/h, off_hours: 1000000000/h, concurrent: 1000}"))
	return file
}

// start starts the gateway.
func (r *recording) start() {
	r.t.Helper()
	if r.program == "" {
		r.process = runProcess(r.t, "serve", "-c", r.file)
	} else {
		log := &logBuffer{}
		r.process = runProgram(r.t, exec.Command(r.program, "serve", "-c", r.file), log, log)
	}
	r.gateway.Store(&r.process.gateway)
}

// kill ends the gateway at once, and waits for its end.
func (r *recording) kill() {
	r.t.Helper()
	r.process.signal(syscall.SIGKILL)
	r.process.wait()
}

// end ends the gateway as an operator does.
func (r *recording) end() {
	r.t.Helper()
	r.client.CloseIdleConnections()
	if code := r.process.end(syscall.SIGTERM); code != 0 {
		r.t.Errorf("exit code %d, want 0", code)
	}
}

// verify has the program verify the journal.
func (r *recording) verify() {
	r.t.Helper()
	out, code := brana("audit", "verify", r.dir)
	if code != 0 || !strings.Contains(out, "chain whole") {
		r.t.Fatalf("verify: exit code %d: %s", code, out)
	}
}

// prove compares what callers and registries saw so far with the record, whose gateway
// has ended. It fails the test for what is missing.
func (r *recording) prove() {
	r.t.Helper()
	r.verify()
	records := readRecords(r.t, r.dir)
	r.mu.Lock()
	defer r.mu.Unlock()
	saw := r.saw.all()
	missing := unproved(saw, r.log, records)
	for i, m := range missing {
		if i == 10 {
			break
		}
		r.t.Error(m)
	}
	data := r.saw.count(func(s sighting) bool { return s.data })
	r.t.Logf("%d calls, %d answers with data, %d messages at registries, %d records: %d unproved",
		len(saw), data, len(r.log), len(records), len(missing))
	if data == 0 || len(r.log) == 0 {
		r.t.Error("no caller saw data: nothing is proved")
	}
}

// blocked reports whether the gateway says that the record takes nothing.
func (r *recording) blocked() bool {
	status, said := r.process.ready()
	return status == http.StatusServiceUnavailable && strings.Contains(said, "[-] audit")
}

// serves reports whether the gateway is ready and answers a call with data.
func (r *recording) serves() bool {
	status, _ := r.process.ready()
	if status != http.StatusOK {
		return false
	}
	saw, _ := r.call(r.kinds[0].service, r.kinds[0].message)
	return saw.data && saw.whole
}

// All that a caller or a registry saw has its intent in the record, although the gateway
// is killed again and again, at random moments, while calls of all sorts run.
func killed(t *testing.T) {
	r := startRecording(t, filepath.Join(t.TempDir(), "journal"))
	end := r.begin(16)
	for kill := range times(3, 50) {
		// Some answers are streamed, and are cut in their middle.
		set := registries.Settings{ReplyBytes: int64(kill%2) * 200 << 10}
		if err := r.registries.Set(registries.Front, set); err != nil {
			t.Fatal(err)
		}
		seen := len(r.saw.all())
		eventually(t, "callers have answers", func() bool { return len(r.saw.all()) > seen+50 })
		time.Sleep(time.Duration(rand.Int64N(int64(150 * time.Millisecond)))) // a random moment
		r.kill()
		r.verify()
		r.start()
	}
	end()
	r.end()
	r.prove()
}

// The clock steps an hour forth and back, five times a second: the chain holds all the
// same, through kills too, and each answer has its intent.
func steppedClock(t *testing.T) {
	if chosenFaults == "" {
		t.Skip("it builds the whole program anew, for half a minute: make faults plays it")
	}
	r := startRecording(t, filepath.Join(t.TempDir(), "journal"))
	r.end()
	r.program = steppedProgram(t)
	r.start()
	end := r.begin(16)
	for range 10 {
		seen := len(r.saw.all())
		eventually(t, "callers have answers", func() bool { return len(r.saw.all()) > seen+500 })
		r.kill()
		r.verify()
		r.start()
	}
	end()
	r.end()
	r.prove()
	back := 0
	var last time.Time
	for _, one := range readRecords(t, r.dir) {
		if one.Time.Before(last.Add(-time.Minute)) {
			back++
		}
		last = one.Time
	}
	if back < 3 {
		t.Errorf("the clock of the records stepped back %d times: nothing is proved", back)
	}
}

// steppedProgram builds the program with a clock that steps: nobody else on the machine
// has to bear it.
func steppedProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	clock := filepath.Join(strings.TrimSpace(string(out)), "src/time/time.go")
	const reads = "sec, nsec, mono := runtimeNow()\n"
	before, now, found := strings.Cut(string(read(t, clock)), "\nfunc Now() Time {")
	if !found || !strings.Contains(now, reads) {
		t.Skipf("%s reads the clock in another way: it cannot be made to step", clock)
	}
	now = strings.Replace(now, reads, reads+"if mono/200_000_000%2 == 1 {\nsec += 3600\n}\n", 1)
	stepped := filepath.Join(dir, "time.go")
	write(t, stepped, before+"\nfunc Now() Time {"+now)
	overlay := filepath.Join(dir, "overlay.json")
	write(t, overlay, fmt.Sprintf(`{"Replace": {%q: %q}}`, clock, stepped))
	program := filepath.Join(dir, "brana")
	build := exec.Command("go", "build", "-overlay", overlay, "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}
