package egon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// wsdlText returns the parts of a WSDL that ReadContracts uses.
func wsdlText(action, types, address string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
 <w:types><xsd:schema>%s</xsd:schema></w:types>
 <w:binding><w:operation name="o"><soap:operation soapAction="%s"/></w:operation></w:binding>
 <w:service><w:port>%s</w:port></w:service>
</w:definitions>`, types, action, address)
}

const (
	rights     = "IszrVypisOpravneniPolozky"
	address    = `<soap:address location="IszrVypisOpravneniPolozky"/>`
	emptyXSD   = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>`
	importOf   = `<xsd:import namespace="urn:a" schemaLocation="%s"/>`
	schemaOf   = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:%s schemaLocation="%s"/></xs:schema>`
	gatewayURL = "https://brana.example.cz:8443/publikace/E227"
)

func folderOf(files ...string) fstest.MapFS {
	folder := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		folder[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return folder
}

// A WSDL belongs to the service of its soapAction. Its references lead to the schemas as
// they are served, its addresses to the gateway, and nothing else in it is changed.
func TestContracts(t *testing.T) {
	c, err := ReadContracts(folderOf(
		"egon/wsdl/whatever.WSDL", wsdlText(rights, fmt.Sprintf(importOf, "../xsd/a b.xsd")+`<xsd:include
			schemaLocation = '../../Reg.xsd' id="x"/><!-- schemaLocation="no.xsd" -->`+fmt.Sprintf(importOf, "http://example.org/gml.xsd"),
			address+`<soap:address location='x="y'/>`),
		"egon/xsd/a b.xsd", fmt.Sprintf(schemaOf, "include", "sub/b.xsd"),
		"egon/xsd/sub/b.xsd", fmt.Sprintf(schemaOf, "redefine", "../a%20b.xsd"),
		"Reg.xsd", "\ufeff"+emptyXSD,
		"unused.xsd", emptyXSD,
		"egon/wsdl/foreign.wsdl", wsdlText("IszrAsyncPushOdpovedZFronty",
			fmt.Sprintf(importOf, "missing.xsd"), address),
	))
	if err != nil {
		t.Fatal(err)
	}
	if services, schemas, foreign := c.Counts(); services != 1 || schemas != 3 || foreign != 1 {
		t.Errorf("%d services, %d schemas, %d foreign", services, schemas, foreign)
	}
	doc := c.AppendWSDL(nil, ServiceByCode("E227"), gatewayURL)
	want := wsdlText(rights, fmt.Sprintf(importOf, "wsdl/egon/xsd/a%20b.xsd")+`<xsd:include
			schemaLocation = 'wsdl/Reg.xsd' id="x"/><!-- schemaLocation="no.xsd" -->`+fmt.Sprintf(importOf, "http://example.org/gml.xsd"),
		`<soap:address location="`+gatewayURL+`"/><soap:address location='`+gatewayURL+`'/>`)
	if string(doc) != want {
		t.Errorf("got\n%s\nwant\n%s", doc, want)
	}
	if got := string(c.Schema("Reg.xsd")); got != "\ufeff"+emptyXSD {
		t.Errorf("Reg.xsd is %q", got)
	}
	for _, path := range []string{"egon/xsd/a%20b.xsd", "egon/xsd/sub/b.xsd"} {
		if c.Schema(path) == nil {
			t.Errorf("there is no %s", path)
		}
	}
	for _, path := range []string{"", "egon/xsd/a b.xsd", "unused.xsd", "./Reg.xsd",
		"egon/../Reg.xsd", "egon/wsdl/whatever.WSDL", "missing.xsd"} {
		if c.Schema(path) != nil {
			t.Errorf("there is a schema %q", path)
		}
	}
	if c.AppendWSDL(nil, ServiceByCode("E198"), gatewayURL) != nil {
		t.Error("there is a WSDL of E198")
	}
}

// The error names each wrong file with its fault.
func TestContractsAreRead(t *testing.T) {
	with := func(types string, more ...string) fstest.MapFS {
		return folderOf(append([]string{"egon/wsdl/a.wsdl", wsdlText(rights, types, address)},
			more...)...)
	}
	var large strings.Builder
	for large.Len() <= mostContractFile {
		large.WriteString("<!--" + strings.Repeat(" ", 1<<20) + "-->")
	}
	for _, c := range []struct {
		name   string
		folder fstest.MapFS
		wants  []string
	}{
		{"no WSDL", folderOf("a.xsd", emptyXSD), []string{"no file *.wsdl"}},
		{"none of the catalogue", folderOf("a.wsdl", wsdlText("Jina", "", address)),
			[]string{"no file *.wsdl in it is of a service"}},
		{"missing schemas", with(fmt.Sprintf(importOf, "x.xsd") + fmt.Sprintf(importOf, "y.xsd")),
			[]string{
				"egon/wsdl/x.xsd", "egon/wsdl/y.xsd", "egon/wsdl/a.wsdl refers to it"}},
		{"missing schema of a schema", with(fmt.Sprintf(importOf, "x.xsd"), "egon/wsdl/x.xsd",
			fmt.Sprintf(schemaOf, "import", "z.xsd")), []string{
			"egon/wsdl/z.xsd", "egon/wsdl/x.xsd refers to it"}},
		{"out of the folder", with(fmt.Sprintf(importOf, "../../../etc/passwd")),
			[]string{"egon/wsdl/a.wsdl", `"../../../etc/passwd" leads out`}},
		{"absolute path", with(fmt.Sprintf(importOf, "/etc/passwd")),
			[]string{"egon/wsdl/a.wsdl", `"/etc/passwd" is neither`}},
		{"query", with(fmt.Sprintf(importOf, "a?xsd=1")), []string{`"a?xsd=1" is neither`}},
		{"schema is a folder", with(fmt.Sprintf(importOf, "../wsdl")),
			[]string{"egon/wsdl is no regular file"}},
		{"schema is no XML", with(fmt.Sprintf(importOf, "x.xsd"), "egon/wsdl/x.xsd", "<a"),
			[]string{"egon/wsdl/x.xsd", "egon/wsdl/a.wsdl refers to it"}},
		{"schema with a DOCTYPE", with(fmt.Sprintf(importOf, "x.xsd"), "egon/wsdl/x.xsd",
			"<!DOCTYPE a><a/>"), []string{"egon/wsdl/x.xsd"}},
		{"schema in another encoding", with(fmt.Sprintf(importOf, "x.xsd"), "egon/wsdl/x.xsd",
			`<?xml version="1.0" encoding="windows-1250"?><a/>`), []string{"egon/wsdl/x.xsd"}},
		{"WSDL is no XML", with("<a"), []string{"egon/wsdl/a.wsdl"}},
		{"two of one service", with("", "b.wsdl", wsdlText(rights, "", address)),
			[]string{"b.wsdl and egon/wsdl/a.wsdl are both of E227", rights}},
		{"no address", folderOf("a.wsdl", wsdlText(rights, "", "")),
			[]string{"a.wsdl: there is no soap:address"}},
		{"too large", with(fmt.Sprintf(importOf, "x.xsd"), "egon/wsdl/x.xsd",
			large.String()+"<a/>"), []string{"egon/wsdl/x.xsd has ", "more than 4194304"}},
	} {
		_, err := ReadContracts(c.folder)
		for _, want := range c.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.name, err, want)
			}
		}
	}
}

// A folder on disk is confined: links may lead inside it, not out of it.
func TestContractsAreConfined(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret.xsd")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(outside, emptyXSD)
	write(filepath.Join(dir, "a.wsdl"), wsdlText(rights, fmt.Sprintf(importOf, "x.xsd"), address))
	write(filepath.Join(dir, "inside.xsd"), emptyXSD)
	read := func(target string) error {
		t.Helper()
		link := filepath.Join(dir, "x.xsd")
		_ = os.Remove(link) // the first time there is none
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		_, err = ReadContracts(root.FS())
		return err
	}
	if err := read("inside.xsd"); err != nil {
		t.Errorf("a link within the folder: %v", err)
	}
	for _, target := range []string{outside, "../" + filepath.Base(filepath.Dir(outside)) +
		"/secret.xsd"} {
		if err := read(target); err == nil || !strings.Contains(err.Error(), "x.xsd") {
			t.Errorf("a link to %s: %v", target, err)
		}
	}
}
