package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"brana/audit/query"
	"brana/audit/report"
)

type auditReportCmd struct {
	sumFlags
	JSON bool   `name:"json" xor:"form" help:"Print JSON."`
	HTML string `name:"html" xor:"form" type:"path" placeholder:"FILE" help:"Write a page in Czech into FILE; it needs no network."`
}

// Run prints how much was called, beside what was declared.
func (a *auditReportCmd) Run(out stdio) error {
	now := time.Now()
	s, err := a.open(out.err, now)
	if err != nil {
		return err
	}
	cfg := report.Config{Working: s.working, Zone: s.zone}
	if s.policy != nil {
		cfg.Declared = s.declared
	}
	b := report.NewBuilder(cfg)
	err = s.each(func(u *query.Use) error {
		b.Add(u)
		return nil
	})
	if err != nil {
		return s.end(err)
	}
	r := b.Report()
	switch {
	case a.JSON:
		err = printJSON(out.out, r)
	case a.HTML != "":
		page := report.Page{
			Kinds: sentencesOfKinds(), Working: s.working, Made: now, Sources: s.query.Dirs,
		}
		err = writeFile(a.HTML, func(w io.Writer) error { return r.WriteHTML(w, page) })
	default:
		err = r.WriteText(out.out)
	}
	return s.end(err)
}

type auditRefusalsCmd struct {
	sumFlags
	Service []string `placeholder:"CODE" help:"Services, as E198."`
	JSON    bool     `name:"json" help:"Print JSON."`
}

// Run prints what was refused, why, and what to do.
func (a *auditRefusalsCmd) Run(out stdio) error {
	s, err := a.open(out.err, time.Now())
	if err != nil {
		return err
	}
	if err := knownServices(a.Service); err != nil {
		return exit(exitUsage, err)
	}
	s.query.Filter.Refused, s.query.Filter.Services = true, a.Service
	sorter := report.NewSorter(s.zone, helpOfKinds())
	err = s.each(func(u *query.Use) error {
		sorter.Add(u)
		return nil
	})
	switch {
	case err != nil:
	case a.JSON:
		err = printJSON(out.out, sorter.Refusals())
	default:
		err = sorter.Refusals().WriteText(out.out)
	}
	return s.end(err)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeFile writes a file whole, or leaves the one that is there.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, cause(err))
	}
	defer os.Remove(f.Name()) // it has gone when all went well
	err = errors.Join(write(f), f.Chmod(0o640), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, cause(err))
	}
	return nil
}

// cause is an error without the name of the file that stands for another while it is written.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}
