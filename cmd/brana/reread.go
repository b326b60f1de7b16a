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

// A reread is the content of some files of the configuration: certificates, or a
// password. Its users ask each time and get the present content. A file that is
// missing or broken leaves the last good content in force.
type reread[T any] struct {
	key   string // of the configuration, which names the files
	what  string // they hold, for the log
	files []string
	build func() (T, error)
	log   *zap.Logger

	current atomic.Pointer[T]
	mu      sync.Mutex // guards the rest
	looked  time.Time  // at the files
	tried   string     // how they looked when they were read
}

// lookAgain is how long files are not looked at again.
const lookAgain = 2 * time.Second

// value returns what holds now.
func (r *reread[T]) value() T {
	if r.mu.TryLock() {
		defer r.mu.Unlock()
		if time.Since(r.looked) >= lookAgain && r.look() != r.tried {
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

// read keeps how the files looked before it read them, so that one that is
// still being written is read again.
func (r *reread[T]) read() error {
	r.tried = r.look()
	value, err := r.build()
	if err != nil {
		return fmt.Errorf("%s: %w", r.key, err)
	}
	r.current.Store(&value)
	return nil
}

// look returns what changes when the files do.
func (r *reread[T]) look() string {
	r.looked = time.Now()
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
