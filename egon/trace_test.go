package egon_test

import (
	"sync"
	"testing"
	"time"

	"brana/egon"
)

func TestATraceIsBounded(t *testing.T) {
	var tr egon.Trace
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			tr.End(tr.Begin("rob", "O08"), egon.SpanOK, time.Second)
		})
	}
	wg.Wait()
	if len(tr.Spans()) != 12 || tr.Omitted() != 28 {
		t.Errorf("%d spans, %d omitted", len(tr.Spans()), tr.Omitted())
	}
	for _, s := range tr.Spans() {
		if want := (egon.Span{"rob", "O08", egon.SpanOK, time.Second}); s != want {
			t.Errorf("span %v", s)
		}
	}
	tr.Reset()
	if len(tr.Spans()) != 0 || tr.Omitted() != 0 {
		t.Error("spans are left after Reset")
	}
}

func TestANilTraceTakesNothing(t *testing.T) {
	var tr *egon.Trace
	n := tr.Begin("rob", "O08")
	tr.End(n, egon.SpanOK, time.Second)
	tr.Judge(n, egon.SpanChyba)
}
