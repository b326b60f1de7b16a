package main

import (
	"time"

	"brana/audit/query"
	"brana/audit/report"
)

type auditExportCmd struct {
	sumFlags
	As  string `required:"" enum:"e154" placeholder:"FORM" help:"Form of the records: e154, as ROB answers about its own."`
	CSV bool   `name:"csv" help:"Print comma-separated values in place of XML."`
}

// An exporter writes the uses with which data went out.
type exporter interface {
	Add(*query.Use) error
	Close() error
}

// Run prints the uses with which data went out. Personal data is among it: who asked, and why.
func (a *auditExportCmd) Run(out stdio) error {
	s, err := a.open(out.err, time.Now())
	if err != nil {
		return err
	}
	var e exporter = report.NewXMLWriter(out.out, s.zone)
	if a.CSV {
		e = report.NewCSVWriter(out.out, s.zone)
	}
	if err := s.each(e.Add); err != nil {
		return s.end(err) // the document is left open, so that nobody takes it for whole
	}
	return s.end(e.Close())
}
