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

func TestMemoryStaysFlatOver64MiB(t *testing.T) {
	const size = 64 << 20
	sum := sha256.New()
	var peak, before uint64
	sample := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	s := startGateway(t, relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		for i := 0; ; i++ {
			if i%64 == 0 {
				peak = max(peak, sample())
			}
			if _, err := io.CopyN(sum, m.Body, 256<<10); err == io.EOF {
				break
			} else if err != nil {
				return nil, err
			}
		}
		return answerOf(replyOf("E05", egon.OK)), nil
	}))
	before = sample()
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
