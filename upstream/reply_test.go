package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"brana/egon"
)

// The reply of a step is held whole, so it is bounded, whatever its Content-Length.
func TestWholeReplyIsBounded(t *testing.T) {
	for _, c := range []struct {
		name    string
		bytes   int
		chunked bool
		want    string // of the error
	}{
		{"empty", 0, false, ""},
		{"empty, chunked", 0, true, ""},
		{"longest", defaultMaxReply, false, ""},
		{"longest, chunked", defaultMaxReply, true, ""},
		{"too long", defaultMaxReply + 1, false, "the answer is longer than 1048576 bytes"},
		{"too long, chunked", defaultMaxReply + 1, true, "the answer is longer than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := strings.Repeat("x", c.bytes)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/xml")
				if c.chunked {
					w.(http.Flusher).Flush()
				} else {
					w.Header().Set("Content-Length", fmt.Sprint(c.bytes))
				}
				_, _ = w.Write([]byte(body)) // the client may leave
			}))
			defer s.Close()
			got, err := askWhole(t, client(t, Config{URL: s.URL}), orgParty, question{})
			if c.want == "" {
				if err != nil || string(got) != body {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
				return
			}
			var call *egon.CallError
			if !errors.As(err, &call) || call.Party != orgParty ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
