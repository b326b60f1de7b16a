package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// mayImport is the import table of the house (docs/architecture.md): for each
// package the packages of this module and the two libraries that it may
// import. Test files may import more.
var mayImport = map[string][]string{
	"egon/xmltext":      {},
	"egon":              {"egon/xmltext"},
	"egon/media":        {},
	"policy":            {"egon"},
	"limits":            {},
	"limits/ledger":     {"limits", redis},
	"limits/limitstest": {"limits"},
	"socket":            {},
	"upstream":          {"egon/xmltext", "egon", "socket", fasthttp},
	"gateway/queue":     {"egon", redis},
	"gateway/conn":      {"socket"},
	"gateway/stream":    {"egon"},
	"gateway/metrics":   {},
	"gateway/admin":     {},
	"disktest":          {},
	"audit/journal":     {},
	"audit":             {"egon", "audit/journal"},
	"audit/query":       {"audit", "audit/journal"},
	"audit/report":      {"egon", "audit", "audit/query"},
	"audit/audittest":   {"egon", "audit", "audit/journal"},
	"gateway": {"audit", "gateway/admin", "gateway/conn", "gateway/metrics", "gateway/queue", "gateway/stream", "egon/xmltext", "egon",
		"policy", "limits", fasthttp},
	"bench/registries": {"egon/xmltext", "egon", "limits", "socket", fasthttp, redis},
	"bench/load":       {"egon", "socket", fasthttp},
	"bench/stand":      {"bench/registries", redis},
	"bench/report":     {"bench/load"},
	"bench/trial":      {"bench/load", "bench/registries", "bench/report", "bench/stand"},
	"cmd/brana/config": {"egon/xmltext", "egon", "policy", "upstream", "gateway", "gateway/queue"},
	"cmd/brana": {"audit", "audit/journal", "audit/query", "audit/report", "cmd/brana/config", "egon/xmltext", "egon", "egon/media", "policy", "limits", "limits/ledger", "upstream", "gateway",
		"gateway/admin", "gateway/conn", "gateway/metrics", "gateway/queue", "bench/registries",
		"bench/stand", "bench/report", "bench/trial", "bench/load"},
}

const (
	fasthttp = "github.com/valyala/fasthttp"
	redis    = "github.com/redis/go-redis"
)

// why says what breaks when a package imports what it may not.
var why = map[string]string{
	"egon/xmltext":      "the scanner knows bytes and tokens, no domain and no transport",
	"egon":              "the language depends on its tokens alone",
	"egon/media":        "it knows ciphertext, no messages: callers of E198 import it alone",
	"policy":            "a decision is pure: it needs the language, not the wire",
	"limits":            "the rule counts keys; it knows neither XML nor callers, nor where counts are kept",
	"limits/ledger":     "the ledger counts keys; it knows neither XML nor callers",
	"limits/limitstest": "the contract of a store knows no store",
	"socket":            "a connection knows nothing of what is said over it",
	"upstream":          "clients of registries must not know who may ask, or how much",
	"gateway/queue":     "the queue keeps answers; it knows neither who may ask nor how they are made",
	"gateway/conn":      "it bounds and ends connections, and knows no message",
	"gateway/stream":    "a message is proven by what it says; who sends it, and over what, is the gateway's",
	"gateway/metrics":   "metrics take values, which the counting package hands over",
	"gateway/admin":     "what operators see and order comes through interfaces of its own",
	"disktest":          "a disk that fails knows nothing of those who write to it",
	"audit/journal":     "it keeps lines, and knows nothing of what they say",
	"audit":             "a record says what is in a call; who decided, and over what it came, are words of it",
	"audit/query":       "questions are asked of what was written, and of nobody who writes",
	"audit/report":      "it sums what was read; what was declared, and what a kind means, is given to it",
	"audit/audittest":   "a journal for tests is written as a gateway writes it, without one",
	"gateway":           "the pipeline speaks to upstreams through its own interfaces",
	"bench/registries":  "simulated registries that know the gateway would not be honest",
	"bench/load":        "a generator that knows the gateway would not be honest",
	"bench/stand":       "what is measured is started and asked from outside",
	"bench/report":      "a report shows what was measured, and measures nothing",
	"bench/trial":       "a trial starts and asks programs from outside; what it needs of the gateway is given to it",
	"cmd/brana/config":  "values and their checks, in the types of the packages that take them; it wires nothing",
	"cmd/brana":         "cmd wires packages; the wire and Redis are theirs",
}

func TestImportsFollowTheTable(t *testing.T) {
	for dir, files := range packages(t) {
		allowed, known := mayImport[dir]
		if !known {
			t.Errorf("package %s is not in the import table; decide what it may import", dir)
			continue
		}
		for _, file := range files {
			for _, path := range imports(t, file) {
				if governed(path) && !slices.ContainsFunc(allowed, func(a string) bool { return within(path, a) }) {
					t.Errorf("%s imports %s: %s", file, path, why[dir])
				}
			}
		}
	}
}

// governed reports whether the table speaks of an import at all.
func governed(path string) bool {
	return strings.HasPrefix(path, "brana/") || within(path, fasthttp) || within(path, redis)
}

func within(path, allowed string) bool {
	path = strings.TrimPrefix(path, "brana/")
	return path == allowed || strings.Contains(allowed, ".") && strings.HasPrefix(path, allowed+"/")
}

func TestTheTableCatchesAnImport(t *testing.T) {
	for _, c := range []struct {
		dir, path string
		want      bool
	}{
		{"egon/xmltext", "brana/egon", false},
		{"gateway", "brana/upstream", false},
		{"gateway", "brana/egon", true},
		{"bench/registries", "brana/gateway", false},
		{"bench/load", "brana/gateway", false},
		{"bench/trial", "brana/gateway", false},
		{"policy", "github.com/valyala/fasthttp", false},
		{"limits", "github.com/redis/go-redis/v9", false},
		{"limits/ledger", "github.com/redis/go-redis/v9", true},
		{"gateway/queue", "github.com/redis/go-redis/v9", true},
		{"gateway/queue", "brana/gateway", false},
		{"gateway/conn", "brana/gateway", false},
		{"gateway/conn", "brana/policy", false},
		{"gateway/stream", "brana/gateway", false},
		{"gateway/stream", "github.com/valyala/fasthttp", false},
		{"gateway/queue", "brana/limits", false},
		{"gateway/metrics", "brana/limits", false},
		{"gateway/admin", "brana/limits", false},
		{"gateway/admin", "brana/gateway", false},
		{"gateway/metrics", "brana/gateway/queue", false},
		{"gateway", "github.com/redis/go-redis/v9", false},
		{"cmd/brana", "github.com/redis/go-redis/v9", false},
		{"cmd/brana/config", "brana/limits", false},
		{"policy", "brana/cmd/brana/config", false},
	} {
		got := slices.ContainsFunc(mayImport[c.dir], func(a string) bool { return within(c.path, a) })
		if got != c.want {
			t.Errorf("%s importing %s: allowed = %v, want %v", c.dir, c.path, got, c.want)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for dir, files := range packages(t) {
		documented := 0
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != "" {
				documented++
			}
		}
		if documented != 1 {
			t.Errorf("package %s has %d package comments, want exactly one", dir, documented)
		}
	}
}

func TestNoFolderIsNamedAfterNothing(t *testing.T) {
	forbidden := []string{"utils", "common", "helpers", "internal", "pkg", "models", "types"}
	for dir := range packages(t) {
		for _, part := range strings.Split(dir, "/") {
			if slices.Contains(forbidden, part) {
				t.Errorf("folder %s: %q is a name not yet found", dir, part)
			}
		}
	}
}

// packages lists the non-test Go files of every package of the module.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	list := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		list[dir] = append(list[dir], path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no packages found")
	}
	return list
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// The picture of the house in docs/architecture.md has every package outside
// bench, and no arrow that the table forbids.
func TestTheTableIsDrawn(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, picture, _ := strings.Cut(string(page), "flowchart TD\n")
	picture, _, _ = strings.Cut(picture, "```")
	path := map[string]string{} // by the short name in the picture
	node := func(text string) string {
		name, label, labelled := strings.Cut(strings.TrimSpace(text), "[")
		if labelled {
			path[name] = strings.Trim(label, `"]`)
		}
		if path[name] == "" {
			path[name] = name
		}
		return path[name]
	}
	for line := range strings.Lines(picture) {
		from, to, arrow := strings.Cut(line, " --> ")
		importer := node(from)
		if !arrow {
			continue // it imports nothing of the house
		}
		for imported := range strings.SplitSeq(to, " & ") {
			if p := node(imported); !slices.Contains(mayImport[importer], p) {
				t.Errorf("the picture has an arrow from %s to %s, which the import table has not", importer, p)
			}
		}
	}
	drawn := slices.Collect(maps.Values(path))
	for dir := range mayImport {
		if !strings.HasPrefix(dir, "bench/") && !slices.Contains(drawn, dir) {
			t.Errorf("the picture of the house lacks %s", dir)
		}
	}
}
