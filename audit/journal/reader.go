package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	readBytes = 256 << 10 // of a segment that are read at once
	peekBytes = 4 << 10   // of one of which only the beginning is read
	maxWindow = 8 << 20   // of a compressed segment that is held while it is read
)

var errTooLong = fmt.Errorf("it is longer than %d bytes, and so no line of a journal", MaxLine)

// errDamaged is the cause of every error of a compressed file.
var errDamaged = errors.New("the compressed file is damaged")

// A Reader reads the lines of a segment. It holds no more than the longest line, and a
// window of 8 MiB if the segment is compressed.
type Reader struct {
	path    string
	file    io.Closer
	decoder *zstd.Decoder // nil: the segment is plain
	source  io.Reader
	buf     []byte
	start   int   // of what Next has not returned, in buf
	scanned int   // up to here there is no newline
	end     int   // of what was read, in buf
	offset  int64 // of buf[0] in the text of the segment
	line    int64 // offset of the line that Next has returned
	number  int   // of that line, from 1
	err     error
}

// Open opens the segment for reading; its caller closes the reader. A segment that was
// compressed since it was listed is read as it is now; for one that was deleted the error is
// fs.ErrNotExist.
func (s Segment) Open() (*Reader, error) { return s.open(readBytes) }

// open opens the segment with a buffer of a size, which grows with the longest line.
func (s Segment) open(size int) (*Reader, error) {
	path, compressed := s.Path, s.Compressed
	open := func(path string) (fs.File, error) { return os.Open(path) }
	if s.files != nil {
		open = s.files.Open
	}
	file, err := open(path)
	if errors.Is(err, fs.ErrNotExist) && !compressed {
		path, compressed = strings.TrimSuffix(path, extPlain)+extCompressed, true
		file, err = open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	r := &Reader{path: path, file: file, source: file, buf: make([]byte, size)}
	if !compressed {
		return r, nil
	}
	r.decoder, err = newDecoder(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("read the journal: %s: %w", path, err)
	}
	r.source = r.decoder
	return r, nil
}

// decoders are those that were used and released. One costs more to make than a header to
// read.
var decoders sync.Pool

// newDecoder returns a decoder, which its caller releases.
func newDecoder(from io.Reader) (*zstd.Decoder, error) {
	if d, ok := decoders.Get().(*zstd.Decoder); ok {
		return d, d.Reset(from)
	}
	return zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
}

// releaseDecoder takes a decoder back that nobody uses any more.
func releaseDecoder(d *zstd.Decoder) {
	if d.Reset(nil) == nil {
		decoders.Put(d)
	}
}

// Next returns the next line without its newline; it is valid until the next call. At the
// end of the file the error is io.EOF, also when a line is there that is not complete: see
// [Reader.Rest]. If the segment is still being written, Next may be called again for what
// has come since. Another error names the file and the line.
func (r *Reader) Next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(r.buf[r.scanned:r.end], '\n'); i >= 0 {
			line := r.buf[r.start : r.scanned+i]
			if len(line) > MaxLine {
				r.err = r.at(errTooLong)
				return nil, r.err
			}
			r.line = r.offset + int64(r.start)
			r.number++
			r.start += len(line) + 1
			r.scanned = r.start
			return line, nil
		}
		r.scanned = r.end
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads more of the line that begins at start.
func (r *Reader) fill() error {
	switch {
	case r.err != nil:
		return r.err
	case r.end-r.start > MaxLine:
		r.err = r.at(errTooLong)
		return r.err
	case r.start > 0:
		r.offset += int64(r.start)
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start, r.scanned = 0, r.end
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := r.source.Read(r.buf[r.end:])
	r.end += n
	switch {
	case n > 0 && (err == nil || err == io.EOF):
		return nil
	case err == nil:
		return io.ErrNoProgress
	case err == io.EOF:
		return io.EOF
	}
	if r.decoder != nil {
		err = fmt.Errorf("%w: %w", errDamaged, err)
	}
	r.err = r.at(err)
	return r.err
}

// at names the line that Next would have returned.
func (r *Reader) at(err error) error {
	return &ReadError{Path: r.path, Line: r.number + 1, Offset: r.offset + int64(r.start), Err: err}
}

// A ReadError is a line of a segment that cannot be read.
type ReadError struct {
	Path   string
	Line   int   // from 1
	Offset int64 // of the line, in the text of the segment
	Err    error
}

func (e *ReadError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err) }

func (e *ReadError) Unwrap() error { return e.Err }

// Path is the file that is being read.
func (r *Reader) Path() string { return r.path }

// Number is the number of the line that Next has returned, from 1.
func (r *Reader) Number() int { return r.number }

// Offset is the offset of that line in the text of the segment, in bytes.
func (r *Reader) Offset() int64 { return r.line }

// Rest is the part of a line after the last newline, once Next has returned io.EOF. It is
// valid until the next call of Next.
func (r *Reader) Rest() []byte { return r.buf[r.start:r.end] }

// Close closes the file. The reader is of no use any more.
func (r *Reader) Close() error {
	if r.decoder != nil {
		releaseDecoder(r.decoder)
		r.decoder, r.source = nil, nil
	}
	return r.file.Close()
}

// skip reads the source to its end and returns the number of bytes that Next has not returned.
func (r *Reader) skip() (int64, error) {
	n, err := io.Copy(io.Discard, r.source)
	return n + int64(r.end-r.start), err
}
