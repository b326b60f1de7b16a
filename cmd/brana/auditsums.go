package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"brana/audit/query"
	"brana/audit/report"
	"brana/egon"
	"brana/gateway"
	"brana/limits"
	"brana/policy"
)

// sumFlags say of which uses a verb makes sums, and what they stand beside.
type sumFlags struct {
	auditFlags
	Caller []string `placeholder:"CALLER" help:"AGENDA/ROLE/OVM/AIS; a part may end with *, and so may a beginning, as X999/*."`
}

// sums are what the flags of such a verb come to.
type sums struct {
	query    query.Query
	calendar *limits.Calendar
	zone     *time.Location
	policy   *policy.Snapshot // nil without a configuration
	at       time.Time        // the grants of this moment count
	findings int
}

// open reads the flags. Findings go to errs while uses are read.
func (f *sumFlags) open(errs io.Writer, now time.Time) (*sums, error) {
	s := &sums{at: now}
	s.query.Found = func(found query.Finding) {
		s.findings++
		fmt.Fprintln(errs, found.Error())
	}
	if err := s.configure(&f.auditFlags); err != nil {
		return nil, exit(exitUsage, err)
	}
	if err := f.filter(&s.query.Filter, now, s.zone); err != nil {
		return nil, err
	}
	if until := s.query.Filter.Until; !until.IsZero() && until.Before(now) {
		s.at = until
	}
	var err error
	s.query.Dirs, err = f.dirs()
	return s, err
}

// configure takes working hours and what is declared from a configuration; without a file, it
// takes the default hours.
func (s *sums) configure(f *auditFlags) error {
	c, err := f.config()
	if err != nil {
		return err
	}
	if f.Config != "" {
		if s.policy, err = policyOnDisk(c); err != nil {
			return err
		}
	}
	if s.calendar, err = calendarOf(&c.Limits.Calendar); err != nil {
		return err
	}
	s.zone, err = time.LoadLocation(c.Limits.Calendar.Zone)
	return err
}

func (f *sumFlags) filter(filter *query.Filter, now time.Time, zone *time.Location) error {
	for _, text := range f.Caller {
		c, err := query.ParseCaller(text)
		if err != nil {
			return exit(exitUsage, fmt.Errorf("--caller: %w", err))
		}
		filter.Callers = append(filter.Callers, c)
	}
	return f.span(filter, now, zone)
}

func (s *sums) working(t time.Time) bool { return s.calendar.Regime(t) == limits.WorkingHours }

// declared returns the limits of a caller, or of a group of its services, by the policy: of its
// last grant by then.
func (s *sums) declared(q egon.Quadruple, group string) (report.Limits, bool) {
	g, _, _ := s.policy.Grant(q, s.at)
	if g == nil {
		return report.Limits{}, false
	}
	for _, l := range g.Limits {
		if l.Group == group {
			return report.Limits{
				Working:    l.Working,
				Off:        l.Off,
				Concurrent: int64(l.Concurrent),
				Place:      g.Rule,
			}, true
		}
	}
	return report.Limits{}, false
}

// each calls f with each use.
func (s *sums) each(f func(*query.Use) error) error {
	for u, err := range s.query.Uses(context.Background()) {
		if err == nil {
			err = f(u)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// end is the error of a verb that has printed what it found.
func (s *sums) end(err error) error {
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return nil // the reader has what it wanted
	case err != nil:
		return exit(exitUsage, err)
	}
	return foundError(s.findings)
}

// foundError is the error of a verb that has named a number of findings.
func foundError(findings int) error {
	if findings == 0 {
		return nil
	}
	return exit(exitRefused, fmt.Errorf(
		"findings: %d; not all is as it was written, see brana audit verify", findings))
}

// helpOfKinds are the kinds of refusals and what to do about each.
func helpOfKinds() map[string]string {
	help := map[string]string{}
	for _, k := range gateway.Kinds() {
		help[k.Code] = k.Help
	}
	return help
}

// sentencesOfKinds are the kinds of refusals as officials see them.
func sentencesOfKinds() map[string]string {
	sentences := map[string]string{}
	for _, k := range gateway.Kinds() {
		sentences[k.Code] = k.Popis
	}
	return sentences
}
