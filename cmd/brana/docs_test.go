package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"brana/gateway/metrics"
)

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
		inDocs := filepath.Dir(file) == filepath.Join(root, "docs") && name != "README.md"
		if inDocs && !slices.Contains(indexed, name) {
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

// Each direct dependency has a line in docs/decisions.md that says why.
func TestEveryDependencyHasItsReason(t *testing.T) {
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := os.ReadFile(filepath.Join(root, "docs", "decisions.md"))
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllSubmatch(module, -1)
	if len(direct) == 0 {
		t.Error("go.mod has no direct dependency")
	}
	for _, m := range direct {
		name := strings.TrimPrefix(string(m[1]), "github.com/")
		if !bytes.Contains(reasons, []byte(name)) {
			t.Errorf("docs/decisions.md has no line for %s", name)
		}
	}
}

// Every row of a table has the cells of its heading: a bar within a cell would
// cut it in two, and is written \|.
func TestTablesOfThePages(t *testing.T) {
	for _, file := range pages(t) {
		cells := 0
		for _, line := range prose(t, file) {
			if !strings.HasPrefix(line, "|") {
				cells = 0
				continue
			}
			n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
			if cells == 0 {
				cells = n
			}
			if n != cells {
				t.Errorf("%s: a row of %d bars in a table of %d: %.60s…", file, n, cells, line)
			}
		}
	}
}

// Every file, folder and test that a page names is there.
func TestPathsOfThePages(t *testing.T) {
	const folders = `(?:audit|bench|cmd|deploy|disktest|docs|egon|gateway|limits|policy|socket|upstream)`
	path := regexp.MustCompile("`(" + folders + `/[\w./-]+)` + "`")
	test := regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z]\\w+)`")
	tests := testsOfTheHouse(t)
	for _, file := range pages(t) {
		for _, line := range prose(t, file) {
			for _, m := range path.FindAllStringSubmatch(line, -1) {
				if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
					t.Errorf("%s names %s: %v", file, m[1], err)
				}
			}
			for _, m := range test.FindAllStringSubmatch(line, -1) {
				if !tests[m[1]] {
					t.Errorf("%s names %s, which is no test", file, m[1])
				}
			}
		}
	}
}

// testsOfTheHouse are the names of all tests, benchmarks and fuzz targets.
func testsOfTheHouse(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
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
		marks, heading, ok := strings.Cut(line, " ")
		if !ok || marks == "" || strings.Trim(marks, "#") != "" {
			continue
		}
		slug := notInSlug.ReplaceAllString(strings.ToLower(heading), "")
		all = append(all, strings.ReplaceAll(slug, " ", "-"))
	}
	return all
}

// No line of a page is a paragraph: prose is wrapped. Tables, code and what is
// generated from it are as wide as they must be.
func TestWidthOfThePages(t *testing.T) {
	const widest = 120
	for _, file := range pages(t) {
		for _, line := range prose(t, file) {
			if !strings.HasPrefix(line, "|") && utf8.RuneCountInString(line) > widest {
				t.Errorf("%s: a line of more than %d columns: %.60s…", file, widest, line)
			}
		}
	}
}

// Every metric that a page names is in the table of metrics.
func TestMetricsOfThePages(t *testing.T) {
	known := map[string]bool{}
	for _, m := range metrics.Table() {
		known[m.Name] = true
	}
	name := regexp.MustCompile(`\bbrana_[a-z_]+\b`)
	for _, file := range pages(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllString(string(text), -1) {
			if !known[m] && !known[strings.TrimSuffix(m, "_count")] {
				t.Errorf("%s: there is no metric %s", file, m)
			}
		}
	}
}

// Every message of the log is on the page that says what to watch.
func TestMessagesOfTheLog(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "watch.md"))
	if err != nil {
		t.Fatal(err)
	}
	message := regexp.MustCompile(`\.(?:Info|Warn|Error|Log|Check)\((?:[\w.]+(?:\(\))?, )?"([^":,]+)`)
	found := 0
	for dir, files := range packages(t) {
		if strings.HasPrefix(dir, "bench/") {
			continue
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range message.FindAllSubmatch(text, -1) {
				found++
				said := strings.TrimSpace(string(m[1]))
				if !bytes.Contains(page, []byte("`"+said)) && !bytes.Contains(page, []byte(`"`+said+`"`)) {
					t.Errorf("%s: docs/watch.md lacks the message %q", file, said)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("found only %d messages", found)
	}
}
