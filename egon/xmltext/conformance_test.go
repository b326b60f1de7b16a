package xmltext

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shared returns the path of a reference file. Those are no part of this repository.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("BRANA_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("BRANA_REQUIRE_SHARED") == "1" {
			t.Fatalf("open reference file: %v", err)
		}
		t.Skipf("no reference file %s: set BRANA_SHARED", name)
	}
	return path
}

// Verdicts of two sorts do not hold for a gateway. Documents of the first declare XML
// 1.1 and use nothing of it. A processor of XML 1.0 may accept them, but a parser
// behind the gateway would read them as XML 1.1. newer is their number.
const newer = 24

// The misjudged documents have "<!DOCTYPE" in content. Their verdicts are those of
// documents with a document type declaration.
var misjudged = map[string]bool{
	"oasis/p16pass1.xml": true, // in an instruction
	"oasis/p18pass1.xml": true, // in a CDATA section
}

// The scanner judges the W3C conformance suite as a gateway does that knows neither
// document types nor encodings other than UTF-8.
func TestConformance(t *testing.T) {
	verdicts, err := os.ReadFile(shared(t, "xmlconf/verdicts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	suite, err := zip.OpenReader(shared(t, "xmlconf/xmlts20130923.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	s := NewScanner(DefaultBounds())
	count := map[string]int{}
	for row, line := range strings.Split(strings.TrimSpace(string(verdicts)), "\n")[1:] {
		col := strings.Split(line, "\t")
		path, verdict, why := col[0], col[1], col[2]
		f, err := suite.Open("xmlconf/" + path)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, s, doc, whole)
		random := rand.New(rand.NewPCG(uint64(row), uint64(len(doc))))
		for name, cut := range map[string]func(int) int{
			"byte by byte":    func(int) int { return 1 },
			"at random":       func(left int) int { return 1 + random.IntN(left+1) },
			"in small pieces": func(int) int { return 1 + random.IntN(16) },
		} {
			again := read(t, s, doc, cut)
			if diff := sameReading(got, again); diff != "" {
				t.Errorf("%s: %s differs: %s", path, name, diff)
			}
		}
		switch {
		case misjudged[path]:
			verdict, why = "accept", "misjudged"
		case verdict == "accept" && bytes.HasPrefix(doc, []byte(`<?xml version="1.1"`)):
			verdict, why = "reject", "version"
		}
		switch {
		case (got.Err == nil) != (verdict == "accept"):
			t.Errorf("%s: want %s (%s), got %v at %d", path, verdict, why, got.Err, got.Offset)
		case why == "encoding" && got.Err != ErrEncoding && got.Err != ErrVersion,
			why == "version" && got.Err != ErrVersion:
			t.Errorf("%s: want it refused for its %s, got %v at %d", path, why, got.Err, got.Offset)
		case verdict == "reject":
			why += ", refused because: " + got.Err.Error()
		}
		count[verdict+" "+why]++
	}
	if n := count["reject version, refused because: "+ErrVersion.Error()]; n != newer {
		t.Errorf("%d documents that declare XML 1.1 contradict their verdicts, want %d", n, newer)
	}
	if n := count["accept misjudged"]; n != len(misjudged) {
		t.Errorf("%d misjudged documents, want %d", n, len(misjudged))
	}
	if total := sum(count); total != 2942 {
		t.Errorf("judged %d documents, want all 2942", total)
	}
	for _, what := range slices.Sorted(maps.Keys(count)) {
		t.Log(count[what], what)
	}
}

func sum(count map[string]int) (total int) {
	for _, n := range count {
		total += n
	}
	return total
}
