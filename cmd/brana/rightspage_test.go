package main

import (
	"fmt"
	"os"
	"path/filepath"
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
