package config

import (
	"path/filepath"
	"time"

	"brana/policy"
)

// Audit is audit: where and how the record of use is kept.
type Audit struct {
	Dir             string          `yaml:"dir"`     // of the journal; empty, NoRecord: none is kept
	Gateway         string          `yaml:"gateway"` // name in the journal; empty: that of the host
	Durability      Durability      `yaml:"durability"`
	Commit          Duration        `yaml:"commit"`
	Interval        Duration        `yaml:"interval"`
	Timeout         Duration        `yaml:"timeout"`
	WhenUnavailable WhenUnavailable `yaml:"when_unavailable"`
	Segment         Segment         `yaml:"segment"`
	Keep            Duration        `yaml:"keep"` // 0: for ever
	Compress        bool            `yaml:"compress"`
	CompressAfter   Duration        `yaml:"compress_after"`
	Key             string          `yaml:"key"` // PEM file of an Ed25519 private key
	Seals           Seals           `yaml:"seals"`
	Digests         bool            `yaml:"digests"`
	PersonKey       string          `yaml:"person_key"` // file with a secret
}

// NoRecord is the audit.dir of a gateway that keeps no record of use.
const NoRecord = "none"

// Segment is audit.segment: when a segment of the journal ends.
type Segment struct {
	Size Size     `yaml:"size"`
	Age  Duration `yaml:"age"`
}

// Seals is audit.seals: where copies of the seals go.
type Seals struct {
	File    string   `yaml:"file"`
	Syslog  string   `yaml:"syslog"`
	Command []string `yaml:"command"`
}

// Durability is audit.durability: what outlives a kill or a loss of power.
type Durability string

// The values of durability.
const (
	BeforeAnswer Durability = "before-answer" // intents are on the disk before a call goes on
	Interval     Durability = "interval"      // the kernel has them; the disk, after interval
	System       Durability = "os"            // the kernel has them, and decides the rest
)

// WhenUnavailable is audit.when_unavailable: what becomes of calls that cannot be
// recorded.
type WhenUnavailable string

// The values of when_unavailable.
const (
	RefuseUnrecorded WhenUnavailable = "refuse"
	ServeUnrecorded  WhenUnavailable = "continue"
)

func defaultAudit() Audit {
	return Audit{
		Durability:      BeforeAnswer,
		Commit:          Duration(2 * time.Millisecond),
		Interval:        Duration(time.Second),
		Timeout:         Duration(5 * time.Second),
		WhenUnavailable: RefuseUnrecorded,
		Segment:         Segment{Size: 64 << 20, Age: Duration(time.Hour)},
		Compress:        true,
		CompressAfter:   Duration(time.Hour),
		Seals:           Seals{Command: []string{}},
	}
}

// Kept reports whether a record of use is kept.
func (a *Audit) Kept() bool { return a.Dir != "" && a.Dir != NoRecord }

// files are the paths of audit.
func (a *Audit) files() []*string {
	files := []*string{&a.Key, &a.PersonKey, &a.Seals.File}
	if a.Kept() {
		files = append(files, &a.Dir)
	}
	return files
}

const year = Duration(366 * 24 * time.Hour)

func (a *Audit) check(m *mistakes, e policy.Environment) {
	m.oneOf("audit.durability", string(a.Durability),
		string(BeforeAnswer), string(Interval), string(System))
	m.oneOf("audit.when_unavailable", string(a.WhenUnavailable),
		string(RefuseUnrecorded), string(ServeUnrecorded))
	between(m, "audit.commit", a.Commit, Duration(100*time.Microsecond), Duration(time.Second))
	between(m, "audit.interval", a.Interval, Duration(10*time.Millisecond), Duration(time.Minute))
	between(m, "audit.timeout", a.Timeout, Duration(100*time.Millisecond), Duration(time.Hour))
	between(m, "audit.segment.size", a.Segment.Size, 64<<10, 4<<30)
	between(m, "audit.segment.age", a.Segment.Age, Duration(time.Second), year)
	between(m, "audit.compress_after", a.CompressAfter, 0, year)
	zeroOr(m, "audit.keep", a.Keep, 100*year)
	if e == policy.Production && a.Dir == "" {
		m.wrong("audit.dir", "is needed in production: write the folder of the record of use, "+
			"or %s to declare that none is kept here", NoRecord)
	}
	a.checkUse(m)
	a.checkFolder(m)
}

// checkFolder checks that nothing else is kept in the folder of the journal.
func (a *Audit) checkFolder(m *mistakes) {
	if !a.Kept() {
		return
	}
	for _, file := range []struct{ key, path string }{
		{"key", a.Key},
		{"person_key", a.PersonKey},
		{"seals.file", a.Seals.File},
	} {
		if file.path != "" && filepath.Dir(file.path) == filepath.Clean(a.Dir) {
			m.wrong("audit."+file.key, "%s lies in audit.dir: that folder holds the journal and "+
				"nothing else; name a file elsewhere", file.path)
		}
	}
}

// checkUse checks that nothing is said of a record that is not kept.
func (a *Audit) checkUse(m *mistakes) {
	if a.Kept() {
		return
	}
	for _, set := range []struct {
		key string
		is  bool
	}{
		{"key", a.Key != ""},
		{"keep", a.Keep != 0},
		{"digests", a.Digests},
		{"person_key", a.PersonKey != ""},
		{"seals.file", a.Seals.File != ""},
		{"seals.syslog", a.Seals.Syslog != ""},
		{"seals.command", len(a.Seals.Command) > 0},
	} {
		if set.is {
			m.wrong("audit."+set.key, "is of no use without a record: write its folder in audit.dir")
		}
	}
}
