package gateway

import (
	"context"
	"io"
	"strings"
	"testing"

	"brana/egon"
	"brana/limits"
)

func TestPanicsAreAnswered(t *testing.T) {
	boom := func() { panic("boom") }
	for name, change := range map[string]func(*settings){
		"workflow": func(s *settings) {
			s.parts.Media = workflowFunc(
				func(context.Context, *egon.Head) (*egon.Answer, error) { boom(); return nil, nil },
			)
		},
		"relay": relayTo(
			func(context.Context, *egon.Message) (*egon.Answer, error) { boom(); return nil, nil },
		),
		"limiter": func(s *settings) {
			s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
				boom()
				return limits.Decision{}, nil
			}}
		},
		"policy": func(s *settings) { s.parts.Policy = nil },
		"reply": relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
			return &egon.Answer{HTTPStatus: 200, Length: -1, Body: panicking{}}, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t, change)
			path, message := "/publikace/E05", call{}.message()
			if name == "workflow" {
				path, message = "/publikace/E198", mediaCall()
			}
			for range 2 { // the process lives
				checkRefusal(t, s.post(t, path, message), Internal, EgonMode, nil)
			}
			line := s.lines(t, 2)[0]
			stack, _ := line["stack"].(string)
			if line["outcome"] != "internal" || !strings.Contains(stack, "gateway") {
				t.Errorf("line = %v", line)
			}
		})
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }
func (panicking) Close() error             { panic("boom") }

func TestAPanicInTheMiddleOfAnAnswerCutsIt(t *testing.T) {
	doc := largeReply(256 << 10)
	s := startGateway(t, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
		body := io.MultiReader(strings.NewReader(string(doc[:128<<10])), panicking{})
		return &egon.Answer{HTTPStatus: 200, ContentType: contentType, Length: -1, Body: struct {
			io.Reader
			io.Closer
		}{body, panicking{}}}, nil
	}))
	r := s.post(t, "/publikace/E05", call{}.message())
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("the answer looks complete")
	}
	if line := s.lines(t, 1)[0]; line["outcome"] != "upstream-broke" || line["stack"] == nil {
		t.Errorf("line = %v", line)
	}
}
