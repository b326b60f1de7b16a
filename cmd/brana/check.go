package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"brana/cmd/brana/config"
	"brana/policy"
)

type checkCmd struct {
	Config  string `short:"c" default:"brana.yaml" help:"Static configuration." type:"path"`
	Example bool   `help:"Print an example configuration and exit."`
}

// Run checks a configuration as serve does. It does not listen and calls nobody.
func (k *checkCmd) Run(io stdio) error {
	if k.Example {
		_, err := io.out.Write(config.Example)
		return err
	}
	c, err := config.Read(k.Config, os.LookupEnv)
	if err != nil {
		return exit(exitRefused, err)
	}
	record, err := checkRecord(&c.Audit)
	if err != nil {
		return exit(exitRefused, fmt.Errorf("%s: %w", k.Config, err))
	}
	c.Audit = config.Audit{Dir: config.NoRecord} // wire would write to the journal
	w, err := wire(c, policyLoader(c), &logger{Logger: zap.NewNop()})
	if err != nil {
		return exit(exitRefused, err)
	}
	if w.rows != nil && w.rows.Loaded() != nil {
		return exit(exitRefused, errors.Join(w.rows.Loaded(), w.close()))
	}
	counts := w.policy.Current().Counts()
	fmt.Fprintf(io.out, "%s: ok, policy %s: %d grants, %d matrix rows, %d items%s%s%s%s\n",
		k.Config, w.policy.Current().Version(), counts.Grants, counts.Rows, counts.Pairs,
		identities(c, counts), w.rowsOnDisk(), w.contractsRead(), record)
	if m := c.Policy.Matrix; m.File == "" && m.E227 == "" && c.Place != config.Publisher {
		fmt.Fprintln(io.out, "matrix none: no item of ROB or ROS is permitted")
	}
	printRules(io.out, c)
	return w.close()
}

// printRules writes the place and its rules of items, then each route whose rules differ.
func printRules(out io.Writer, c *config.Config) {
	at := c.Place.Rules()
	fmt.Fprintf(out, "place %s: items %s, returned %s\n", c.Place, at.Items, at.Returned)
	for _, code := range slices.Sorted(maps.Keys(c.Routes)) {
		r := c.Routes.Of(code, c.Place)
		if _, relayed := r.Relay(); relayed && (r.Items != at.Items || r.Returned != at.Returned) {
			fmt.Fprintf(out, "route %s: items %s, returned %s\n", code, r.Items, r.Returned)
		}
	}
}

// identities is the part of check's line about the certificates that are bound.
// It is empty where callers need none.
func identities(c *config.Config, counts policy.Counts) string {
	switch {
	case c.Listen.TLS == nil:
		return ""
	case counts.Identities == 0:
		return ", no identities, so no certificate is let in"
	case c.Place == config.Publisher && counts.Buses == 0:
		return fmt.Sprintf(", %d identities, none of them of the bus", counts.Identities)
	case c.Place == config.Publisher:
		return fmt.Sprintf(", %d identities, %d of the bus", counts.Identities, counts.Buses)
	}
	return fmt.Sprintf(", %d identities", counts.Identities)
}

// rowsOnDisk is the part of check's line about the file of the rows.
func (w *wired) rowsOnDisk() string {
	if w.rows == nil {
		return ""
	}
	s := w.rows.Status()
	line := fmt.Sprintf("; matrix by E227: %d of %d triples with a grant in the snapshot",
		s.Fresh+s.Stale, s.Granted)
	if !s.Oldest.IsZero() {
		line += fmt.Sprintf(", the oldest %s old", time.Since(s.Oldest).Truncate(time.Second))
	}
	return line
}

// contractsRead is the part of check's line about listen.wsdl.
func (w *wired) contractsRead() string {
	if w.contracts == nil {
		return ""
	}
	services, schemas, foreign := w.contracts.Counts()
	text := fmt.Sprintf(", WSDLs of %d services with %d schemas", services, schemas)
	if foreign > 0 {
		text += fmt.Sprintf(" (%d WSDLs are of no service of the catalogue)", foreign)
	}
	return text
}
