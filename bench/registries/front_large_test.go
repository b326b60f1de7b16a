package registries

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// A request and a reply of 64 MiB each pass through without being held.
func TestFrontStreams(t *testing.T) {
	s := newTestServer(t)
	const size = 64 << 20
	s.set(Front, Settings{ReplyBytes: size})
	head, tail, _ := strings.Cut(enveloped(frontRequest("E20", "", "", "|")), "|")
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(letters{}, size), strings.NewReader(tail))
	req, err := http.NewRequest("POST", s.url+"/publikace/E20", body)
	if err != nil {
		t.Fatal(err)
	}
	before := allocated()
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	start := make([]byte, 4096)
	if _, err := io.ReadFull(resp.Body, start); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || n+4096 != size {
		t.Errorf("reply of %d bytes, %v, want %d", n+4096, err, size)
	}
	if !bytes.Contains(start, []byte("<reg:AgendaZadostId>"+testAgendaID)) {
		t.Errorf("reply begins %s", start)
	}
	if grown := allocated() - before; grown > 16<<20 {
		t.Errorf("128 MiB passed with %d MiB allocated, want less than 16", grown>>20)
	}
}

// allocated counts the bytes allocated since the process began.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func TestFrontLargeRequests(t *testing.T) {
	s := newTestServer(t)
	large := func(document string) answered {
		head, tail, _ := strings.Cut(document, "|")
		return s.do("POST", "/publikace/E05", "",
			io.MultiReader(strings.NewReader(head), io.LimitReader(letters{}, 2*frontHeld), strings.NewReader(tail)))
	}
	payload := frontRequest("E05", "", "", "|")
	header := `<h:Action xmlns:h="http://schemas.microsoft.com/ws/2005/05/addressing/none">IszrRobCtiPodleUdaju</h:Action>`
	for name, document := range map[string]string{
		"enveloped":     enveloped(payload),
		"bare":          payload,
		"with a header": strings.Replace(enveloped(payload), "<s:Header/>", "<s:Header>"+header+"</s:Header>", 1),
	} {
		if a := large(document); !strings.Contains(string(a.body), testAgendaID) {
			t.Errorf("%s: answer = %d %s %v", name, a.status, a.body, a.err)
		}
	}
	if a := large("<a>|</a>"); a.status != 500 {
		t.Errorf("without ZadostInfo: answer = %d %s %v", a.status, a.body, a.err)
	}
}
