package egon

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with testdata/name.golden.xml.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.xml")
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(breakTags(want), breakTags(append(got, '\n'))); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

// breakTags puts each tag on its own line, for a readable difference.
func breakTags(doc []byte) string {
	return strings.ReplaceAll(string(doc), "><", ">\n<")
}

// payload returns the child of Body. The writers declare on it all that it uses, so it
// stands alone.
func payload(doc []byte) []byte {
	doc = bytes.TrimPrefix(doc, []byte(soapOpen))
	return bytes.TrimSuffix(doc, []byte(soapClose))
}

// An oracle validates against the official schemas.
type oracle struct {
	schemas string
	work    string
	env     []string
}

// newOracle skips the test without xmllint or the schemas.
func newOracle(t *testing.T) *oracle {
	t.Helper()
	shared := sharedFolder(t)
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("BRANA_REQUIRE_SHARED") == "1" {
			t.Fatal("BRANA_REQUIRE_SHARED=1 but there is no xmllint")
		}
		t.Skip("xmllint is not installed: nothing to validate with")
	}
	schemas, err := filepath.Abs(filepath.Join(shared, "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{schemas: schemas, work: t.TempDir()}
	// Some schemas include GML from the web; the set holds a copy of it.
	catalog := filepath.Join(o.work, "catalog.xml")
	gml := "file://" + filepath.Join(schemas, "common/gml/3.2.1/local/gml.xsd")
	text := fmt.Sprintf(`<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">`+
		`<uri name="http://schemas.opengis.net/gml/3.2.1/gml.xsd" uri=%q/></catalog>`, gml)
	if err := os.WriteFile(catalog, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o.env = append(os.Environ(), "XML_CATALOG_FILES="+catalog)
	return o
}

// complaints returns the errors of doc by a schema. The schema is a path below schemas or
// an absolute one.
func (o *oracle) complaints(schema string, doc []byte) []string {
	if !filepath.IsAbs(schema) {
		schema = filepath.Join(o.schemas, schema)
	}
	cmd := exec.Command("xmllint", "--noout", "--nonet", "--schema", schema, "-")
	cmd.Stdin = bytes.NewReader(doc)
	cmd.Env = o.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, " error : ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if lines == nil {
		lines = []string{stderr.String()}
	}
	return lines
}

func (o *oracle) validate(t *testing.T, schema string, doc []byte) {
	t.Helper()
	for _, line := range o.complaints(schema, doc) {
		t.Error(line)
	}
}

// headerAlone returns nil if the response element of s may hold nothing but its header by
// the service's own schema file: its type extends a reply type of IszrAbstract, of which
// all but OdpovedInfo is optional, by optional elements only. It is for schemas that do
// not compile, because the published set lacks types to which they refer.
func (o *oracle) headerAlone(s *Service) error {
	data, err := os.ReadFile(filepath.Join(o.schemas, "egon/xsd", s.Action+".xsd"))
	if err != nil {
		return err
	}
	var schema struct {
		Elements []struct {
			Name string `xml:"name,attr"`
			Type string `xml:"type,attr"`
		} `xml:"element"`
		Types []struct {
			Name      string `xml:"name,attr"`
			Extension struct {
				Base     string `xml:"base,attr"`
				Elements []struct {
					Name string `xml:"name,attr"`
					Min  string `xml:"minOccurs,attr"`
				} `xml:"sequence>element"`
			} `xml:"complexContent>extension"`
		} `xml:"complexType"`
	}
	if err := xml.Unmarshal(data, &schema); err != nil {
		return err
	}
	typ := ""
	for _, e := range schema.Elements {
		if e.Name == s.Response {
			typ = e.Type[strings.IndexByte(e.Type, ':')+1:]
		}
	}
	for _, c := range schema.Types {
		if c.Name != typ {
			continue
		}
		if !strings.HasPrefix(c.Extension.Base, "abs:IszrOdpoved") {
			return fmt.Errorf("%s extends %q", typ, c.Extension.Base)
		}
		for _, e := range c.Extension.Elements {
			if e.Min != "0" {
				return fmt.Errorf("%s demands %s", typ, e.Name)
			}
		}
		return nil
	}
	return fmt.Errorf("find type %q of %s", typ, s.Response)
}

// robEnvelope returns a schema of ROB's internal envelope. It refers to the official ones
// for all content.
func (o *oracle) robEnvelope(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("testdata/rob-envelope.xsd")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(o.work, "rob-envelope.xsd")
	data = bytes.ReplaceAll(data, []byte("SCHEMAS"), []byte(o.schemas))
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// mend makes o use schemas with one text of a file replaced: what E172 imports uses a type
// that the official schemas do not declare.
func (o *oracle) mend(t *testing.T, file, old, text string) {
	t.Helper()
	tree := t.TempDir()
	folder := tree
	for part := range strings.SplitSeq(filepath.Dir(file), "/") {
		linkAll(t, strings.Replace(folder, tree, o.schemas, 1), folder, part)
		folder = filepath.Join(folder, part)
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	linkAll(t, filepath.Join(o.schemas, filepath.Dir(file)), folder, filepath.Base(file))
	whole, err := os.ReadFile(filepath.Join(o.schemas, file))
	if err != nil {
		t.Fatal(err)
	}
	mended := bytes.ReplaceAll(whole, []byte(old), []byte(text))
	if err := os.WriteFile(filepath.Join(tree, file), mended, 0o644); err != nil {
		t.Fatal(err)
	}
	o.schemas = tree
}

// linkAll links all entries of a folder but one into another folder.
func linkAll(t *testing.T, from, to, but string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == but {
			continue
		}
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}
