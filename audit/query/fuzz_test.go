package query

import (
	"os"
	"testing"

	"brana/audit/audittest"
)

// With anything in the file of a segment, reading ends, and what is not taken for a record is
// named. Only a segment that is as it was written gets an index.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	if err := audittest.NewBook(dir).Script(hours); err != nil {
		f.Fatal(err)
	}
	p, err := newPlan(dir)
	if err != nil || len(p.parts) != 4 {
		f.Fatal(p, err)
	}
	segment := &p.parts[1]
	honest, err := os.ReadFile(segment.Path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(honest)
	f.Add(honest[:len(honest)-7])
	f.Add(append(honest[:len(honest):len(honest)], "\n{}\n"...))
	f.Add([]byte(nil))
	f.Add([]byte(`{"seq":5,"prev":"` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(segment.Path, text, 0o640); err != nil {
			t.Fatal(err)
		}
		findings := 0
		newScan(p, 1, &Filter{}, func(events []event) bool {
			for _, e := range events {
				if e.finding != nil {
					findings++
				}
			}
			return true
		}).run()
		whole := string(text) == string(honest)
		if whole != (findings == 0) {
			t.Errorf("%d findings", findings)
		}
		if err := os.Remove(indexPath(&segment.Segment)); whole != (err == nil) {
			t.Errorf("the index is removed: %v", err)
		}
	})
}
