package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// plainTypes are the exported types that need no row in docs/glossary.md, by
// package: their names say what they are. A package that is not here
// is not held to the glossary.
var plainTypes = map[string]string{
	"egon": `Contracts EvidenceHead MediaBlocks MediaQuery Message Mode OrgService PartyKind Place
		PlaceKind PlacesReply QueryKind QueueItem QueuePage QueueQuery ReadReply Reader ReplyReader
		Request RightsItem RightsQuery RightsReply TranslateReply Translation Tri VerifiedPerson
		VerifyReply`,
	"egon/xmltext": `Attr Binding Kind Name Node NodeAttr SyntaxError`,
	"policy": `Ages Counts Environment Mismatch Place Reason RefreshResult Refusal Reloads
		RowError Rows RowsConfig RowsStatus Source Store WhenDown`,
	"limits": `Calendar CalendarConfig Counts Finding Key Memory Mode Outcome Refill Running Stats
		Tally Usage Verdict`,
	"limits/ledger":  `Config`,
	"upstream":       `Rights`,
	"gateway":        `Breaker Config IDs Limiter Parts Queue Quotas RouteKind StatusMode Trial`,
	"gateway/stream": `Buffers Calls Sender Source`,
	"gateway/conn":   `Config Conns FailedHandshake`,
	"gateway/queue": `Answer Change Config Filter Memory RecentConfig RecentMemory RecentRedis Redis
		Server State`,
	"audit": `Decision Parser Quota Record RecordedDecision RecordedQuota RecordedRefused
		RecordedRegistry Refused Registry Row`,
	"audit/journal": `Config CopiesConfig CopyStats Deleted Event Happening KeepConfig Kind Line
		Listing Options Probe ReadError Reader Stats Verdict`,
	"audit/query": `CSV Caller Filter Finding JSON Moment Pattern Printer Query Table`,
	"audit/report": `Builder CSVWriter Caller Config Count Hour Limits Page Percentiles
		Quota Range Refusals Registry Report Service Sorter Sums Totals XMLWriter`,
	"gateway/admin": `Account Accounts Caller Config Error Order Quota Quotas Status`,
}

// docs/glossary.md explains every exported type of the packages above that is
// not plain, and names nothing that is not there.
func TestGlossaryFollowsTheCode(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{} // package.Name, as the page has it
	for _, m := range regexp.MustCompile("`([a-z]+\\.[A-Z]\\w*)`").FindAllSubmatch(page, -1) {
		explained[string(m[1])] = true
	}
	there := map[string]bool{}
	for dir, names := range plainTypes {
		exempt := strings.Fields(names)
		for _, name := range exportedTypes(t, dir) {
			word := path.Base(dir) + "." + name
			there[word] = true
			switch exempted := slices.Contains(exempt, name); {
			case explained[word] && exempted:
				t.Errorf("%s has a row in the glossary and need not be plain", word)
			case !explained[word] && !exempted:
				t.Errorf("docs/glossary.md has no row for %s: explain it, or list it as plain", word)
			}
		}
		for _, name := range exempt {
			if !there[path.Base(dir)+"."+name] {
				t.Errorf("%s has no type %s that could be plain", dir, name)
			}
		}
	}
	for word := range explained {
		if !there[word] {
			t.Errorf("docs/glossary.md names %s, which is no exported type", word)
		}
	}
}

// Each word of the glossary is one line, and has what it means.
func TestGlossaryIsPhrases(t *testing.T) {
	words := map[string]bool{}
	for _, line := range prose(t, filepath.Join(root, "docs", "glossary.md")) {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| word |") {
			continue
		}
		word := strings.TrimPrefix(cells[0], "| ")
		if words[word] {
			t.Errorf("%s is in the glossary twice", word)
		}
		words[word] = true
		if len(cells) < 3 || cells[1] == "" || len([]rune(cells[1])) > 140 {
			t.Errorf("%s: its meaning is missing, or is no phrase", word)
		}
	}
}

// exportedTypes are the names of a package's exported types.
func exportedTypes(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, file := range packages(t)[dir] {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			declaration, ok := d.(*ast.GenDecl)
			if !ok || declaration.Tok != token.TYPE {
				continue
			}
			for _, spec := range declaration.Specs {
				if name := spec.(*ast.TypeSpec).Name; name.IsExported() {
					names = append(names, name.Name)
				}
			}
		}
	}
	if len(names) == 0 {
		t.Errorf("package %s has no exported types", dir)
	}
	return names
}
