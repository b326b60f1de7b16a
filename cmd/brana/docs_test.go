package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/config.md is written from the example that is built in; -update writes
// it anew.
func TestGeneratedDocs(t *testing.T) {
	const file = root + "/docs/config.md"
	page := "# Configuration\n\n" +
		"Generated from `cmd/brana/example.yaml` by `make docs`; `brana check --example` prints the same file.\n\n" +
		"`brana serve -c brana.yaml` reads it at its start. Every key is optional but `upstreams`, `routes` and `policy`, and\n" +
		"what is left out has the value below. Paths are relative to the file. An unknown key or a wrong value ends the start\n" +
		"with its place; `brana check -c brana.yaml` tells the same without serving. The grants, identities and matrix of `policy`\n" +
		"and the certificates are read again on SIGHUP, the rest is not.\n\n" +
		"```yaml\n" + string(exampleConfig) + "```\n"
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page, string(got)); diff != "" {
		t.Errorf("docs/config.md differs; write it with -update (-want +got):\n%s", diff)
	}
}
