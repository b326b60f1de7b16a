package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files and generated pages")

// changing are the parts of a reply that no two replies share, and what stands
// for them so that the schemas still hold.
var changing = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`(<(?:\w+:)?(?:CasOdpovedi|CasVytvoreni|CasExpirace)[^>]*>)[^<]*`), "${1}2026-01-01T00:00:00Z"},
	{regexp.MustCompile(`(<(?:\w+:)?IdTransakce>)[^<]*`), "${1}1"},
	{regexp.MustCompile(`(<(?:\w+:)?IszrZadostId[^>]*>)[^<]*`), "${1}00000000-0000-4000-8000-000000000000"},
	{regexp.MustCompile(`(<(?:\w+:)?AgendaZadostId[^>]*>)[^<]*`), "${1}00000000-0000-4000-8000-000000000001"},
	{regexp.MustCompile(`(<(?:\w+:)?(?:Fotka|Podpis)(?: [^>]*)?>)[^<]*`), "${1}AAAA"},
}

// golden compares the payload of a reply with testdata/replies/name.xml, where
// every tag has a line of its own.
func golden(t *testing.T, name string, r *reply) {
	t.Helper()
	text := string(r.payload())
	for _, c := range changing {
		text = c.pattern.ReplaceAllString(text, c.stands)
	}
	text = strings.ReplaceAll(strings.TrimSpace(text), "><", ">\n<") + "\n"
	file := filepath.Join("testdata/replies", name+".xml")
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

// The golden replies keep to the official schemas.
func TestGoldenRepliesAreValid(t *testing.T) {
	o := newOracle(t)
	files, err := filepath.Glob("testdata/replies/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden replies: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			service, _, _ := strings.Cut(filepath.Base(file), "-")
			doc, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o.validate(t, schemaOf(strings.ToUpper(service)), doc)
		})
	}
}
