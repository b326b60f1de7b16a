package main

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// largestCycle is the number of files of a package that may refer to each other in
// a circle, by types, functions and methods. A package that is not here has no
// circle of files. A number may only fall: where it would rise, a file has two
// subjects, or a type stands in the wrong one.
var largestCycle = map[string]int{
	"bench/load":        2,
	"bench/report":      3,
	"bench/trial":       2,
	"egon":              4, // one reader
	"egon/xmltext":      8, // one scanner
	"gateway":           2,
	"gateway/conn":      4,
	"gateway/stream":    2,
	"limits/ledger":     4, // one shard
	"limits/limitstest": 3,
	"policy":            6, // rows that are fetched
	"upstream":          2,
}

func TestCyclesOfFiles(t *testing.T) {
	fset := token.NewFileSet()
	imported := importer.ForCompiler(fset, "gc", exports(t))
	for dir, names := range packages(t) {
		refers := references(t, fset, imported, dir, names)
		if got := largestCircle(refers); len(got) > max(1, largestCycle[dir]) {
			t.Errorf("%s: %d files refer to each other in a circle, at most %d may: %v",
				dir, len(got), largestCycle[dir], got)
		} else if len(got) < largestCycle[dir] {
			t.Logf("%s: its largest circle has %d files now; lower the number", dir, len(got))
		}
	}
}

func TestTheLargestCircle(t *testing.T) {
	refers := map[string]map[string]bool{
		"a": {"b": true, "a": true}, "b": {"c": true}, "c": {"a": true, "d": true},
		"d": {"e": true}, "e": {"d": true}, "f": {},
	}
	if got := strings.Join(largestCircle(refers), " "); got != "a b c" {
		t.Errorf("the largest circle is %s, want a b c", got)
	}
	if got := largestCircle(map[string]map[string]bool{"a": {"b": true}, "b": {}}); len(got) != 1 {
		t.Errorf("without a circle there is %v", got)
	}
}

// exports returns where the compiler left what packages export.
func exports(t *testing.T) importer.Lookup {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(bytes.TrimSpace(out))) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// references are the files of a package to which each of its files refers.
func references(t *testing.T, fset *token.FileSet, imported types.Importer, dir string,
	names []string) map[string]map[string]bool {
	t.Helper()
	var files []*ast.File
	refers := map[string]map[string]bool{}
	fileOf := func(p token.Pos) string { return filepath.Base(fset.Position(p).Filename) }
	for _, name := range names {
		if built, err := build.Default.MatchFile(filepath.Split(name)); err != nil || !built {
			continue // of another system
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		refers[fileOf(file.Pos())] = map[string]bool{}
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	pkg, err := (&types.Config{Importer: imported}).Check("brana/"+dir, fset, files, info)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	for name, object := range info.Uses {
		if v, ok := object.(*types.Var); object.Pkg() != pkg || ok && (v.IsField() || v.Parent() != pkg.Scope()) {
			continue
		}
		refers[fileOf(name.Pos())][fileOf(object.Pos())] = true
	}
	return refers
}

// largestCircle is the largest set of files each of which reaches all others.
func largestCircle(refers map[string]map[string]bool) (largest []string) {
	reached := map[string]map[string]bool{}
	for file := range refers {
		reached[file] = map[string]bool{}
		next := []string{file}
		for len(next) > 0 {
			for other := range refers[next[0]] {
				if !reached[file][other] {
					reached[file][other] = true
					next = append(next, other)
				}
			}
			next = next[1:]
		}
	}
	for file := range refers {
		circle := []string{file}
		for other := range refers {
			if other != file && reached[file][other] && reached[other][file] {
				circle = append(circle, other)
			}
		}
		if slices.Sort(circle); len(circle) > len(largest) {
			largest = circle
		}
	}
	return largest
}
