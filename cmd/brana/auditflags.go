package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"brana/audit/query"
	"brana/cmd/brana/config"
	"brana/gateway/admin"
)

// auditFlags say which journals are asked, and about which time.
type auditFlags struct {
	Dir    []string `placeholder:"DIR" type:"path" help:"Folder of a journal; repeat it for several gateways. Without it, audit.dir of --config, or of the running gateway."`
	Config string   `short:"c" type:"path" placeholder:"FILE" help:"Static configuration of the gateway: its audit.dir, its calendar and, for audit report, what its policy declares."`
	Admin  string   `default:"127.0.0.1:8081" placeholder:"ADDR" help:"Admin listener of the gateway that is asked for its folder (${default})."`
	Since  string   `placeholder:"TIME" help:"Calls that came at this time or later: 2026-01-31T12:00:00+01:00, 2026-01-31, today, yesterday, or how long ago, as 2h or 7d."`
	Until  string   `placeholder:"TIME" help:"Calls that came before this time; a day is in it to its end."`
}

// config returns the configuration, or the default one without a file.
func (a *auditFlags) config() (*config.Config, error) {
	if a.Config == "" {
		c := config.Default()
		return &c, nil
	}
	c, err := config.Read(a.Config, os.LookupEnv)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	return c, nil
}

// dirs returns the folders of the journals. It asks a gateway if no flag names one.
func (a *auditFlags) dirs() ([]string, error) {
	switch {
	case len(a.Dir) > 0:
		return a.Dir, nil
	case a.Config == "":
		return a.ask()
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	if !c.Audit.Kept() {
		return nil, exit(exitUsage, fmt.Errorf(
			"%s: audit.dir names no folder, no record of use is kept; name one with --dir", a.Config))
	}
	return []string{c.Audit.Dir}, nil
}

// zone is where days begin, and of the times in tables.
func (a *auditFlags) zone() (*time.Location, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(c.Limits.Calendar.Zone)
	if err != nil {
		return nil, exit(exitUsage, fmt.Errorf("read the zone of the calendar: %w", err))
	}
	return zone, nil
}

// ask asks the admin listener of a gateway for its folder.
func (a *auditFlags) ask() ([]string, error) {
	client := http.Client{Timeout: quotaPatience}
	response, err := client.Get(adminURL(a.Admin, "/v1/audit"))
	if err != nil {
		return nil, exit(exitUnreachable, fmt.Errorf(
			"no gateway to ask for its journal (%w); name the folder with --dir", err))
	}
	defer response.Body.Close()
	var answer admin.Audit
	text, err := io.ReadAll(io.LimitReader(response.Body, quotaBytes))
	if err == nil && response.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, &answer)
	}
	switch {
	case err != nil:
		return nil, exit(exitUnreachable, fmt.Errorf("ask %s: %w", a.Admin, err))
	case response.StatusCode != http.StatusOK:
		return nil, exit(exitUnreachable, fmt.Errorf(
			"%s answers %d: is it the admin listener of a gateway?", a.Admin, response.StatusCode))
	case answer.Dir == "":
		return nil, exit(exitUsage, fmt.Errorf(
			"the gateway at %s keeps no record of use; name a folder with --dir", a.Admin))
	}
	return []string{answer.Dir}, nil
}

// span sets the time of a filter.
func (a *auditFlags) span(f *query.Filter, now time.Time, zone *time.Location) error {
	if a.Since != "" {
		m, err := query.ParseMoment(a.Since, now, zone)
		if err != nil {
			return exit(exitUsage, fmt.Errorf("--since: %w", err))
		}
		f.Since = m.Since()
	}
	if a.Until != "" {
		m, err := query.ParseMoment(a.Until, now, zone)
		if err != nil {
			return exit(exitUsage, fmt.Errorf("--until: %w", err))
		}
		f.Until = m.Until()
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return exit(exitUsage, errors.New("--until is before --since: no call came in between"))
	}
	return nil
}
