package policy

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// saveAfter is how long changes gather before the file is written. When writing
// fails, it is tried again after twice as long, and so on up to saveAgain.
const saveAfter, saveAgain = time.Second, time.Minute

// runFile writes the file after changes, and at the end.
func (r *Rows) runFile() {
	for {
		select {
		case <-r.ctx.Done():
			_ = r.save() // Close returns its error
			return
		case <-r.dirty:
		}
		for wait := saveAfter; r.lasts(wait) && r.save() != nil; {
			wait = min(2*wait, saveAgain)
		}
	}
}

// lasts waits, and reports whether the rows are still open then.
func (r *Rows) lasts(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-r.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// save writes the rows to the file.
func (r *Rows) save() error {
	var rows []fileRow
	r.eachRow(func(row *row) {
		if row.set != nil && len(row.set.items) > 0 {
			fetched := time.Unix(0, row.fetched)
			rows = append(rows, fileRow{row.triple.triple(), fetched, row.set.items})
		}
	})
	slices.SortFunc(rows, func(a, b fileRow) int {
		return cmp.Or(
			cmp.Compare(a.triple.Ovm, b.triple.Ovm),
			cmp.Compare(a.triple.Agenda, b.triple.Agenda),
			cmp.Compare(a.triple.Role, b.triple.Role))
	})
	err := writeRows(r.cfg.Snapshot, r.cfg.Origin, rows)
	r.mu.Lock()
	r.saveErr = err
	if err == nil {
		r.saved = time.Now()
	}
	r.mu.Unlock()
	if r.cfg.OnSave != nil {
		r.cfg.OnSave(err)
	}
	return err
}

// load takes over those rows of the file that decide at this moment.
func (r *Rows) load(now time.Time) error {
	if r.cfg.Snapshot == "" {
		return nil
	}
	f, err := os.Open(r.cfg.Snapshot)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the rows: %w", err)
	}
	defer f.Close()
	rows, err := readRows(r.cfg.Snapshot, f, r.cfg.Origin)
	if err != nil {
		return err
	}
	for _, one := range rows {
		if r.cfg.Ages.life(one.fetched, false, 0, r.prague).at(now) < Stale {
			continue // it is too old, or a clock was wrong
		}
		r.set(r.add(one.triple), one.fetched, one.items)
	}
	return nil
}
