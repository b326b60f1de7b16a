package main

import (
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"brana/audit"
	"brana/disktest"
)

// What becomes of the record when its disk fails.
func TestFaultsOfTheDiskOfTheRecord(t *testing.T) {
	playFaults(t, []fault{
		{"full disk", fullDisk},
		{"full disk, calls are served", servedUnrecorded},
		{"read-only disk", readOnlyDisk},
		{"still disk", stillDisk},
		{"still disk, SIGTERM", sigtermOnAStillDisk},
		{"errors of fsync", failedSync},
		{"loss of power", lostPower},
	})
}

// unavailable is the number of the refusal of a call that cannot be recorded.
const unavailable = "BR_212"

func refusedForTheRecord(s sighting) bool { return s.refusal == unavailable }

// On a full disk no answer leaves without its intent, calls are refused, and the gateway
// says so; when there is room again, it goes on by itself.
func fullDisk(t *testing.T) {
	disk := disktest.Ext4(t)
	r := startRecording(t, filepath.Join(disk.Dir, "journal"))
	for fill := range times(1, 5) {
		r.calls(200, 16)
		begun := make(chan struct{})
		go func() { defer close(begun); r.calls(1500, 16) }()
		time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond)))) // a random moment
		disk.Fill()
		<-begun
		if n := r.saw.count(refusedForTheRecord); n == 0 {
			t.Fatalf("fill %d: no call was refused", fill)
		}
		if !r.blocked() {
			t.Errorf("fill %d: /readyz does not say that the record takes nothing", fill)
		}
		disk.Free()
		eventually(t, "calls are served", r.serves)
	}
	r.end()
	r.prove()
}

// A file system that has turned read-only refuses calls and lets the gateway end. On the
// next start, mounted anew, all is well.
func readOnlyDisk(t *testing.T) {
	disk := disktest.Ext4(t)
	r := startRecording(t, filepath.Join(disk.Dir, "journal"))
	end := r.begin(16)
	eventually(t, "callers have answers", func() bool { return len(r.saw.all()) > 100 })
	disk.TurnReadOnly()
	eventually(t, "calls are refused", func() bool { return r.saw.count(refusedForTheRecord) > 50 })
	if !r.blocked() {
		t.Error("/readyz does not say that the record takes nothing")
	}
	end()
	if code := r.process.end(syscall.SIGTERM); code != exitRefused {
		t.Errorf("exit code %d, want %d: the last segment has no seal", code, exitRefused)
	}
	disk.Restore()
	r.prove()
	r.start()
	eventually(t, "calls are served", r.serves)
	r.end()
	r.prove()
}

// While the disk stands still, each call is refused after the timeout of the record, and
// probes are quick. Once it goes on, so does the gateway, and nothing is lost.
func stillDisk(t *testing.T) {
	timeout := time.Duration(times(300, 5000)) * time.Millisecond
	still := time.Duration(times(1, 30)) * time.Second
	disk := disktest.Ext4(t)
	r := startRecording(t, filepath.Join(disk.Dir, "journal"), "timeout: "+timeout.String())
	r.calls(200, 16)
	served := len(r.saw.all())
	disk.Freeze()
	frozen := time.Now()
	end := r.begin(16)
	eventually(t, "calls are refused", func() bool { return r.saw.count(refusedForTheRecord) > 50 })
	for probe := 0; time.Since(frozen) < still; probe++ {
		begin := time.Now()
		if !r.blocked() {
			t.Fatalf("probe %d: /readyz does not say that the record takes nothing", probe)
		}
		if took := time.Since(begin); took > time.Second {
			t.Fatalf("a probe took %v", took)
		}
		time.Sleep(still / 20)
	}
	end()
	disk.Thaw()
	eventually(t, "calls are served", r.serves)
	for _, s := range r.saw.all()[served:] {
		if s.took > timeout+5*time.Second { // the machine is busy
			t.Errorf("a call of %s took %v, with a timeout of %v", s.service, s.took, timeout)
		}
	}
	r.end()
	r.prove()
	r.checkNothingLost()
}

// checkNothingLost checks that each call with an intent has an outcome, or a refusal: the
// intent of a call that was refused may have come to the disk later.
func (r *recording) checkNothingLost() {
	r.t.Helper()
	ids := map[uint64]string{}
	open := map[string]bool{}
	for _, one := range readRecords(r.t, r.dir) {
		switch one.Type {
		case audit.TypeIntent:
			ids[one.Seq], open[one.AgendaZadostId] = one.AgendaZadostId, true
		case audit.TypeOutcome:
			delete(open, ids[one.Intent])
		case audit.TypeRefusal:
			delete(open, one.AgendaZadostId)
		}
	}
	if len(open) > 0 {
		r.t.Errorf("%d calls have an intent and no outcome", len(open))
	}
}

// An fsync that reports an error has lost what was to be synced: its calls are refused,
// its segment is left, and the next one says where it ended. What is on the disk after
// that proves every answer.
func failedSync(t *testing.T) {
	disk := disktest.Unjournaled(t)
	r := startRecording(t, filepath.Join(disk.Dir, "journal"))
	end := r.begin(16)
	for failure := range times(2, 5) {
		seen := r.saw.count(refusedForTheRecord)
		eventually(t, "callers have answers", r.serves)
		disk.FailWrites()
		eventually(t, "calls are refused", func() bool { return r.saw.count(refusedForTheRecord) > seen })
		disk.MendWrites()
		eventually(t, "calls are served", r.serves)
		t.Logf("failure %d: %d calls refused", failure, r.saw.count(refusedForTheRecord)-seen)
	}
	end()
	r.end()
	disk.Restore() // what the page cache had is gone
	r.prove()
}

// Power is lost at random moments: what was on the disk proves every answer.
func lostPower(t *testing.T) {
	disk := disktest.Ext4(t)
	r := startRecording(t, filepath.Join(disk.Dir, "journal"))
	end := r.begin(16)
	for range times(2, 20) {
		seen := len(r.saw.all())
		eventually(t, "callers have answers", func() bool { return len(r.saw.all()) > seen+50 })
		time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond)))) // a random moment
		disk.CutPower()
		r.kill()
		disk.Restore()
		r.verify()
		r.start()
	}
	end()
	r.end()
	r.prove()
}

// When the operator has calls served without a record, the gateway is ready, and its
// metric has the number of answers that left without an intent.
func servedUnrecorded(t *testing.T) {
	disk := disktest.Ext4(t)
	r := startRecording(t, filepath.Join(disk.Dir, "journal"), "when_unavailable: continue")
	r.kinds = r.kinds[:3] // those that are served
	r.calls(200, 16)
	disk.Fill()
	r.calls(1500, 16)
	if status, said := r.process.ready(); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, said)
	}
	disk.Free()
	eventually(t, "records are written again", func() bool {
		r.calls(1, 1)
		return r.process.metric("brana_audit_blocked") == "0"
	})
	r.calls(100, 16)
	counted, err := strconv.Atoi(r.process.metric("brana_audit_unrecorded_total"))
	if err != nil {
		t.Fatal(err)
	}
	r.end()
	r.verify()
	intents := map[string]bool{}
	for _, one := range readRecords(t, r.dir) {
		intents[one.AgendaZadostId] = intents[one.AgendaZadostId] || one.Type == audit.TypeIntent
	}
	without := r.saw.count(func(s sighting) bool { return s.data && !intents[s.id] })
	if without == 0 || without != counted {
		t.Errorf("%d answers left without an intent, and the metric says %d", without, counted)
	}
}

// The gateway ends on SIGTERM though its record stands still.
func sigtermOnAStillDisk(t *testing.T) {
	disk := disktest.Ext4(t)
	r := startRecording(t, filepath.Join(disk.Dir, "journal"), "timeout: 300ms")
	r.calls(100, 16)
	disk.Freeze()
	end := r.begin(4)
	eventually(t, "calls are refused", func() bool { return r.saw.count(refusedForTheRecord) > 4 })
	end()
	r.process.signal(syscall.SIGTERM)
	eventually(t, "the process drains", func() bool { return r.process.log.line("draining") != nil })
	disk.Thaw()
	r.process.wait()
	r.prove()
}
