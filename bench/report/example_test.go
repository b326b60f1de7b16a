package report_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"brana/bench/report"
)

// A report is written as JSON, and read again to be shown or compared.
func ExampleReadFile() {
	r := report.Report{Format: report.Format, Turns: []report.Turn{
		{Target: "brana", Rate: 499.2, Right: 4990, Wrong: map[string]int64{"timeout": 2}},
		{Target: "direct", Rate: 500, Right: 5000},
		{Target: "brana", Round: 1, Rate: 500, Right: 5000},
	}}
	var text bytes.Buffer
	folder, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	name := filepath.Join(folder, "report.json")
	fmt.Println(r.Write(&text), os.WriteFile(name, text.Bytes(), 0o600))

	kept, err := report.ReadFile(name)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(kept.Targets(), len(kept.Of("brana")), kept.Of("brana")[0].Errors())
	// Output:
	// <nil> <nil>
	// [brana direct] 2 2
}
