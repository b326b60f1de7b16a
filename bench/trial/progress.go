package trial

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"brana/bench/load"
)

// progress shows the progress of a turn: as a bar on a terminal, elsewhere as one
// line at the end.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil: out is no terminal
	begin time.Time
	turn  string // which turn of which target
	last  string // line shown
}

func (t *Trial) progress(name string, round int, p load.Plan) *progress {
	shown := &progress{
		out:   t.cfg.Progress,
		begin: time.Now(),
		turn:  fmt.Sprintf("%s, round %d of %d", name, round, t.cfg.Rounds),
	}
	if t.cfg.Profile == "ramp" {
		shown.turn = fmt.Sprintf("%s, step %d, %.0f/s", name, round, p.Pace[0].Rate)
	}
	if t.cfg.Terminal {
		shown.bar = progressbar.NewOptions64(int64(max(p.For, p.Pace.For())),
			progressbar.OptionSetWriter(t.cfg.Progress),
			progressbar.OptionSetDescription(shown.turn),
			progressbar.OptionSetWidth(24),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false))
	}
	return shown
}

// update shows the numbers of right and of wrong answers.
func (p *progress) update(right, wrong int64) {
	took := time.Since(p.begin)
	p.last = fmt.Sprintf("%s: %.0f/s, %d wrong", p.turn, float64(right)/took.Seconds(), wrong)
	if p.bar != nil {
		p.bar.Describe(p.last)
		_ = p.bar.Set64(min(int64(took),
			p.bar.GetMax64()-1)) // an update that cannot be shown is left out
	}
}

// end removes the bar, or writes the line.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish() // likewise
		return
	}
	fmt.Fprintf(p.out, "brana: %s\n", p.last)
}
