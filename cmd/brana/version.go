package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

// version is set when a release is linked. When it is empty, the build's own
// information is shown.
var version = ""

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(io stdio) error {
	_, err := fmt.Fprintln(io.out, versionText())
	return err
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// commit is the commit that the program was built from, as the Go tool or the
// release recorded it.
func commit() string {
	revision, changed := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = ", with changes"
			}
		}
	}
	if revision != "" {
		return revision + changed
	}
	return cmp.Or(version, "unknown (built without version control information)")
}
