package main

import (
	"encoding/csv"
	"slices"
	"testing"

	"brana/bench/registries"
)

// What a caller of brana dev may read is the same at the gateway and at the bus behind it.
func TestDevAgreesWithItsBus(t *testing.T) {
	file, err := sample.Open("sample/matrix.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]registries.Right{}
	for _, line := range lines[1:] {
		triple := line[0] + "/" + line[1] + "/" + line[2]
		rows[triple] = append(rows[triple], registries.Right{KodIszr: line[3], KodRpp: line[4]})
	}
	server, _ := startRegistries(t)
	bus := server.Rights()
	if len(rows) == 0 {
		t.Fatal("the matrix is empty")
	}
	for triple, items := range rows {
		for _, item := range items {
			if !slices.Contains(bus[triple], item) {
				t.Errorf("%s: the bus has no right to %v", triple, item)
			}
		}
		if got := len(bus[triple]); got != len(items) {
			t.Errorf("%s: %d items at the bus, %d in the matrix", triple, got, len(items))
		}
	}
}
