package main

import (
	"fmt"

	"brana/audit"
	"brana/audit/journal"
	"brana/cmd/brana/config"
)

// checkRecord checks where the record of use shall be kept, and writes nothing there. The
// text is the part of check's line about it.
func checkRecord(a *config.Audit) (text string, err error) {
	switch {
	case a.Dir == config.NoRecord:
		return "; no record of use", nil
	case !a.Kept():
		return "; no record of use: audit.dir is empty", nil
	}
	var warnings string
	cfg, err := journalConfig(a, func(warning string) { warnings += "; audit.key: " + warning })
	if err != nil {
		return "", err
	}
	if a.PersonKey != "" {
		if _, err := audit.ReadPersonKey(a.PersonKey); err != nil {
			return "", fmt.Errorf("audit.person_key: %w", err)
		}
	}
	seals := copiesConfig(a, cfg.Gateway, nil)
	copies, err := journal.StartCopies(seals)
	if err != nil {
		return "", fmt.Errorf("audit.seals: %w", err)
	}
	copies.Close()
	if err := journal.ProbeCopies(&seals); err != nil {
		return "", fmt.Errorf("audit.seals.%w", err)
	}
	probe, err := journal.ProbeFolder(cfg.Dir)
	if err != nil {
		return "", folderError(cfg.Dir, err)
	}
	text = fmt.Sprintf("; record of use of %s in %s", cfg.Gateway, cfg.Dir)
	switch {
	case probe.Writes(cfg.Gateway):
		text += ", which it writes at this moment"
	case probe.Holder != "":
		return "", fmt.Errorf("audit.dir: another gateway writes the journal in %s (%s): "+
			"each gateway needs a folder of its own", cfg.Dir, probe.Holder)
	}
	return text + warnings, nil
}
