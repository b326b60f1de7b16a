//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkRelayMemory reports the growth over idle of the resident memory of a
// gateway in a process of its own, while 200 callers at once send 64 MiB and receive
// 64 MiB each. No answer begins before every message has arrived, so that all of
// them run at the same time.
func BenchmarkRelayMemory(b *testing.B) {
	const calls = 200
	bus := startWaitingBus(b)
	file := serveFile(b, "127.0.0.1:1", "http://127.0.0.1:1/publikace", bus.url)
	grants := filepath.Join(filepath.Dir(file), "policy", "grants.yaml")
	text, err := os.ReadFile(grants)
	if err != nil {
		b.Fatal(err)
	}
	write(b, grants, strings.ReplaceAll(string(text), "concurrent: 50", "concurrent: "+strconv.Itoa(calls)))
	p := runProcess(b, "serve", "-c", file)
	p.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: calls, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}}
	defer p.client.CloseIdleConnections()

	question := bigMessage(b)
	question.start, question.end = question.start+"<x>", "</x>"+question.end
	b.SetBytes(2 * calls * big)
	for b.Loop() {
		idle := p.status(b, "VmRSS")
		ended := make(chan error, calls)
		for range calls {
			go func() { ended <- p.relayLong(question) }()
		}
		for range calls {
			select {
			case <-bus.arrived:
			case err := <-ended:
				b.Fatal("a call ended before all had arrived: ", err)
			}
		}
		for range calls {
			bus.answer <- struct{}{}
		}
		for range calls {
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
		}
		grown := p.status(b, "VmHWM") - idle
		b.ReportMetric(float64(idle)/1024, "idle-MiB")
		b.ReportMetric(float64(grown)/1024, "grown-MiB")
		if grown > 200<<10 {
			b.Errorf("the memory grew by %d MiB", grown>>10)
		}
	}
}

// relayLong sends a long message as it is made, and discards the answer.
func (p *process) relayLong(question longMessage) error {
	r := p.request("E05", io.MultiReader(strings.NewReader(question.start), letters(question.filler), strings.NewReader(question.end)))
	r.ContentLength = question.length()
	response, err := p.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, make([]byte, 64<<10))
	if err == nil && n < big {
		err = fmt.Errorf("the answer has %d bytes", n)
	}
	return err
}

// letters is a text of that many bytes.
func letters(n int64) io.Reader { return io.LimitReader(sameLetter{}, n) }

type sameLetter struct{}

var letterBlock = bytes.Repeat([]byte("A"), 64<<10)

func (sameLetter) Read(p []byte) (int, error) { return copy(p, letterBlock), nil }

// A waitingBus reports that a message has arrived, and answers with 64 MiB when it
// is allowed to.
type waitingBus struct {
	url             string
	arrived, answer chan struct{}
}

func startWaitingBus(b *testing.B) *waitingBus {
	start, end, _ := strings.Cut(replyE05, "</e:")
	bus := &waitingBus{arrived: make(chan struct{}), answer: make(chan struct{})}
	listener := listen(b)
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 64<<10)
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, buf); err != nil {
			return
		}
		if !passes(r.Context(), bus.arrived, bus.answer) {
			return
		}
		rw.Header().Set("Content-Type", "text/xml; charset=utf-8")
		rw.Header().Set("Content-Length", strconv.Itoa(len(start)+len("<MapaAifo></MapaAifo></e:")+len(end)+big))
		body := io.MultiReader(strings.NewReader(start+"<MapaAifo>"), letters(big),
			strings.NewReader("</MapaAifo></e:"+end))
		_, _ = io.CopyBuffer(struct{ io.Writer }{rw}, body, buf) // a gateway that leaves is seen there
	})}
	served := make(chan error, 1)
	go func() { served <- ignoreClosed(server.Serve(listener)) }()
	b.Cleanup(func() {
		if err := errors.Join(server.Close(), <-served); err != nil {
			b.Error("stop the bus:", err)
		}
	})
	bus.url = "http://" + listener.Addr().String()
	return bus
}

// passes reports that a message has arrived and waits for its turn. It returns
// false when the caller is gone.
func passes(ctx context.Context, arrived chan<- struct{}, answer <-chan struct{}) bool {
	select {
	case arrived <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	select {
	case <-answer:
		return true
	case <-ctx.Done():
		return false
	}
}

// status is a figure of the process's memory in KiB.
func (p *process) status(b *testing.B, name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			n, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatal(name, "is not told")
	return 0
}
