//go:build linux && (amd64 || arm64) && !race

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// All bytes are written to files of any sort, also those that the kernel does
// not take at once. A write to a closed file returns an error.
func TestNoWaitFile(t *testing.T) {
	text := bytes.Repeat([]byte("a line of some forty bytes for the log ....\n"), 8<<10) // more than a pipe holds
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	other, stream := os.NewFile(uintptr(pair[0]), "other"), os.NewFile(uintptr(pair[1]), "stream")
	name := filepath.Join(t.TempDir(), "file")
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		to   *os.File
		from io.Reader // nil: a file
	}{"pipe": {pipe, r}, "socket": {stream, other}, "file": {to: file}} {
		got := make(chan []byte, 1)
		if c.from != nil {
			go func() { b, _ := io.ReadAll(c.from); got <- b }()
		}
		w := newNoWaitFile(c.to)
		for _, part := range [][]byte{text[:100], {}, text[100:200], text[200:]} {
			if n, err := w.Write(part); n != len(part) || err != nil {
				t.Errorf("%s: Write = %d of %d, %v", name, n, len(part), err)
			}
		}
		c.to.Close()
		if n, err := w.Write(text); n != 0 || err == nil {
			t.Errorf("%s, closed: Write = %d, %v", name, n, err)
		}
		if c.from == nil {
			b, err := os.ReadFile(c.to.Name())
			if err != nil {
				t.Fatal(err)
			}
			got <- b
		}
		if b := <-got; !bytes.Equal(b, text) {
			t.Errorf("%s: %d bytes of %d came", name, len(b), len(text))
		}
	}
	r.Close()
	other.Close()
}

// A write to a full pipe waits for its reader: no byte is lost, and none is
// written twice.
func TestAFullPipeIsWaitedFor(t *testing.T) {
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w := newNoWaitFile(pipe)
	const lines = 4000
	go func() {
		for i := range lines {
			if _, err := w.Write(bytes.Repeat([]byte{byte(i)}, 100)); err != nil {
				t.Error(err)
			}
		}
		pipe.Close()
	}()
	b, err := io.ReadAll(r)
	if err != nil || len(b) != 100*lines {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for i := range b {
		if b[i] != byte(i/100) {
			t.Fatalf("byte %d is %d, want %d", i, b[i], byte(i/100))
		}
	}
	if w.waits.Load() {
		t.Error("a pipe was taken for a file that waits")
	}
}
