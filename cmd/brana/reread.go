package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// A reread is the content of files that the configuration names: certificates, or
// a password. Its users ask each time and get the present content. A file that is
// missing or broken leaves the last good content in force.
type reread[T any] struct {
	key   string // of the configuration
	what  string // the files hold, for the log
	files []string
	build func() (T, error)
	log   *zap.Logger

	current atomic.Pointer[T]
	mu      sync.Mutex // guards the rest
	checked time.Time  // the files, last
	readAs  string     // the stamp of the files when they were read
}

// checkAgain is the time between two checks of the files.
const checkAgain = 2 * time.Second

// value returns the content in force. It reads files that have changed.
func (r *reread[T]) value() T {
	if r.mu.TryLock() {
		defer r.mu.Unlock()
		if time.Since(r.checked) >= checkAgain && r.stamp() != r.readAs {
			r.logged(r.read())
		}
	}
	return *r.current.Load()
}

// load reads the files for the first time.
func (r *reread[T]) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read()
}

// reload reads the files whether they have changed or not.
func (r *reread[T]) reload() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logged(r.read())
}

func (r *reread[T]) logged(err error) {
	if err != nil {
		r.log.Error("read "+r.what+": what was last read stays in force", zap.Error(err))
	} else {
		r.log.Info(r.what+" read", zap.String("key", r.key))
	}
}

// read takes the stamp of the files before it reads them, so that a file that is
// still being written is read again.
func (r *reread[T]) read() error {
	r.readAs = r.stamp()
	value, err := r.build()
	if err != nil {
		return fmt.Errorf("%s: %w", r.key, err)
	}
	r.current.Store(&value)
	return nil
}

// stamp is the sizes and times of the files. It changes when they do.
func (r *reread[T]) stamp() string {
	r.checked = time.Now()
	var b strings.Builder
	for _, file := range r.files {
		if info, err := os.Stat(file); err == nil {
			fmt.Fprintf(&b, "%d %d\n", info.Size(), info.ModTime().UnixNano())
		} else {
			b.WriteString("\n")
		}
	}
	return b.String()
}
