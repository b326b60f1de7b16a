package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Loading any file ends, and returns a policy or the places of its mistakes.
func FuzzGrants(f *testing.F) {
	seed(f, "testdata/bad/*.yaml")
	f.Add(testGrants)
	f.Add(oneGrant)
	f.Add(`vocabulary: {aiseo: [Vlastni]}
grants:
  - {agenda: X999, role: XR1, ovm: "1", ais: 1, environment: test, valid: {from: 2026-01-01, to: 2027-12-31},
     services: [E05, E159, E34a, X11], items: {aiseo: [Jmeno, Vlastni], eop: [EopFoto], ecd: [EcdFoto]},
     limits: [{for: [E158-E172, X11], name: a, working_hours: 1/h, off_hours: 1/h, concurrent: 1},
       {for: rest, working_hours: 1/h, off_hours: 1/h, concurrent: 1, when_redis_is_down: open}]}
`)
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
				var grouped []string
				for _, l := range g.Limits {
					codes := g.InGroup(l.Group)
					if grouped = append(grouped, codes...); len(codes) == 0 {
						t.Errorf("the group %q of %s has no services", l.Group, g)
					}
				}
				slices.Sort(grouped)
				if want := slices.Sorted(slices.Values(g.Services)); !slices.Equal(grouped, want) {
					t.Errorf("%s has %v, in groups are %v", g, want, grouped)
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
