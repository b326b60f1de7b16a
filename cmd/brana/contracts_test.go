package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brana/cmd/brana/config"
	"brana/egon"
)

// describe is a WSDL of a service, made from the catalogue.
func describe(s *egon.Service) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:self="urn:cz:isvs:iszr:services:%[1]s:v1" xmlns:data="%[2]s" targetNamespace="urn:cz:isvs:iszr:services:%[1]s:v1">
  <w:types><xs:schema><xs:import namespace="%[2]s" schemaLocation="../xsd/%[1]s.xsd"/></xs:schema></w:types>
  <w:message name="Question"><w:part name="question" element="data:%[3]s"/></w:message>
  <w:message name="Answer"><w:part name="answer" element="data:%[4]s"/></w:message>
  <w:portType name="Door"><w:operation name="%[1]s"><w:input message="self:Question"/><w:output message="self:Answer"/></w:operation></w:portType>
  <w:binding name="Soap" type="self:Door">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <w:operation name="%[1]s"><soap:operation soapAction="%[1]s"/>
      <w:input><soap:body use="literal"/></w:input><w:output><soap:body use="literal"/></w:output></w:operation>
  </w:binding>
  <w:service name="%[1]s"><w:port name="Port" binding="self:Soap"><soap:address location="%[1]s"/></w:port></w:service>
</w:definitions>
`, s.Action, s.Namespace, s.Request, s.Response)
}

// described are the services that the gateway answers itself.
var described = []string{"E198", "E227", "E99", "E100", "E101"}

// officialFolder is laid out as the official files are: their schemas, and WSDLs
// of the services that the gateway answers itself.
func officialFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(sharedFolder(t), "schemas"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "egon/wsdl"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, code := range described {
		s := egon.ServiceByCode(code)
		write(t, filepath.Join(dir, "egon/wsdl", s.Action+".wsdl"), describe(s))
	}
	return dir
}

// The official schemas are served: those that a WSDL needs can be followed from
// it by their locations alone.
func TestOfficialSchemasAreServed(t *testing.T) {
	dir := officialFolder(t)
	w := startWorld(t, func(c *config.Config) { c.Listen.WSDL = dir })
	for _, code := range described {
		r, err := w.client.Get(w.gateway + "/" + code + "?wsdl")
		if err != nil {
			t.Fatal(err)
		}
		got, err := readReply(r)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: HTTP %d: %v", code, r.StatusCode, err)
		}
		if location, _ := find(got.root, "address").AttrValue("location"); location != w.gateway+"/"+code {
			t.Errorf("the address of %s is %q", code, location)
		}
	}
	if services, schemas, _ := w.wired.contracts.Counts(); services != len(described) || schemas < 20 {
		t.Errorf("%d services, %d schemas", services, schemas)
	}
}

// brana check counts the WSDLs that are served, and names missing files.
func TestCheckReadsTheWSDLs(t *testing.T) {
	dir := officialFolder(t)
	write(t, filepath.Join(dir, "other.wsdl"), `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>`)
	file := serveFile(t, "127.0.0.1:8090", "  # wsdl: wsdl  ", fmt.Sprintf("  wsdl: %q", dir))
	said, code := brana("check", "-c", file)
	if code != 0 || !strings.Contains(said, ", WSDLs of 5 services with ") ||
		!strings.Contains(said, "(1 WSDLs are of no service of the catalogue)") {
		t.Errorf("exit code %d, %s", code, said)
	}
	if err := os.Remove(filepath.Join(dir, "RegTypy.xsd")); err != nil {
		t.Fatal(err)
	}
	said, code = brana("check", "-c", file)
	if code != exitRefused || !strings.Contains(said, "listen.wsdl: read "+dir+": ") || !strings.Contains(said, "RegTypy.xsd: no such file") ||
		strings.Contains(said, "statat") || strings.Count(said, "RegTypy.xsd:") != 1 {
		t.Errorf("exit code %d, %s", code, said)
	}
	said, code = brana("check", "-c", serveFile(t, "127.0.0.1:8090", "  # wsdl: wsdl  ", "  wsdl: nowhere"))
	if code != exitRefused || !strings.Contains(said, "listen.wsdl: ") || !strings.Contains(said, "nowhere") {
		t.Errorf("exit code %d, %s", code, said)
	}
}
