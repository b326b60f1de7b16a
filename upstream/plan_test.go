package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brana/egon"
)

// A step may take the time that is left, less a tenth of the whole for each step behind it.
func TestPlan(t *testing.T) {
	for _, tt := range []struct {
		words []string
		want  string // until when, in tenths: evidence, G27, O25, O08
	}{
		{[]string{"EopFoto"}, "7 8 9 10"},
		{[]string{"EopFoto", "Jmeno", "ROBCti"}, "7 8 9 10"},
		{[]string{"EopFoto", "Jmeno", "ROBCti", "RUIANOver"}, "6 7 8 9"},
		{[]string{"EopFoto", "RUIANCti"}, "7 8 9 10"},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			p := planOf(ctx, e198Head(tt.words...))
			var got []string
			for _, behind := range []int{p.reading + 2, p.reading + 1, p.reading, p.reading - 1} {
				got = append(got, fmt.Sprint(p.deadline(behind).Sub(start).Seconds()))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%v: until %s, want %s", tt.words, s, tt.want)
			}
		})
	}
	if p := planOf(context.Background(), e198Head("EopFoto")); !p.deadline(3).IsZero() {
		t.Error("a call without a deadline has one for a step")
	}
}

// A deadline that was taken off does not come; one that was not, ends the
// context as a deadline does.
func TestHeadDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, off := newHeadDeadline(t.Context(),
			time.Now().Add(time.Second)), newHeadDeadline(t.Context(), time.Now().Add(time.Second))
		off.lift()
		time.Sleep(2 * time.Second)
		if !errors.Is(context.Cause(kept), context.DeadlineExceeded) || off.Err() != nil {
			t.Errorf("kept ends with %v, taken off with %v", context.Cause(kept), off.Err())
		}
		off.end()
		if off.Err() == nil {
			t.Error("a leash that was ended is alive")
		}
	})
}

// An evidence that breaks in the middle of its media while ROB is asked ends the
// call at once and is named: ROB would be waited for in vain.
func TestMediaThatBreakEndTheSteps(t *testing.T) {
	answer := envelope(eop("OK", known, appStatus("OK", "")+aifo1+photo))
	asked := make(chan struct{})
	m, c := allWell().without("O08", "A28", "G02").start(t)
	eopURL := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s",
			len(answer), answer[:strings.Index(answer, "QUJD")])
		<-asked
	}).listen(t)
	left := make(chan error, 1)
	robURL := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		waitFor(t, "ORG to be asked for the caller too",
			func() bool { return c.steps() == "G27 ROB G27 caller" })
		close(asked)
		_, err := br.ReadByte()
		left <- err
	}).listen(t)
	m.Eop = client(t, Config{Name: "eop", URL: eopURL, Agenda: "A385", Ais: 385})
	m.Rob = client(t, Config{Name: "rob", URL: robURL, Agenda: "A999", Ais: 1})
	_, _, err := m.Serve(t.Context(), e198Head("EopFoto", "Jmeno", "ROBCti"), nil)
	var call *egon.CallError
	if !errors.As(err, &call) || call.Name != "eop" || call.Party.Code != "385" || call.Timeout {
		t.Errorf("error = %v, want the evidence to be named", err)
	}
	if err := <-left; err != io.EOF && !errors.Is(err, net.ErrClosed) &&
		!strings.Contains(err.Error(), "reset") {
		t.Errorf("ROB saw %v", err)
	}
	if got := c.steps(); got != "G27 ROB G27 caller" {
		t.Errorf("took %s", got)
	}
	allGivenBack(t, m)
}
