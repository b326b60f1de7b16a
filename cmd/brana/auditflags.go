package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"brana/audit/query"
	"brana/cmd/brana/config"
)

// auditFlags say which journals are asked, and about which time.
type auditFlags struct {
	Dir   []string `placeholder:"DIR" type:"path" help:"Folder of a journal; repeat it for several gateways. Without it the running gateway is asked."`
	Admin string   `default:"127.0.0.1:8081" placeholder:"ADDR" help:"Admin listener of the gateway that is asked for its folder (${default})."`
	Since string   `placeholder:"TIME" help:"Calls that came at this time or later: 2026-01-31T12:00:00+01:00, 2026-01-31, today, yesterday, or how long ago, as 2h or 7d."`
	Until string   `placeholder:"TIME" help:"Calls that came before this time; a day is in it to its end."`
}

// auditAnswer is what an admin listener answers to /v1/audit.
type auditAnswer struct {
	Dir     string `json:"dir"`
	Gateway string `json:"gateway"`
	State   string `json:"state"`
}

// dirs returns the folders of the journals.
func (a *auditFlags) dirs() ([]string, error) {
	if len(a.Dir) > 0 {
		return a.Dir, nil
	}
	client := http.Client{Timeout: quotaPatience}
	response, err := client.Get("http://" + a.Admin + "/v1/audit")
	if err != nil {
		return nil, exit(exitUnreachable, fmt.Errorf(
			"no gateway to ask for its journal (%w); name the folder with --dir", err))
	}
	defer response.Body.Close()
	var answer auditAnswer
	text, err := io.ReadAll(io.LimitReader(response.Body, quotaBytes))
	if err == nil && response.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, &answer)
	}
	switch {
	case err != nil:
		return nil, exit(exitUnreachable, fmt.Errorf("ask %s: %w", a.Admin, err))
	case response.StatusCode != http.StatusOK || answer.Dir == "":
		return nil, exit(exitUsage, fmt.Errorf(
			"the gateway at %s keeps no record of use; name a folder with --dir", a.Admin))
	}
	return []string{answer.Dir}, nil
}

// zone is where days begin, and of the times in tables.
func (a *auditFlags) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(config.Default().Limits.Calendar.Zone)
	if err != nil {
		return nil, exit(exitUsage, fmt.Errorf("read the zone of the calendar: %w", err))
	}
	return zone, nil
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
