package config

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write generated pages anew")

// docs/config.md is written from the example that is built in; -update writes
// it anew.
func TestGeneratedDocs(t *testing.T) {
	const file = "../../../docs/config.md"
	page := "# Configuration\n\n" +
		"Generated from `cmd/brana/config/example.yaml` by `make docs`; `brana check --example` prints the same file.\n\n" +
		"`brana serve -c brana.yaml` reads it at its start. Only `upstreams`, `routes` and `policy` are required; every\n" +
		"other key has the value below as its default. Paths are relative to the file. An unknown key or a wrong value\n" +
		"ends the start and is reported with its place; `brana check -c brana.yaml` reports the same without serving.\n" +
		"SIGHUP reads the grants, the identities and the matrix of `policy`, the certificates and the password of Redis\n" +
		"again, and nothing else.\n\n" +
		"```yaml\n" + string(Example) + "```\n"
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
