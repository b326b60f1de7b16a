package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// A Probe is what the folder of a journal looks like before a gateway writes there.
type Probe struct {
	Holder string // who writes there at this moment, as "pid 7, gateway g1"; empty: nobody
}

// Writes reports whether a gateway of that name writes there at this moment.
func (p *Probe) Writes(gateway string) bool {
	return strings.HasSuffix(p.Holder, ", gateway "+gateway)
}

// ProbeFolder looks whether [Open] would find a folder fit for a journal: it is there, or
// can be made, can be written to, and holds nothing but a journal of this format. It changes
// nothing, so a disk that is full shows only later.
func ProbeFolder(dir string) (Probe, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Probe{}, probeParent(dir)
	case err != nil:
		return Probe{}, err
	case !info.IsDir():
		return Probe{}, fmt.Errorf("%s is no folder: name one for the journal", dir)
	}
	if err := writable(dir); err != nil {
		return Probe{}, err
	}
	if _, err := survey(dir); err != nil {
		return Probe{}, err
	}
	holder, err := lockHolder(dir)
	return Probe{Holder: holder}, err
}

// probeParent looks whether a folder that is missing can be made.
func probeParent(dir string) error {
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		switch {
		case errors.Is(err, fs.ErrNotExist) && parent != filepath.Dir(parent):
			continue
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is no folder, so %s cannot be made", parent, dir)
		}
		return writable(parent)
	}
}

// ProbeCopies looks whether copies of seals can go to the file and to the command. It changes
// nothing, starts nothing and calls nobody, so a log daemon that is away shows only later.
func ProbeCopies(cfg *CopiesConfig) error {
	if cfg.File != "" {
		if err := probeFile(cfg.File); err != nil {
			return fmt.Errorf("file: %w", err)
		}
	}
	if len(cfg.Command) > 0 {
		if _, err := exec.LookPath(cfg.Command[0]); err != nil {
			return fmt.Errorf("command: %w; name a program that the gateway may start", err)
		}
	}
	return nil
}

// probeFile looks whether a file can be appended to, or be made.
func probeFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fmt.Errorf("%w; make the folder first", err)
		}
		return writable(filepath.Dir(path))
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder: name a file", path)
	}
	const write, read = 2, 4
	if err := syscall.Access(path, write|read); err != nil {
		return fmt.Errorf("%s cannot be written to: %w", path, err)
	}
	return nil
}

func writable(dir string) error {
	const write, search = 2, 1
	if err := syscall.Access(dir, write|search); err != nil {
		return fmt.Errorf("%s cannot be written to: %w", dir, err)
	}
	return nil
}
