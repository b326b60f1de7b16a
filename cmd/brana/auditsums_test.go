package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brana/audit/report"
	"brana/cmd/brana/config"
)

// The scenarios of brana audit report, refusals and export; see [TestAuditQueryScenarios].
func TestAuditSumsScenarios(t *testing.T) { auditScenarios(t, "testdata/auditsums", "audit") }

// What a caller got and was refused is what the verbs say of it afterwards.
func TestAuditSumsOfRealCalls(t *testing.T) {
	dir := t.TempDir()
	w := startWorld(t, func(c *config.Config) { c.Audit.Dir = dir })
	for _, call := range [][]string{
		{"E198", "--source", "Eop", "--items", "EopFoto Jmeno ROBCti"},
		{"E05", "--items", "Jmeno Doklad"},
		{"E05", "--role", "XR2", "--ais", "999002", "--items", "Jmeno"},
	} {
		args := []string{"--url", w.gateway, "--name", "Zoran Vosáhlo", "--born", "1977-05-03"}
		if said, _ := brana(append(append([]string{"call"}, call...), args...)...); said == "" {
			t.Fatalf("%v: no answer", call)
		}
	}
	// A refusal comes to the disk after its answer: this ends when all three are there.
	auditOutput(t, "query", "--dir", dir, "--follow", "--since", "1h", "--limit", "3")
	var r report.Report
	if err := json.Unmarshal(auditOutput(t, "report", "--dir", dir, "--json"), &r); err != nil {
		t.Fatal(err)
	}
	if s := r.Totals.Sums; s.Calls != 3 || s.Answered != 2 || s.Refused != 1 {
		t.Errorf("the report has %+v", s)
	}
	items := map[string]report.Item{}
	for _, i := range r.Totals.Items {
		items[i.Word] = i
	}
	if i := items["Jmeno"]; i.Asked != 3 || i.Returned != 2 || i.Unpermitted != 0 {
		t.Errorf("Jmeno: %+v", i)
	}
	if i := items["EopFoto"]; i.Returned != 1 {
		t.Errorf("EopFoto: %+v", i)
	}
	var refused report.Refusals
	if err := json.Unmarshal(auditOutput(t, "refusals", "--dir", dir, "--json"), &refused); err != nil {
		t.Fatal(err)
	}
	if g := refused.Groups; len(g) != 1 || g[0].Kind != "not-granted" || g[0].Example == "" ||
		!strings.Contains(g[0].Rule, "grants.yaml:") || refused.Help["not-granted"] == "" {
		t.Errorf("refused is %+v", refused)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	auditOutput(t, "report", "--dir", dir, "--html", page)
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("X999/XR1/12345678/999001")) {
		t.Errorf("the page lacks the caller: %v", err)
	}
	var document struct {
		Rows []struct{ Uzivatel, DuvodUcel, IszrZadostId string } `xml:"VyuzitiPoskytnuti"`
	}
	if err := xml.Unmarshal(auditOutput(t, "export", "--dir", dir, "--as", "e154"), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Rows) != 2 || document.Rows[1].DuvodUcel != "test" {
		t.Errorf("the export has %+v", document.Rows)
	}
}

// auditOutput is what a verb prints that finds nothing wrong.
func auditOutput(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(append([]string{"audit"}, args...), stdio{&out, &errs}); code != 0 {
		t.Fatalf("%v: exit %d: %s", args, code, &errs)
	}
	return out.Bytes()
}
