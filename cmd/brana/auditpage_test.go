package main

import (
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/audit"
	"brana/audit/journal"
)

// The tables of docs/audit.md have every field of a record and of the journal's own lines,
// and no other.
func TestTableOfTheFieldsOfARecord(t *testing.T) {
	fields := map[string]bool{
		"sig":    true,               // added by the journal to a line that it signs
		"synced": true,               // added to the first line after an fdatasync
		"last":   true, "hash": true, // of a line "deleted"
	}
	addFields(fields, "", reflect.TypeFor[audit.Record]())
	addFields(fields, "", reflect.TypeFor[journal.Header]())
	addFields(fields, "", reflect.TypeFor[journal.Seal]())

	explained := explainedFields(t)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !explained[name] {
			t.Errorf("docs/audit.md, Every field: no row for %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(explained)) {
		if !fields[name] {
			t.Errorf("docs/audit.md, Every field: %s is no field", name)
		}
	}
}

// addFields adds the names of a struct's fields in JSON, those of inner ones after a dot.
func addFields(names map[string]bool, prefix string, of reflect.Type) {
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
			addFields(names, prefix+name+".", inner)
			continue
		}
		names[prefix+name] = true
	}
}

// explainedFields are the fields in the first cells of the tables of that section.
func explainedFields(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	name := regexp.MustCompile("`([a-z0-9_.]+)`")
	inside := false
	for _, line := range prose(t, filepath.Join(root, "docs", "audit.md")) {
		if strings.HasPrefix(line, "#") {
			inside = line == "### Every field"
		}
		cells := strings.Split(line, "|")
		if !inside || len(cells) < 3 {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(cells[1], -1) {
			names[m[1]] = true
		}
	}
	return names
}
