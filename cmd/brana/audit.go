package main

type auditCmd struct {
	Query    auditQueryCmd    `cmd:"" help:"Find calls: who asked for what, on whose behalf, and what came of it."`
	Report   auditReportCmd   `cmd:"" help:"Sum calls by caller, beside what was declared: text, JSON or a page."`
	Refusals auditRefusalsCmd `cmd:"" help:"Group refused calls by their cause, and say what to do."`
	Export   auditExportCmd   `cmd:"" help:"Print the calls with which data went out, in the form of ROB's own record."`
	Verify   auditVerifyCmd   `cmd:"" help:"Check that nothing in a journal was changed or removed."`
}
