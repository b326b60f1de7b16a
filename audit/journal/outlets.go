package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// toFile appends copies to a file, each durable before the next. A line that a crash has torn
// stays as it is.
func toFile(path string) sender {
	return func(_ context.Context, text []byte) error {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, fileMode)
		if err != nil {
			return err
		}
		return errors.Join(appendLine(f, text), f.Close())
	}
}

func appendLine(f *os.File, text []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if size := info.Size(); size > 0 {
		var last [1]byte
		if _, err := f.ReadAt(last[:], size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			text = append([]byte{'\n'}, text...)
		}
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil || info.Size() > 0 {
		return err
	}
	return folder(filepath.Dir(f.Name())).Sync()
}

// errorBytes bounds what is quoted of a command's standard error.
const errorBytes = 200

// toCommand starts a program for each copy, which it reads from its standard input.
func toCommand(argv []string) sender {
	return func(ctx context.Context, text []byte) error {
		var complaint capped
		command := exec.CommandContext(ctx, argv[0], argv[1:]...)
		command.Stdin, command.Stderr = bytes.NewReader(text), &complaint
		command.WaitDelay = time.Second
		switch err := command.Run(); {
		case ctx.Err() != nil:
			return fmt.Errorf("%s was ended, since it took too long", argv[0])
		case err != nil && len(complaint) > 0:
			return fmt.Errorf("%s: %w: %s", argv[0], err, strings.TrimSpace(string(complaint)))
		case err != nil:
			return fmt.Errorf("%s: %w", argv[0], err)
		}
		return nil
	}
}

// capped keeps the beginning of what is written to it.
type capped []byte

func (c *capped) Write(b []byte) (int, error) {
	*c = append(*c, b[:min(len(b), errorBytes-len(*c))]...)
	return len(b), nil
}
