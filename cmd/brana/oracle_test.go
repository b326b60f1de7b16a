package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Schemas of the services, below the folder of schemas.
const (
	schemaE198 = "egon/xsd/IszrAgendaMediaDataCtiPodleUdaju.xsd"
	schemaE227 = "egon/xsd/IszrVypisOpravneniPolozky.xsd"
	schemaE05  = "egon/xsd/IszrRobCtiPodleUdaju.xsd"
)

// sharedFolder is where the reference pages are, by default beside the
// repository; without them the test is skipped, unless they are required.
func sharedFolder(t testing.TB) string {
	t.Helper()
	folder := cmp.Or(os.Getenv("BRANA_SHARED"), filepath.Join(root, "../shared"))
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("BRANA_REQUIRE_SHARED") == "1" {
			t.Fatalf("BRANA_REQUIRE_SHARED=1 but there are no reference pages at %s", folder)
		}
		t.Skip("no reference examples and schemas: set BRANA_SHARED")
	}
	return folder
}

// An oracle validates against the official schemas.
type oracle struct{ schemas string }

func newOracle(t testing.TB) *oracle {
	t.Helper()
	shared := sharedFolder(t)
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("BRANA_REQUIRE_SHARED") == "1" {
			t.Fatal("BRANA_REQUIRE_SHARED=1 but xmllint is not installed")
		}
		t.Skip("xmllint is not installed: nothing to validate with")
	}
	return &oracle{filepath.Join(shared, "schemas")}
}

// validate reports what a schema has against a document.
func (o *oracle) validate(t *testing.T, schema string, doc []byte) {
	t.Helper()
	o.validateAll(t, schema, map[string][]byte{"document": doc})
}

// validateAll reports what a schema has against documents, apart from the
// VysledekSubKod that the description of E227 itself demands and the schema
// does not list.
func (o *oracle) validateAll(t *testing.T, schema string, docs map[string][]byte) {
	t.Helper()
	args := []string{"--noout", "--nonet", "--schema", filepath.Join(o.schemas, schema)}
	names := map[string]string{}
	folder := t.TempDir()
	for name, doc := range docs {
		file := filepath.Join(folder, fmt.Sprintf("%d.xml", len(names)))
		write(t, file, string(doc))
		names[file] = name
		args = append(args, file)
	}
	output, err := exec.Command("xmllint", args...).CombinedOutput()
	if err == nil {
		return
	}
	complaints := 0
	for line := range strings.Lines(string(output)) {
		file, complaint, _ := strings.Cut(line, ":")
		switch {
		case strings.Contains(line, "IszrTypy:v1}VysledekSubKod"):
			complaints++
		case strings.Contains(line, "error"):
			complaints++
			t.Errorf("%s: %s", names[file], strings.TrimSpace(complaint))
		}
	}
	if complaints == 0 {
		t.Errorf("xmllint: %v: %s", err, output)
	}
}
