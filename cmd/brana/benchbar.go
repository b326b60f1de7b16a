package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"brana/bench/load"
)

// progress is the bar of a turn. Where nobody looks on, it is a line at the end.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil: nobody looks on
	begin time.Time
	what  string
	last  string
}

func (t *trial) bar(name string, round int, p load.Plan) *progress {
	bar := &progress{out: t.io.err, begin: time.Now(), what: fmt.Sprintf("%s, round %d of %d", name, round, t.Rounds)}
	if t.Profile == "ramp" {
		bar.what = fmt.Sprintf("%s, step %d, %.0f/s", name, round, p.Pace[0].Rate)
	}
	if terminal(t.io.err) {
		bar.bar = progressbar.NewOptions64(int64(max(p.For, p.Pace.For())),
			progressbar.OptionSetWriter(t.io.err), progressbar.OptionSetDescription(bar.what), progressbar.OptionSetWidth(24),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
	}
	return bar
}

// terminal reports whether somebody may look at what is written.
func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// tell shows how many answers there are.
func (p *progress) tell(right, wrong int64) {
	took := time.Since(p.begin)
	p.last = fmt.Sprintf("%s: %.0f/s, %d wrong", p.what, float64(right)/took.Seconds(), wrong)
	if p.bar != nil {
		p.bar.Describe(p.last)
		_ = p.bar.Set64(min(int64(took), p.bar.GetMax64()-1)) // what cannot be shown is not shown
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish() // likewise
		return
	}
	fmt.Fprintf(p.out, "brana: %s\n", p.last)
}
