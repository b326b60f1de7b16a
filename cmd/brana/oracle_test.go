package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"brana/egon"
)

// schemaOf is the schema of a service, below the folder of schemas.
func schemaOf(code string) string {
	s := egon.ServiceByCode(code)
	if folder := messageFolders[s.Publisher]; folder != "" {
		return folder + strings.Replace(s.Request, "Sync", "", 1) + ".xsd"
	}
	return "egon/xsd/" + s.Action + ".xsd"
}

// messageFolders have the schemas of the internal messages of publishers, each in a file
// named after its request element.
var messageFolders = map[string]string{
	"aiseo": "aiseo/xsd/",
	"eop":   "aiseop/xsd/",
	"ecd":   "aisecd/xsd/",
}

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

// schemaFile is where the schema of a service is. What E172 imports, X13, uses a type
// that the official schemas do not declare; it is mended in a copy.
func (o *oracle) schemaFile(t *testing.T, code string) string {
	t.Helper()
	if code != "E172" && code != "X13" {
		return schemaOf(code)
	}
	tree := t.TempDir()
	if err := os.CopyFS(tree, os.DirFS(o.schemas)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(tree, "aiseo/xsd/AiseoCtiPodleUdaju2.xsd")
	text := strings.ReplaceAll(string(read(t, file)), "aiseo:MistoNarozeniType", "xs:string")
	if err := os.Remove(file); err != nil { // the copy is as read-only as the original
		t.Fatal(err)
	}
	write(t, file, text)
	return filepath.Join(tree, schemaOf(code))
}

// validate reports the offences of a document against a schema.
func (o *oracle) validate(t *testing.T, schema string, doc []byte) {
	t.Helper()
	o.validateAll(t, schema, map[string][]byte{"document": doc})
}

// validateAll reports the offences of documents against a schema. It lets pass the
// VysledekSubKod that the description of E227 demands and the schema lacks.
func (o *oracle) validateAll(t *testing.T, schema string, docs map[string][]byte) {
	t.Helper()
	if !filepath.IsAbs(schema) {
		schema = filepath.Join(o.schemas, schema)
	}
	args := []string{"--noout", "--nonet", "--schema", schema}
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

// A replyArchive keeps replies and messages until all are validated at once.
type replyArchive struct{ docs map[string]map[string][]byte } // by service or step, by content

func (a *replyArchive) keep(name, what string, doc []byte) {
	if a.docs == nil {
		a.docs = map[string]map[string][]byte{}
	}
	if a.docs[what] == nil {
		a.docs[what] = map[string][]byte{}
	}
	a.docs[what][fmt.Sprintf("%s %d", name, len(a.docs[what]))] = doc
}

// stepSchemas are the official schemas of messages to registries whose file has another name.
var stepSchemas = map[string]string{
	"G27": "org/xsd/OrgRozhrani.xsd", "G02": "org/xsd/OrgRozhrani.xsd", "A28": "ruian/xsd/cti_pro_rob/CtiProRob.xsd",
}

func (a *replyArchive) validate(t *testing.T) {
	o := newOracle(t)
	for what, docs := range a.docs {
		schema := stepSchemas[what]
		switch {
		case schema != "":
		case strings.HasPrefix(what, "O"):
			schema = o.robEnvelope(t)
		default:
			schema = o.schemaFile(t, what)
		}
		o.validateAll(t, schema, docs)
	}
}

// robEnvelope is the assumed schema of ROB's envelope, around official data. The
// real one is not published.
func (o *oracle) robEnvelope(t *testing.T) string {
	t.Helper()
	schemas, err := filepath.Abs(o.schemas)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rob-envelope.xsd")
	write(t, file, strings.ReplaceAll(string(read(t, root+"/egon/testdata/rob-envelope.xsd")), "SCHEMAS", schemas))
	return file
}
