package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"brana/cmd/brana/config"
)

// rightsPage is docs/rights.md.
func rightsPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "rights.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// The page has the rules that relays have at each place.
func TestPlacesOfThePages(t *testing.T) {
	page := rightsPage(t)
	for _, place := range []config.Place{config.Hub, config.Sidecar, config.Publisher} {
		rules := place.Rules()
		row := fmt.Sprintf("| `%s` | `%s` |\n", rules.Items, rules.Returned)
		found := false
		for line := range strings.Lines(page) {
			found = found || strings.HasPrefix(line, fmt.Sprintf("| `%s`", place)) && strings.HasSuffix(line, row)
		}
		if !found {
			t.Errorf("docs/rights.md has no row of %s that ends %s", place, row)
		}
	}
}

// Each cell of the table of item rules is what explain says of such a call by such a rule.
func TestItemRulesOfThePages(t *testing.T) {
	calls := map[string]callOfRules{
		"all items permitted": {items: "Jmeno Prijmeni"},
		"some not permitted":  {items: "Jmeno AdresaPobytu"},
		"none permitted":      {items: "AdresaPobytu Obcanstvi"},
		"none listed: absent, empty, or control words alone": {variants: []string{"absent", "", "ROBCti"}},
		"none listed, and none permitted":                    {variants: []string{"absent", "", "ROBCti"}, role: "XR8"},
		"none listed, of a service that reads no persons":    {service: "E36", variants: []string{"absent", ""}, role: "XR8"},
		"a word that is no item":                             {items: "Jmeno Jmenno"},
		"the row that decides is unavailable":                {items: "Jmeno", fetched: true},
	}
	table := tableAfter(t, rightsPage(t), "## Items of a call")
	rules := table[0][1:]
	if len(table) != len(calls)+1 || len(rules) != 3 {
		t.Fatalf("the table has %d rows and %d rules, want %d and 3", len(table)-1, len(rules), len(calls))
	}
	for _, row := range table[1:] {
		c, ok := calls[row[0]]
		if !ok {
			t.Errorf("the table has a row %q, which is not tried", row[0])
			continue
		}
		for at, cell := range row[1:] {
			rule := strings.Trim(rules[at], "`")
			t.Run(row[0]+" "+rule, func(t *testing.T) { c.try(t, rule, cell) })
		}
	}
}

// A callOfRules is a call of the table. variants are lists with the same outcome; without
// them there is one, items.
type callOfRules struct {
	service, items, role string
	variants             []string
	fetched              bool // its row comes by E227, and was never fetched
}

// try explains the call by a rule, and compares it with a cell of the table.
func (c callOfRules) try(t *testing.T, rule, cell string) {
	change := []string{"default: relay iszr", "default: {to: relay iszr, items: " + rule + ", returned: observe}"}
	if c.fetched {
		change = append(change, "matrix: {file: matrix.csv}",
			`matrix: {e227: iszr, caller: {agenda: X999, role: XR1, ovm: "12345678", ais: 999001}, snapshot: matrix.snap}`)
	}
	config := serveFile(t, "127.0.0.1:8090", change...)
	grants := filepath.Join(filepath.Dir(config), "policy", "grants.yaml")
	_, little, _ := strings.Cut(string(read(t, grants)), "999001")
	_, little, _ = strings.Cut(little, "\n\n")
	write(t, filepath.Join(filepath.Dir(grants), "more.yaml"), "grants:\n"+
		strings.NewReplacer("XR2", "XR8", "E198,", "E36,", "items: [EopFoto]\n", "\n").Replace(little))
	flags := []string{"--role", cmp.Or(c.role, "XR2"), "--ais", "999002"}
	service := cmp.Or(c.service, "E278")
	if service == "E278" {
		flags = append(flags, "--name", "Zoran Vosáhlo", "--born", "1977-05-03")
	} else {
		inner := filepath.Join(t.TempDir(), "inner.xml")
		write(t, inner, `<Zadost xmlns="urn:cz:isvs:iszr:schemas:IszrRuianCtiAdresu:v1"/>`)
		flags = append(flags, "--inner", inner)
	}
	lists := c.variants
	if lists == nil {
		lists = []string{c.items}
	}
	for _, list := range lists {
		these := flags
		if list != "absent" {
			these = append(slices.Clone(flags), "--items", list)
		}
		said, _ := explainedMessage(t, config, message(t, service, these...), "--json")
		var x explanation
		if err := json.Unmarshal([]byte(said), &x); err != nil {
			t.Fatal(err, said)
		}
		if got := x.cell(); got != cell {
			t.Errorf("list %q: explain says %q, the page has %q:\n%s", list, got, cell, said)
		}
	}
}

// cell is the explanation in the words of the table.
func (e *explanation) cell() string {
	becomes := map[string]bool{}
	for _, i := range e.Items {
		becomes[i.Becomes] = true
	}
	switch {
	case e.Verdict == refusedCall:
		number, _, _ := strings.Cut(strings.Join(e.Sentences, " "), ":")
		return "refused, " + number
	case becomes["removed"]:
		return "they are removed, VAROVANI"
	case becomes["filled"]:
		return "all permitted items are filled in"
	}
	return "unchanged"
}

// tableAfter returns the cells of the first table behind a heading, its head first.
func tableAfter(t *testing.T, page, heading string) (table [][]string) {
	t.Helper()
	_, page, ok := strings.Cut(page, heading+"\n")
	if !ok {
		t.Fatalf("no heading %s", heading)
	}
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "|") {
			if table != nil {
				break
			}
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !strings.HasPrefix(cells[0], "---") {
			table = append(table, cells)
		}
	}
	return table
}

// The calls of the page come back from dev as the page has it.
func TestCallsOfTheRightsPages(t *testing.T) {
	w := startWorld(t)
	_, page, _ := strings.Cut(rightsPage(t), "## Try it\n")
	blocks := regexp.MustCompile("(?s)```\nbrana (call [^\n]*)\n```\n```\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("the page has %d calls, want 2", len(blocks))
	}
	took := regexp.MustCompile(`, \d+ bytes, [^)]*\)`)
	for _, m := range blocks {
		said, code := brana(append(shellWords(m[1]), "--url", w.gateway)...)
		if got, want := took.ReplaceAllString(said, ")"), took.ReplaceAllString(m[2], ")"); got != want || code != 0 {
			t.Errorf("brana %s: exit code %d\n%s\nand the page has\n%s", m[1], code, got, want)
		}
	}
	empty := append(shellWords(blocks[1][1]), "--items", "", "--url", w.gateway)
	if said, _ := brana(empty...); took.ReplaceAllString(said, ")") != took.ReplaceAllString(blocks[1][2], ")") {
		t.Errorf("an empty list is answered otherwise than none:\n%s", said)
	}
}
