package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"brana/audit/journal"
	"brana/audit/query"
)

type auditCmd struct {
	Query    auditQueryCmd    `cmd:"" help:"Find calls: who asked for what, on whose behalf, and what came of it."`
	Report   auditReportCmd   `cmd:"" help:"Sum calls by caller, beside what was declared: text, JSON or a page."`
	Refusals auditRefusalsCmd `cmd:"" help:"Group refused calls by their cause, and say what to do."`
	Export   auditExportCmd   `cmd:"" help:"Print the calls with which data went out, in the form of ROB's own record."`
	Verify   auditVerifyCmd   `cmd:"" help:"Check that nothing in a journal was changed or removed."`
}

type auditVerifyCmd struct {
	Key   []string `placeholder:"FILE" help:"Public key (PEM) of the gateway's audit.key; more than one if the key was changed."`
	Seals []string `placeholder:"FILE" help:"Copies of seals that were kept elsewhere; they show a removed end."`
	Dirs  []string `arg:"" name:"dir" help:"Folders of journals, one for each gateway."`
}

// Run prints what each journal proved to be: 0 when all are whole, 1 when one is broken, 2
// when one cannot be read.
func (a *auditVerifyCmd) Run(out stdio) error {
	options, err := a.options()
	if err != nil {
		return exit(exitUsage, err)
	}
	var unread []error
	var gateways []string
	broken := false
	for _, dir := range a.Dirs {
		v, err := journal.Verify(dir, options)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		hiding, err := query.CheckIndexes(context.Background(), dir)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		gateways = append(gateways, v.Gateways...)
		broken = broken || v.Broken != nil || len(hiding) > 0
		a.print(out.out, v)
		for _, index := range hiding {
			fmt.Fprintf(out.out, "  %s\n", index.Error())
		}
	}
	if options.Copies != nil {
		for _, name := range options.Copies.Gateways() {
			if !slices.Contains(gateways, name) {
				fmt.Fprintf(out.out, "copies of gateway %s are there, and no journal of it is given\n", name)
			}
		}
	}
	switch {
	case unread != nil:
		return exit(exitUsage, errors.Join(unread...))
	case broken:
		return exit(exitRefused, nil)
	}
	return nil
}

// options reads the keys and the copies.
func (a *auditVerifyCmd) options() (*journal.Options, error) {
	o := &journal.Options{}
	for _, file := range a.Key {
		key, err := journal.ReadPublicKey(file)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		o.Keys = append(o.Keys, ed25519.PublicKey(key))
	}
	if len(a.Seals) == 0 {
		return o, nil
	}
	copies, err := journal.ReadCopies(a.Seals...)
	if err != nil {
		return nil, fmt.Errorf("--seals: %w", err)
	}
	o.Copies = copies
	return o, nil
}

// print prints a verdict, and the folder before it when there are several.
func (a *auditVerifyCmd) print(out io.Writer, v *journal.Verdict) {
	if len(a.Dirs) > 1 {
		fmt.Fprintf(out, "%s: ", strings.TrimSuffix(v.Dir, "/"))
	}
	if v.Broken != nil {
		fmt.Fprintln(out, v.Broken)
		return
	}
	fmt.Fprintf(out, "%d records, %d segments, chain whole\n", v.Records, v.Segments)
	for _, note := range v.Notes {
		fmt.Fprintf(out, "  %s\n", note)
	}
}
