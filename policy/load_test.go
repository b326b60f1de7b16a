package policy

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every mistake is named with its place. The golden file next to a bad file is the whole
// message of its loading.
func TestBadFiles(t *testing.T) {
	yamls, _ := filepath.Glob("testdata/bad/*.yaml")
	csvs, _ := filepath.Glob("testdata/bad/*.csv")
	for _, file := range append(yamls, csvs...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(file)
			fsys := mapFS(name, string(text))
			c := Config{Dir: ".", Environment: Test}
			if filepath.Ext(name) == ".csv" {
				fsys["none.yaml"] = &fstest.MapFile{Data: []byte("grants: []")}
				c.MatrixFile = name
			}
			s, err := LoadFS(fsys, c)
			if err == nil || s != nil {
				t.Fatalf("loaded: snapshot %v, error %v", s, err)
			}
			got := err.Error() + "\n"
			golden := file + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

const oneIdentity = `identities:
  - {serial: "0x4d2a", issuer: "CN=Test CA", ais: 999001, administrator: "12345678", agendas: [X999]}
`

const oneGrant = `grants:
  - agenda: X999
    role: XR1
    ovm: "12345678"
    ais: 999001
    environment: test            # test | production
    reference: "MV-2026/0815"
    valid: {from: 2026-01-01, to: 2027-12-31}
    services: [E198, E227, E05]
    items: [EopFoto, EopPodpis, EcdFoto]
    parameters: [media-criteria]
    limits: {working_hours: 5000/h, off_hours: 20000/h, concurrent: 20, when_redis_is_down: share}
`

// A code may be written with either letter at its end.
func TestAGrantCoversAServiceInEitherSpelling(t *testing.T) {
	s := mustLoad(t, strings.Replace(oneGrant, "E05]", "E67A, E252a]", 1), "")
	for _, code := range []string{"E67a", "E67A", "E252a", "E252A"} {
		g := s.Grants()[0]
		if _, ok := g.LimitsFor(egon.ServiceByCode(code)); !ok {
			t.Errorf("%v does not cover %s", g.Services, code)
		}
	}
}

// A decision about a service holds on both sides of the bus: its grant covers the internal
// messages of which the bus composes the service, by the first such service in the order of
// codes. A message may be listed itself.
func TestAGrantCoversInternalMessages(t *testing.T) {
	for _, tt := range []struct{ services, message, by string }{
		{"E159", "X11", "E159"},
		{"E159", "X15", ""},
		{"E172", "X15", "E172"},
		{"E172, E171", "X15", "E171"},
		{"X15", "X15", "X15"},
		{"E172, X15", "X15", "X15"},
		{"X15", "E171", ""},
	} {
		t.Run(tt.services+" and "+tt.message, func(t *testing.T) {
			s := mustLoad(t, strings.Replace(oneGrant, "E198, E227, E05", tt.services, 1), "")
			g, message := s.Grants()[0], egon.ServiceByCode(tt.message)
			got := ""
			if at := g.covering(message); at >= 0 {
				got = g.services[at]
			}
			_, covered := g.LimitsFor(message)
			if got != tt.by || covered != (tt.by != "") {
				t.Errorf("covered by %q, want %q", got, tt.by)
			}
		})
	}
}

// The policies of the page load.
func TestPoliciesOfThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```").FindAllSubmatch(page, -1)
	loaded := 0
	for _, block := range blocks {
		text := string(block[1])
		switch {
		case strings.Contains(text, "e227:"):
			continue // of brana.yaml
		case strings.HasPrefix(text, "    services:"):
			head, _, _ := strings.Cut(oneGrant, "    services:")
			text = head + text
		case strings.Contains(text, "vocabulary:"):
			text = strings.TrimSpace(text) + "\ngrants: []\n"
		}
		loaded++
		if _, err := LoadFS(mapFS("p/a.yaml", text), Config{Dir: "p", Environment: Test}); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	if loaded != 3 {
		t.Errorf("%d policies on the page, want 3", loaded)
	}
}

func TestGrantIsReadAsWritten(t *testing.T) {
	s := mustLoad(t, oneGrant, "")
	if n := len(s.Grants()); n != 1 {
		t.Fatalf("%d grants, want 1", n)
	}
	g := s.Grants()[0]
	got := fmt.Sprintf("%v %q\n%s to %s\n%v %v %v\n%+v\n%s", g, g.Reference, g.From, g.To,
		g.Services, g.Items, g.Parameters, g.Limits, g.Place)
	want := `X999/XR1/12345678/999001 in test "MV-2026/0815"
2026-01-01 00:00:00 +0100 CET to 2027-12-31 00:00:00 +0100 CET
[E198 E227 E05] [{EopFoto 0 p/grants.yaml:10:13} {EopPodpis 0 p/grants.yaml:10:22} {EcdFoto 0 p/grants.yaml:10:33}] [media-criteria]
[{Group: Working:5000 Off:20000 Concurrent:20 WhenRedisIsDown:share}]
p/grants.yaml:2:5`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grant (-want +got):\n%s", diff)
	}
}

func TestWhenRedisIsDownIsClosedByDefault(t *testing.T) {
	s := mustLoad(t, strings.Replace(oneGrant, ", when_redis_is_down: share", "", 1), "")
	if got := s.Grants()[0].Limits[0].WhenRedisIsDown; got != Closed {
		t.Errorf("when_redis_is_down = %q, want closed", got)
	}
}

// A policy is all *.yaml files of a directory. The mistakes of all of them are reported
// together.
func TestDirectory(t *testing.T) {
	later := strings.Replace(oneGrant, "from: 2026-01-01", "from: 2027-01-01", 1)
	other := strings.Replace(oneGrant, "XR1", "XR2", 1)
	tests := []struct {
		name string
		fsys fstest.MapFS
		want string // error, or the grants
	}{
		{"two files", mapFS("p/a.yaml", oneGrant, "p/b.yaml", other), "p/a.yaml:2:5 p/b.yaml:2:5"},
		{"other files and folders are left alone",
			mapFS("p/a.yaml", oneGrant, "p/README", "x", "p/.b.yaml", "x", "p/c/d.yaml",
				"x"), "p/a.yaml:2:5"},
		{"nobody may do anything", mapFS("p/a.yaml", "grants: []"), ""},
		{"overlap between files", mapFS("p/a.yaml", oneGrant, "p/b.yaml", later),
			"p/b.yaml:2:5: overlaps with the grant at p/a.yaml:2:5 for the same quadruple and environment: give them validity without a common day"},
		{"identities in a file of their own", mapFS("p/a.yaml", oneGrant, "p/b.yaml", oneIdentity),
			"p/a.yaml:2:5"},
		{"identities and no grants", mapFS("p/b.yaml", oneIdentity),
			"p: no *.yaml file has a list of grants: write one, with grants: [] if nobody may do anything"},
		{"certificate bound in two files",
			mapFS("p/a.yaml", oneIdentity, "p/b.yaml", "grants: []\n"+oneIdentity),
			"p/b.yaml:3:5: the certificate is bound at p/a.yaml:2:5 already: keep one"},
		{"item of AISEO declared in two files",
			mapFS("p/a.yaml", "grants: []\nvocabulary: {aiseo: [Vlastni]}",
				"p/b.yaml", "vocabulary: {aiseo: [Vlastni]}"),
			"p/b.yaml:1:22: Vlastni is declared at p/a.yaml:2:22 already: keep one"},
		{"item of AISEO declared in another file",
			mapFS("p/a.yaml", strings.Replace(oneGrant, "[EopFoto, EopPodpis, EcdFoto]",
				"{aiseo: [Vlastni]}", 1), "p/b.yaml", "vocabulary: {aiseo: [Vlastni]}"),
			"p/a.yaml:2:5"},
		{"item of AISEO in a grant with another mistake",
			mapFS("p/a.yaml", strings.NewReplacer("[EopFoto, EopPodpis, EcdFoto]",
				"{aiseo: [Vlastni]}", "XR1", "\"X 1\"").Replace(oneGrant)),
			"p/a.yaml:3:11: role is \"X 1\": write a code of letters, digits, dots, hyphens, underscores and colons, at most 15 characters\n" +
				"p/a.yaml:10:21: unknown item Vlastni of AISEO: write one of its schemas, " +
				"or declare it once in the policy with vocabulary: {aiseo: [Vlastni]}"},
		{"wrong extension", mapFS("p/a.yaml", oneGrant, "p/b.yml", other),
			"p/b.yml: this file is not read: rename it to .yaml, or remove it"},
		{"no file", mapFS("p/a.txt",
			""), "p: no *.yaml file has a list of grants: write one, with grants: [] if nobody may do anything"},
		{"no directory", mapFS("q/a.yaml", oneGrant),
			"p: read the directory of grants: open p: file does not exist"},
		{"two bad files", mapFS("p/a.yaml", "", "p/b.yaml", "[]"),
			"p/a.yaml:1:1: the file is empty: write grants: []\n" +
				"p/b.yaml:1:1: the file is a list: write it as a mapping with the keys grants, identities, vocabulary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := LoadFS(tt.fsys, Config{Dir: "p", Environment: Test})
			var got []string
			if err != nil {
				got = append(got, err.Error())
			} else {
				for _, g := range s.Grants() {
					got = append(got, g.Place.String())
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("LoadFS (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigMistakes(t *testing.T) {
	fsys := mapFS("p/a.yaml", "grants: []")
	tests := []struct {
		c    Config
		want string
	}{
		{Config{Dir: "p"}, `environment is "": write test or production`},
		{Config{Dir: "p", Environment: "Test"}, `environment is "Test": write test or production`},
		{Config{Dir: "p", Environment: Test, MatrixFile: "m.csv"}, "m.csv: file does not exist"},
	}
	for _, tt := range tests {
		if _, err := LoadFS(fsys, tt.c); err == nil || err.Error() != tt.want {
			t.Errorf("LoadFS(%+v) = %v, want %s", tt.c, err, tt.want)
		}
	}
}

// Load and LoadFS read the same.
func TestLoadReadsFromDisk(t *testing.T) {
	dir := t.TempDir()
	matrix := header + "\r\nX999,XR1,12345678,Jmeno,101-1-2\r\n"
	for name, text := range map[string]string{"p/a.yaml": oneGrant, "m.csv": matrix} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	disk, err := Load(Config{Dir: filepath.Join(dir, "p"), MatrixFile: filepath.Join(dir, "m.csv"),
		Environment: Test})
	if err != nil {
		t.Fatal(err)
	}
	memory, err := LoadFS(mapFS("p/a.yaml", oneGrant, "m.csv", matrix),
		Config{Dir: "p", MatrixFile: "m.csv", Environment: Test})
	if err != nil {
		t.Fatal(err)
	}
	if disk.Version() != memory.Version() {
		t.Errorf("versions %s and %s, want the same", disk.Version(), memory.Version())
	}
	if got, want := disk.Counts(), (Counts{Grants: 1, Rows: 1, Pairs: 1}); got != want {
		t.Errorf("Counts() = %+v, want %+v", got, want)
	}
	if d := time.Since(disk.Loaded()); d < 0 || d > time.Hour {
		t.Errorf("loaded %v ago", d)
	}
}

// The version follows the content.
func TestVersion(t *testing.T) {
	version := func(env Environment, pairs ...string) string {
		s, err := LoadFS(mapFS(pairs...), Config{Dir: "p", MatrixFile: "m.csv", Environment: env})
		if err != nil {
			t.Fatal(err)
		}
		return s.Version()
	}
	const row = header + "\nX999,XR1,12345678,Jmeno,"
	first := version(Test, "p/a.yaml", oneGrant, "m.csv", row)
	if again := version(Test, "p/a.yaml", oneGrant, "m.csv", row); again != first {
		t.Errorf("same content: %s, then %s", first, again)
	}
	if len(first) != 12 {
		t.Errorf("version %q has %d digits, want 12", first, len(first))
	}
	for what, other := range map[string]string{
		"environment": version(Production, "p/a.yaml", oneGrant, "m.csv", row),
		"grant": version(Test, "p/a.yaml", strings.Replace(oneGrant, "5000/h", "5001/h", 1),
			"m.csv", row),
		"file":   version(Test, "p/a.yaml", oneGrant, "p/b.yaml", "grants: []", "m.csv", row),
		"matrix": version(Test, "p/a.yaml", oneGrant, "m.csv", row+"101-1-2"),
	} {
		if other == first {
			t.Errorf("another %s has the same version", what)
		}
	}
}

// The report of one load is bounded, however wrong a file is.
func TestMistakesAreBounded(t *testing.T) {
	fsys := mapFS("p/a.yaml", "grants: []", "m.csv", header+"\n"+strings.Repeat("a\n", 1000))
	_, err := LoadFS(fsys, Config{Dir: "p", MatrixFile: "m.csv", Environment: Test})
	if err == nil {
		t.Fatal("loaded")
	}
	lines := strings.Split(err.Error(), "\n")
	if last := lines[len(lines)-1]; len(lines) != 101 ||
		last != "900 more mistakes: mend these first" {
		t.Errorf("%d lines, the last is %q", len(lines), last)
	}
}

// A byte order mark is not part of a file.
func TestAByteOrderMarkIsReadAsNone(t *testing.T) {
	const mark = "\ufeff"
	fsys := mapFS("p/grants.yaml", mark+oneGrant, "m.csv",
		mark+header+"\nX999,XR1,12345678,Jmeno,\n")
	s, err := LoadFS(fsys, Config{Dir: "p", MatrixFile: "m.csv", Environment: Test})
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Counts(); n.Grants != 1 || n.Rows != 1 {
		t.Errorf("%+v", n)
	}
}
