package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"brana/bench/registries"
)

type personsCmd struct {
	Persons int    `default:"10000" help:"Synthetic persons beside the test persons, as the registries were started with."`
	Seed    uint64 `default:"1" help:"Seed of the population."`
	List    int    `default:"5" short:"n" help:"Number of synthetic persons to list after the test persons."`
	JSON    bool   `help:"Print JSON with all keys of searches."`
}

// Run lists the test persons and the first synthetic ones.
func (p *personsCmd) Run(io stdio) error {
	listed := registries.NewPopulation(p.Persons, p.Seed).List(p.List)
	if p.JSON {
		encoder := json.NewEncoder(io.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(listed)
	}
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tBORN\tRODNE CISLO\tID CARD\tTRAVEL DOC\tADDRESS\tSPECIAL")
	for _, l := range listed {
		fmt.Fprintf(table, "%s %s\t%s\t%s\t%s\t%s\t%d\t%s\n", l.Jmeno, l.Prijmeni, l.DatumNarozeni,
			l.RodneCislo,
			documents(l.Op), documents(l.Cd), l.TrvalyPobyt, l.Special)
	}
	return table.Flush()
}

func documents(list []registries.ListedDocument) string {
	var words []string
	for _, d := range list {
		words = append(words, strings.TrimSuffix(d.Cislo+"/"+d.Serie, "/"))
	}
	return strings.Join(words, " ")
}
