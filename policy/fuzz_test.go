package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Loading any file ends, and returns a policy or the places of its mistakes.
func FuzzGrants(f *testing.F) {
	seed(f, "testdata/bad/*.yaml")
	f.Add(testGrants)
	f.Add(oneGrant)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		s, err := LoadFS(mapFS("a.yaml", text, "z.yaml", "grants: []"),
			Config{Dir: ".", Environment: Test})
		checkLoaded(t, s, err, "a.yaml")
		if err == nil {
			for _, g := range s.Grants() {
				q := g.Quadruple
				d := s.Decide(head(g.Services[0],
					strings.Join([]string{q.Agenda, q.Role, q.Ovm, q.Ais}, "/"), ""), g.From)
				if g.Environment == Test && (d.Verdict != Granted || d.Grant != g) {
					t.Errorf("the first service of %s on its first day: %s", g, summary(d))
				}
			}
		}
	})
}

func FuzzMatrix(f *testing.F) {
	seed(f, "testdata/bad/*.csv")
	f.Add(header + "\n" + testMatrix)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := LoadFS(mapFS("p/a.yaml", "grants: []", "m.csv", text),
			Config{Dir: "p", MatrixFile: "m.csv", Environment: Test})
		checkLoaded(t, s, err, "m.csv")
		if err != nil {
			return
		}
		pairs, rows := 0, map[string]int{}
		for i, line := range strings.Split(text, "\n") {
			if v := strings.Split(line, ","); i > 0 && len(v) == 5 {
				row, _ := s.Row([]byte(v[0]), []byte(v[1]), []byte(v[2]), noon)
				rows[strings.Join(v[:3], ",")] = len(row)
			}
		}
		for _, n := range rows {
			pairs += n
		}
		if strings.Contains(text, `"`) {
			pairs = s.Counts().Pairs // the lines are not what they say
		}
		if lines := strings.Count(text, "\n"); pairs != s.Counts().Pairs || pairs > lines {
			t.Errorf("%d pairs in rows, Counts says %d, %d line ends", pairs, s.Counts().Pairs,
				lines)
		}
	})
}

func seed(f *testing.F, pattern string) {
	names, _ := filepath.Glob(pattern)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
}

var placed = regexp.MustCompile(`^[a-z]\.(yaml|csv)(:[1-9][0-9]*:[0-9]+)?: `)

func checkLoaded(t *testing.T, s *Snapshot, err error, file string) {
	if (s == nil) != (err != nil) {
		t.Fatalf("snapshot %v with error %v", s, err)
	}
	if err != nil && (!strings.HasPrefix(err.Error(), file) || !placed.MatchString(err.Error())) {
		t.Errorf("error without a place: %v", err)
	}
}
