package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/config.md is written from the example that is built in; -update writes
// it anew.
func TestGeneratedDocs(t *testing.T) {
	const file = root + "/docs/config.md"
	page := "# Configuration\n\n" +
		"Generated from `cmd/brana/example.yaml` by `make docs`; `brana check --example` prints the same file.\n\n" +
		"`brana serve -c brana.yaml` reads it at its start. Every key is optional but `upstreams`, `routes` and `policy`, and\n" +
		"what is left out has the value below. Paths are relative to the file. An unknown key or a wrong value ends the start\n" +
		"with its place; `brana check -c brana.yaml` tells the same without serving. The grants, identities and matrix of `policy`\n" +
		"and the certificates are read again on SIGHUP, the rest is not.\n\n" +
		"```yaml\n" + string(exampleConfig) + "```\n"
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page, string(got)); diff != "" {
		t.Errorf("docs/config.md differs; write it with -update (-want +got):\n%s", diff)
	}
}

// Every relative link of every page leads to a file, and its anchor to a
// heading of that file.
func TestLinksOfThePages(t *testing.T) {
	for _, file := range pages(t) {
		for _, link := range links(t, file) {
			path, anchor, _ := strings.Cut(link, "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link to %s: %v", file, link, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(t, target), anchor) {
				t.Errorf("%s: link to %s: no heading has this anchor", file, link)
			}
		}
	}
}

// Every page of docs is in its index.
func TestIndexOfTheDocs(t *testing.T) {
	indexed := links(t, filepath.Join(root, "docs", "README.md"))
	for _, file := range pages(t) {
		name := filepath.Base(file)
		if filepath.Dir(file) == filepath.Join(root, "docs") && name != "README.md" && !slices.Contains(indexed, name) {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

// No page has a heading twice: of two equal anchors one would lead nowhere.
func TestHeadingsAreDistinct(t *testing.T) {
	for _, file := range pages(t) {
		seen := map[string]bool{}
		for _, anchor := range anchors(t, file) {
			if seen[anchor] {
				t.Errorf("%s: the heading #%s is there twice", file, anchor)
			}
			seen[anchor] = true
		}
	}
}

// pages are all Markdown files of the repository.
func pages(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".md") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	return files
}

// prose are the lines of a page outside its code blocks.
func prose(t *testing.T, file string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	code := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "```") {
			code = !code
		} else if !code {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

var (
	inlineLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan   = regexp.MustCompile("`[^`]*`")
	notInSlug  = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// links are the relative links of a page.
func links(t *testing.T, file string) (all []string) {
	t.Helper()
	for _, line := range prose(t, file) {
		for _, m := range inlineLink.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
			if !strings.Contains(m[1], "://") {
				all = append(all, m[1])
			}
		}
	}
	return all
}

// anchors are the names that a forge gives to the headings of a page.
func anchors(t *testing.T, file string) (all []string) {
	t.Helper()
	for _, line := range prose(t, file) {
		if marks, heading, ok := strings.Cut(line, " "); ok && marks != "" && strings.Trim(marks, "#") == "" {
			all = append(all, strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-"))
		}
	}
	return all
}
