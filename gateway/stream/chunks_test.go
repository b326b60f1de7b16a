package stream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"
)

// unchunk reads a body in chunks from in, and returns it and what is left.
func unchunk(t testing.TB, in io.Reader) (body, rest []byte, err error) {
	t.Helper()
	const header = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	wire := bufio.NewReaderSize(io.MultiReader(strings.NewReader(header), in), 16<<10)
	var rc fasthttp.RequestCtx
	if err := rc.Request.Header.Read(wire); err != nil {
		t.Fatal(err)
	}
	if err := rc.Request.ContinueReadBodyStream(wire, 1, false); err != nil {
		t.Fatal(err)
	}
	body, err = io.ReadAll(Chunks(rc.RequestBodyStream()))
	if err != nil {
		return nil, nil, err
	}
	rest, err = io.ReadAll(wire)
	return body, rest, err
}

// A stream of another make than the library's shows no framing, and is not read.
func TestChunksOfAnUnknownStream(t *testing.T) {
	n, err := Chunks(strings.NewReader("5\r\n<a/>\n\r\n0\r\n\r\n")).Read(make([]byte, 9))
	if n != 0 || !errors.Is(err, ErrUnknownBody) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// However a body is cut into chunks, whatever they and the trailers say, and
// however they arrive: it is what was sent, and so is what follows it.
func TestChunksProperty(t *testing.T) {
	const next = "POST / HTTP/1.1\r\n"
	token := rapid.StringMatching("[!#$%&'*+.^_`|~A-Za-z0-9-]{1,9}")
	quoted := rapid.StringMatching(`([ !#-\[\]-~]|\\[ -~]){0,20}`)
	extension := rapid.OneOf(
		rapid.Just(""),
		rapid.Map(token, func(s string) string { return ";" + s }),
		rapid.Map(token, func(s string) string { return ";" + s + "=" + s }),
		rapid.Map(quoted, func(s string) string { return `;a="` + s + `"` }),
	)
	size := rapid.SampledFrom([]string{"%x", "%X", "0%x", "000000000%x"})
	pieces := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 40), 0, 8)
	rapid.Check(t, func(r *rapid.T) {
		var want, sent []byte
		for _, piece := range pieces.Draw(r, "chunks") {
			e := extension.Draw(r, "extension")
			sent = fmt.Appendf(sent, size.Draw(r, "size")+"%s\r\n%s\r\n", len(piece), e, piece)
			want = append(want, piece...)
		}
		sent = append(sent, "0"+extension.Draw(r, "last")+"\r\n"...)
		for _, name := range rapid.SliceOfN(token, 0, 2).Draw(r, "trailers") {
			sent = fmt.Appendf(sent, "X-%s: y\r\n", name)
		}
		sent = append(sent, "\r\n"+next...)
		for name, in := range map[string]io.Reader{
			"whole":        bytes.NewReader(sent),
			"byte by byte": iotest.OneByteReader(bytes.NewReader(sent)),
			"by halves":    iotest.HalfReader(bytes.NewReader(sent)),
		} {
			body, rest, err := unchunk(t, in)
			if err != nil || !bytes.Equal(body, want) || string(rest) != next {
				r.Fatalf("%s: %q gives %q and %q, %v", name, sent, body, rest, err)
			}
		}
	})
}

// FuzzChunks: what passes is a message to a reader of another make, too, and
// ends for both at the same byte.
func FuzzChunks(f *testing.F) {
	for _, sent := range []string{
		"5\r\n<a/>\n\r\n0\r\n\r\nGET",
		"1;a=\"\\\"\";b=c\r\n<\r\n00;x\r\nX: y\r\n\r\n",
		"5 \r\n<a/>\n\r\n0\r\n\r\n",
		"2;\r\n<>\r\n0\r\n\r\n",
		"1\r\n<\r\n0\r\nX: y\n\r\n",
		"1\r;a\r\n<\r\n0\r\n\r\n",
		"a\r\n0123456789\r\n0\r\nX: y\r\n z\r\n\r\n",
	} {
		f.Add([]byte(sent))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		whole, rest, err := unchunk(t, bytes.NewReader(sent))
		single, left, err2 := unchunk(t, iotest.OneByteReader(bytes.NewReader(sent)))
		same := bytes.Equal(whole, single) && bytes.Equal(rest, left)
		if (err == nil) != (err2 == nil) || !same {
			t.Fatalf("whole %q, %q, %v; byte by byte %q, %q, %v",
				whole, rest, err, single, left, err2)
		}
		if err != nil {
			return
		}
		wire := bufio.NewReader(bytes.NewReader(sent))
		body, err := io.ReadAll(httputil.NewChunkedReader(wire))
		if err != nil || !bytes.Equal(body, whole) {
			t.Fatalf("net/http reads %q, %v, here %q", body, err, whole)
		}
		for line := []byte("x"); len(line) > 0; { // NewChunkedReader leaves the trailers
			line, err = wire.ReadBytes('\n')
			text, terminated := bytes.CutSuffix(line, []byte("\r\n"))
			if err != nil || !terminated || bytes.ContainsRune(text, '\r') {
				t.Fatalf("a trailer of %q, %v", line, err)
			}
			line = text
		}
		if after, err := io.ReadAll(wire); err != nil || !bytes.Equal(after, rest) {
			t.Fatalf("net/http leaves %q, %v, here %q", after, err, rest)
		}
	})
}
