package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"runtime"
	"testing"

	"brana/egon"
)

// patternMessage is a message of any length that nobody holds.
func patternMessage(size int64) (io.Reader, int64) {
	m := largeMessage(0)
	at := bytes.Index(m, []byte("</x>"))
	return io.MultiReader(
		bytes.NewReader(m[:at]), io.LimitReader(letters{}, size), bytes.NewReader(m[at:]),
	), int64(len(m)) + size
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

// A reply of 64 MiB is filtered while it streams, be the long part one that leaves or one
// that is removed.
func TestMemoryStaysFlatWhileFiltering64MiB(t *testing.T) {
	const size = 64 << 20
	for name, c := range map[string]struct {
		item string
		want int64 // bytes of it that leave
	}{
		"permitted":   {"Jmeno", size},
		"unpermitted": {"Telefon", 0},
		"unknown":     {"Nove", 0},
	} {
		t.Run(name, func(t *testing.T) {
			doc := personReply("<Telefon>1</Telefon><" + c.item + "></" + c.item + ">")
			at := bytes.Index(doc, []byte("></"+c.item)) + 1
			var measured measuredLetters
			relay := func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
				a, err := replying(nil)(ctx, m)
				if err != nil {
					return nil, err
				}
				a.Length = int64(len(doc)) + size
				a.Body = io.NopCloser(io.MultiReader(bytes.NewReader(doc[:at]),
					io.LimitReader(&measured, size), bytes.NewReader(doc[at:])))
				return a, nil
			}
			s := startGateway(t, returning(egon.FilterReturned, relay))
			before := heap()
			r := s.post(t, "/publikace/E05", asksForNames)
			left, b := int64(0), make([]byte, 256<<10)
			for {
				n, err := r.Body.Read(b)
				left += int64(bytes.Count(b[:n], []byte("A")))
				if err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if extra := left - c.want; extra < 0 || extra > 100 { // of its names and others
				t.Errorf("%d bytes of the item left, want %d", left, c.want)
			}
			if grown := int64(measured.peak) - int64(before); grown > 1<<20 {
				t.Errorf("the heap grew by %d KiB", grown>>10)
			}
		})
	}
}

// measuredLetters are letters that measure the heap every 4 MiB.
type measuredLetters struct {
	letters
	read int
	peak uint64
}

func (l *measuredLetters) Read(p []byte) (int, error) {
	if l.read += len(p); l.read > 4<<20 {
		l.read, l.peak = 0, max(l.peak, heap())
	}
	return l.letters.Read(p)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMemoryStaysFlatOver64MiB(t *testing.T) {
	const size = 64 << 20
	sum := sha256.New()
	var peak, before uint64
	s := startGateway(t, relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		for i := 0; ; i++ {
			if i%64 == 0 {
				peak = max(peak, heap())
			}
			if _, err := io.CopyN(sum, m.Body, 256<<10); err == io.EOF {
				break
			} else if err != nil {
				return nil, err
			}
		}
		return answerOf(replyOf("E05", egon.OK)), nil
	}))
	before = heap()
	body, length := patternMessage(size)
	rq, err := http.NewRequest("POST", "http://"+s.addr+"/publikace/E05", body)
	if err != nil {
		t.Fatal(err)
	}
	rq.ContentLength = length
	rq.Header.Set("Content-Type", contentType)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if got := read(t, r); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, got)
	}
	want := sha256.New()
	again, _ := patternMessage(size)
	_, _ = io.Copy(want, again)
	if !bytes.Equal(sum.Sum(nil), want.Sum(nil)) {
		t.Error("the bytes changed")
	}
	if grown := int64(peak) - int64(before); grown > 2<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
}
