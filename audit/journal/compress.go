package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The parts in which a segment is compressed. After each part the goroutine sleeps for idle
// times as long as the part took: it uses a quarter of one core at most. Its thread has no
// lower priority, since a thread that the kernel holds back would hold back the collector
// of the whole process.
const (
	partBytes   = 128 << 10 // read at once
	syncedBytes = 1 << 20   // written between two fsyncs, so that none takes long
	idle        = 3
	window      = 1 << 20 // of the compressed text
)

// compress replaces the file of a closed segment by a compressed one. Whenever it is
// interrupted, one of the two files is whole, and the plain one counts as long as it is there:
// the compressed one gets its name once it is durable and was read back.
func compress(ctx context.Context, s Segment) (bytes int64, err error) {
	made := strings.TrimSuffix(s.Path, extPlain) + extCompressed
	temporary := made + extMaking
	defer func() {
		if err != nil {
			_ = os.Remove(temporary)
			err = fmt.Errorf("compress %s: %w", s.Path, err)
		}
	}()
	sum, err := writeCompressed(ctx, s.Path, temporary)
	if err != nil {
		return 0, err
	}
	again, err := readCompressed(ctx, temporary)
	if err == nil && again != sum {
		err = errors.New("what was written reads differently")
	}
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(temporary)
	if err != nil {
		return 0, err
	}
	if err := os.Rename(temporary, made); err != nil {
		return 0, err
	}
	dir := folder(filepath.Dir(s.Path))
	if err := dir.Sync(); err != nil {
		return 0, err
	}
	if err := os.Remove(s.Path); err != nil {
		return 0, err
	}
	return info.Size(), dir.Sync()
}

// writeCompressed writes a compressed file and makes it durable. It returns the hash of the
// text.
func writeCompressed(ctx context.Context, from, to string) (sum hash, err error) {
	in, err := os.Open(from)
	if err != nil {
		return sum, err
	}
	defer in.Close()
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sum, err // an interrupted compression has left it
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if info, err := in.Stat(); err == nil {
		_ = out.Chmod(info.Mode()) // that of the plain file; not all disks have modes
	}
	encoder, err := zstd.NewWriter(&steady{file: out}, zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return sum, err
	}
	text := sha256.New()
	if err := slowly(ctx, io.MultiWriter(encoder, text), in); err != nil {
		return sum, errors.Join(err, encoder.Close())
	}
	if err := encoder.Close(); err != nil {
		return sum, err
	}
	return sumOf(text), out.Sync()
}

// readCompressed returns the hash of the text in a compressed file.
func readCompressed(ctx context.Context, path string) (sum hash, err error) {
	in, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer in.Close()
	decoder, err := newDecoder(in)
	if err != nil {
		return sum, err
	}
	defer releaseDecoder(decoder)
	text := sha256.New()
	err = slowly(ctx, text, decoder)
	return sumOf(text), err
}

func sumOf(h interface{ Sum([]byte) []byte }) (sum hash) {
	h.Sum(sum[:0])
	return sum
}

// slowly copies in parts, with rests between them.
func slowly(ctx context.Context, to io.Writer, from io.Reader) error {
	part := bytes.NewBuffer(make([]byte, 0, partBytes))
	for {
		began := time.Now()
		part.Reset()
		n, err := io.CopyN(part, from, partBytes)
		if err != nil && err != io.EOF {
			return err
		}
		if _, err := part.WriteTo(to); err != nil {
			return err
		}
		if n < partBytes {
			return nil
		}
		if err := rested(ctx, idle*time.Since(began)); err != nil {
			return err
		}
	}
}

// rested sleeps, unless the context ends.
func rested(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// A steady file brings to the disk what is written to it, a little at a time.
type steady struct {
	file    *os.File
	written int
}

func (s *steady) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	if s.written += n; err == nil && s.written >= syncedBytes {
		s.written = 0
		err = syncData(s.file)
	}
	return n, err
}
