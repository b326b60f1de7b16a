package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stricter are the documents of the suite that lint judges otherwise than its
// verdicts: these two have "<!DOCTYPE" in an instruction and in a CDATA section,
// where it is content. Besides, all that declare XML 1.1 are refused.
var stricter = map[string]string{"oasis/p16pass1.xml": "accept", "oasis/p18pass1.xml": "accept"}

// lint --xml gives the verdicts of the W3C conformance suite, whole and in
// pieces.
func TestLintOfTheConformanceSuite(t *testing.T) {
	dir := filepath.Join(sharedFolder(t), "xmlconf")
	verdicts, err := os.ReadFile(filepath.Join(dir, "verdicts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	suite, err := zip.OpenReader(filepath.Join(dir, "xmlts20130923.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	rows := strings.Split(strings.TrimSpace(string(verdicts)), "\n")[1:]
	for _, row := range rows {
		path, rest, _ := strings.Cut(row, "\t")
		want, _, _ := strings.Cut(rest, "\t")
		f, err := suite.Open("xmlconf/" + path)
		if err != nil {
			t.Fatal(err)
		}
		document, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if other := stricter[path]; other != "" {
			want = other
		}
		if bytes.HasPrefix(document, []byte(`<?xml version="1.1"`)) {
			want = "reject"
		}
		for _, stream := range []bool{false, true} {
			lint := lintCmd{XML: true, Stream: stream}
			if err := lint.lint(document); (err == nil) != (want == "accept") {
				t.Errorf("%s, stream %t: want %s, got %v", path, stream, want, err)
			}
		}
	}
	if len(rows) != 2942 {
		t.Errorf("judged %d documents, want all 2942", len(rows))
	}
}
