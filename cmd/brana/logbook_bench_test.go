package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A line written by one, and by many at the same time, to a pipe that is read and to
// a file, the usual places of a log.
func BenchmarkLogbook(b *testing.B) {
	line := append(bytes.Repeat([]byte("x"), 699), '\n')
	for _, to := range []string{"pipe", "file"} {
		b.Run(to+"/one", func(b *testing.B) {
			book := openLogbook(b, to)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := book.Write(line); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(to+"/many", func(b *testing.B) {
			book := openLogbook(b, to)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := book.Write(line); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// openLogbook returns a book that writes to a file or to a pipe that is read.
func openLogbook(b *testing.B, to string) *logbook {
	b.Helper()
	if to == "file" {
		f, err := os.OpenFile(filepath.Join(b.TempDir(), "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { f.Close() })
		return newLogbook(f)
	}
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, r); r.Close(); close(ended) }()
	b.Cleanup(func() { w.Close(); <-ended })
	return newLogbook(w)
}
