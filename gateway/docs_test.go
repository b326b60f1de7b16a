package gateway

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the generated pages")

func TestGeneratedDocs(t *testing.T) {
	for name, page := range map[string]string{"refusals.md": refusalsPage()} {
		file := filepath.Join("..", "docs", name)
		if *update {
			if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(page, string(got)); diff != "" {
			t.Errorf("%s is not what the code says; run make docs (-code +page):\n%s", file, diff)
		}
	}
}

// The comment of the package says of every file what it holds.
func TestThePackageNamesItsFiles(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{"doc": true}
	for _, line := range regexp.MustCompile(`(?m)^//   - ([^:]+):`).FindAllSubmatch(doc, -1) {
		for name := range strings.SplitSeq(string(line[1]), ", ") {
			named[name] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".go")
		if !named[name] && !strings.HasSuffix(name, "_test") {
			t.Errorf("doc.go does not name %s", file)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("doc.go names %s, which is no file", name)
	}
}

// The page for callers says of every kind what to do.
func TestCallersAreToldOfEveryKind(t *testing.T) {
	page, err := os.ReadFile("../docs/integrating.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[int]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| BR_[^|]*\|`).FindAllString(string(page), -1) {
		for _, n := range regexp.MustCompile(`BR_(\d+)(?: to BR_(\d+))?`).FindAllStringSubmatch(row, -1) {
			first, _ := strconv.Atoi(n[1])
			last, _ := strconv.Atoi(n[2]) // 0 of a single number
			for number := first; number <= max(first, last); number++ {
				told[number] = true
			}
		}
	}
	for _, k := range Kinds() {
		if !told[k.Number] {
			t.Errorf("the table of refusals in integrating.md lacks BR_%d, %s", k.Number, k.Code)
		}
	}
}

func refusalsPage() string {
	var b strings.Builder
	b.WriteString(`# Refusals

Generated from the table in ` + "`gateway/refusals.go`" + ` by ` + "`make docs`" + `.

Every refusal is of one of these kinds. Its code is the ` + "`outcome`" + ` in the log, the
` + "`kind`" + ` of ` + "`brana_refusals_total`" + `, and the detail of a SOAP Fault. VysledekPopis, or the
faultstring, begins with ` + "`BR_nnn: `" + ` and says in Czech what failed and what to do.

With ` + "`status_mode: egon`" + ` a kind with a VysledekSubKod is an ordinary reply of the called
service with status CHYBA and HTTP 200. A kind without one is a SOAP Fault with HTTP 500. With
` + "`status_mode: http`" + ` the body is the same, and the HTTP status is the one of the table. In
both modes a request that is no POST has HTTP 405, and plain HTTP on the port of TLS 400.

NENI K DISPOZICI has ` + "`Retry-After`" + ` in seconds. Every refusal after the decision on limits has
` + "`RateLimit`" + ` and ` + "`RateLimit-Policy`" + `.

| code | BR | VysledekSubKod | HTTP | says, when it has nothing more exact |
|---|---|---|---|---|
`)
	for _, k := range Kinds() {
		sub := k.SubKod
		if sub == "" {
			sub = "(Fault " + string(k.Fault) + ")"
		}
		fmt.Fprintf(&b, "| %s | %03d | %s | %d | %s |\n", k.Code, k.Number, sub, k.Status, k.Popis)
	}
	b.WriteString("\n## What to do\n")
	for _, k := range Kinds() {
		b.WriteString(wrapped(fmt.Sprintf("- **%s** (BR_%03d): %s", k.Code, k.Number, k.Help)))
	}
	return b.String()
}

// wrapped is an item of a list, in lines of 110 columns at most.
func wrapped(item string) string {
	var b strings.Builder
	line := ""
	for word := range strings.FieldsSeq(item) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > 110:
			b.WriteString(line + "\n")
			line = "  " + word
		default:
			line += " " + word
		}
	}
	return b.String() + line + "\n"
}

// The numbers and codes are for ever: callers' programs match them.
func TestKindsAreDistinctAndComplete(t *testing.T) {
	codes, numbers := map[string]bool{}, map[int]bool{}
	for _, k := range Kinds() {
		if codes[k.Code] || numbers[k.Number] {
			t.Errorf("%s (%d) is there twice", k.Code, k.Number)
		}
		codes[k.Code], numbers[k.Number] = true, true
		if k.Popis == "" || k.Help == "" || k.Status < 400 || (k.SubKod == "") == (k.Fault == "") {
			t.Errorf("%s is not complete: %+v", k.Code, k)
		}
	}
}
