package gateway

import (
	"context"
	"fmt"
	"testing"

	"brana/egon"
)

// Which exchanges and jobs have a line is for the operator to say; a defect has one.
func TestExchangesThatHaveALine(t *testing.T) {
	for _, c := range []struct {
		lines Lines
		want  string
	}{
		{AllLines, "ok not-granted internal; ok"},
		{RefusedLines, "not-granted internal; "},
		{NoLines, "internal; "},
	} {
		t.Run(fmt.Sprint(c.lines), func(t *testing.T) {
			s := startGateway(t, queued(t), func(s *settings) {
				s.cfg.Lines = c.lines
				s.parts.Media = workflowFunc(func(context.Context, *egon.Head) (*egon.Answer, error) {
					panic("media")
				})
			})
			read(t, s.post(t, "/publikace/E05", call{}.message()))
			read(t, s.post(t, "/publikace/E05", call{ais: "999003"}.message()))
			read(t, s.post(t, "/publikace/E198", mediaCall()))
			s.settled(t)
			got := ""
			for _, line := range s.logs.all("exchange") {
				got += line.fields["outcome"].(string) + " "
			}
			got = got[:max(0, len(got)-1)] + "; "
			read(t, s.post(t, "/publikace/E227?async", call{code: "E227"}.message()))
			eventually(t, "the job ends", func() bool { return s.Running()+s.Jobs() == 0 })
			for _, line := range s.logs.all("job") {
				got += line.fields["outcome"].(string)
			}
			if got != c.want {
				t.Errorf("lines of %s, want %s", got, c.want)
			}
		})
	}
}
