package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder is looked at as Open would find it, and nothing in it changes.
func TestAFolderIsProbed(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, dir string)
		want string // in the error; empty: it is fit
	}{
		{"missing", func(*testing.T, string) {}, ""},
		{"empty", func(t *testing.T, dir string) { folderAt(t, dir) }, ""},
		{"a journal", func(t *testing.T, dir string) { closed(t, opened(t, Config{Dir: dir})) }, ""},
		{"a file", func(t *testing.T, dir string) { folderAt(t, filepath.Dir(dir)); fileAt(t, dir, "x") }, "is no folder: name one"},
		{"below a file", func(t *testing.T, dir string) { fileAt(t, filepath.Dir(dir), "x") }, "not a directory"},
		{"a foreign file", func(t *testing.T, dir string) {
			folderAt(t, dir)
			fileAt(t, filepath.Join(dir, "notes.txt"), "x")
		}, "notes.txt"},
		{"a newer format", func(t *testing.T, dir string) {
			closed(t, opened(t, Config{Dir: dir}))
			segment := filepath.Join(dir, segmentName(1))
			text, err := os.ReadFile(segment)
			if err != nil {
				t.Fatal(err)
			}
			fileAt(t, segment, strings.Replace(string(text), `"format":1`, `"format":9`, 1))
		}, "format 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "parent", "audit")
			folderAt(t, filepath.Dir(filepath.Dir(dir)))
			tt.make(t, dir)
			probe, err := ProbeFolder(dir)
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if probe.Holder != "" {
				t.Errorf("it is held by %s", probe.Holder)
			}
		})
	}
}

// While somebody writes there, the folder says who.
func TestAProbeNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, Config{Dir: dir, Gateway: "g7"})
	probe, err := ProbeFolder(dir)
	if err != nil || !probe.Writes("g7") || probe.Writes("g") {
		t.Errorf("held by %q, %v", probe.Holder, err)
	}
	closed(t, j)
	if probe, err := ProbeFolder(dir); err != nil || probe.Holder != "" {
		t.Errorf("after its end: held by %q, %v", probe.Holder, err)
	}
	closed(t, opened(t, Config{Dir: dir})) // the probe holds nothing
}

func folderAt(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

func fileAt(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
