package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"brana/egon"
)

func TestALargeReplyStreamsUnchanged(t *testing.T) {
	for _, size := range []int{10 << 10, 64 << 10, 1 << 20} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d known=%v", size, known), func(t *testing.T) {
				doc := largeReply(size)
				s := startGateway(
					t, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
						a := answerOf(doc)
						if !known {
							a.Length = -1
						}
						return a, nil
					}),
				)
				r := s.post(t, "/publikace/E05", call{}.message())
				if got := read(t, r); got != string(doc) {
					t.Errorf("%d bytes, want %d", len(got), len(doc))
				}
				if wantKnown := known || size < 60<<10; (r.ContentLength >= 0) != wantKnown {
					t.Errorf("Content-Length %d", r.ContentLength)
				}
			})
		}
	}
}

// A large reply that breaks must not look complete.
func TestALargeReplyThatBreaksIsCut(t *testing.T) {
	doc := largeReply(1 << 20)
	for name, c := range map[string]struct {
		body   io.Reader
		length int64
	}{
		"cut":                 {bytes.NewReader(doc[:900<<10]), int64(len(doc))},
		"cut, chunked":        {bytes.NewReader(doc[:900<<10]), -1},
		"cut in the end tags": {bytes.NewReader(doc[:len(doc)-3]), -1},
		"broken": {
			io.MultiReader(bytes.NewReader(doc[:900<<10]), breaking{errors.New("reset")}), -1,
		},
		"not XML in the tail": {
			io.MultiReader(bytes.NewReader(doc[:900<<10]), strings.NewReader("<<")),
			int64(len(doc)),
		},
		"more after the end": {
			io.MultiReader(bytes.NewReader(doc), strings.NewReader("<x/>")), -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(
				t, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
					return &egon.Answer{
						HTTPStatus:  200,
						ContentType: contentType,
						Length:      c.length,
						Body:        io.NopCloser(c.body),
					}, nil
				}),
			)
			r := s.post(t, "/publikace/E05", call{}.message())
			got, err := io.ReadAll(r.Body)
			if err == nil {
				t.Error("the answer looks complete")
			}
			if bytes.Contains(got, []byte("</s:Envelope>")) {
				t.Error("the end of the document was sent")
			}
			if got := s.outcome(t); got != "upstream-broke" {
				t.Errorf("outcome = %s", got)
			}
		})
	}
}

// An upstream may answer before it has taken the message; what it left unread
// is not the next request.
func TestAnEarlyAnswerLeavesNothingBehind(t *testing.T) {
	s := startGateway(t, relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		_, _ = io.CopyN(io.Discard, m.Body, 70<<10)
		return answerOf(replyOf("E05", egon.OK)), nil
	}))
	message := largeMessage(400 << 10)
	w := s.dial(t)
	w.write(withLength("/publikace/E05", message), withLength("/publikace/E05", call{}.message()))
	for range 2 {
		if r, body := w.answer(); r.StatusCode != 200 {
			t.Errorf("%d %s", r.StatusCode, body)
		}
	}
}
