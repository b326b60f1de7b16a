package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/egon"
)

// personReply is a reply of E05 with one person.
func personReply(children string) []byte {
	doc := string(replyOf("E05", egon.OK))
	return []byte(strings.Replace(doc, "</e:RobCtiPodleUdajuResponse>",
		`<e:RobOdpoved><e:RobCtiPodleUdajuDataResponse><Osoba xmlns="`+egon.NSRobData+`">`+
			children+`</Osoba></e:RobCtiPodleUdajuDataResponse></e:RobOdpoved>`+
			"</e:RobCtiPodleUdajuResponse>", 1))
}

// replying is a registry that answers with a document.
func replying(doc []byte) relayFunc {
	return func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		if _, err := relayOK(ctx, m); err != nil {
			return nil, err
		}
		return answerOf(doc), nil
	}
}

// counted returns what brana_items_returned_total counts, in alphabetical order.
func (s *testGateway) counted(t *testing.T) string {
	t.Helper()
	s.settled(t)
	var lines []string
	for _, m := range gather(t, s)["brana_items_returned_total"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		lines = append(lines, fmt.Sprint(labels["item"], " ", labels["permitted"], " ",
			m.GetCounter().GetValue()))
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

// What left with an answer is counted, beside what the caller may ask for.
func TestReturnedItemsAreCounted(t *testing.T) {
	const person = "<Jmeno>X</Jmeno><Prijmeni/><AdresaPobytu>1</AdresaPobytu><Nove>y</Nove>" +
		"<Nove2>y</Nove2>"
	const left = "? no 1, AdresaPobytu no 1, Jmeno yes 1"
	whole := personReply(person)
	large := []byte(strings.Replace(string(whole), "</e:RobOdpoved>", "</e:RobOdpoved><x>"+
		strings.Repeat("x", 4<<20)+"</x>", 1))
	for _, tt := range []struct {
		name string
		doc  []byte
		want string
	}{
		{"a person", whole, left},
		{"nobody", replyOf("E05", egon.OK), ""},
		{"a refusal in its place", whole[:len(whole)-10], ""},
		{"a large reply", large, left},
		{"a large reply that breaks", large[:len(large)-10], left},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startGateway(t, relayTo(replying(tt.doc)))
			r := s.post(t, "/publikace/E05", call{}.message())
			_, _ = r.Body.Read(make([]byte, 1))
			_ = r.Body.Close()
			if got := s.counted(t); got != tt.want {
				t.Errorf("counted %q, want %q", got, tt.want)
			}
		})
	}
}

// tracing is a workflow that returns items.
type tracing []string

func (items tracing) Serve(
	ctx context.Context, h *egon.Head, tr *egon.Trace,
) (*egon.Answer, time.Time, error) {
	for _, word := range items {
		tr.ReturnsItem(word)
	}
	a, err := serveOK(ctx, h)
	return a, time.Now(), err
}

func TestReturnedItemsOfAWorkflowAreCounted(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.parts.Media = tracing{"EopFoto", "EcdFoto"} })
	read(t, s.post(t, "/publikace/E198", mediaCall()))
	if got, want := s.counted(t), "EcdFoto no 1, EopFoto yes 1"; got != want {
		t.Errorf("counted %q, want %q", got, want)
	}
}

// A relayed answer gives the span of its message a result, which only its reader knows.
func TestARelayedAnswerIsJudged(t *testing.T) {
	for want, doc := range map[egon.SpanResult]string{
		egon.SpanOK:       string(replyOf("E05", egon.OK)),
		egon.SpanVarovani: string(replyOf("E05", egon.Varovani)),
		egon.SpanAnswered: string(replyOf("E05", "?")),
		egon.SpanFault:    string(egon.AppendFault(nil, egon.FaultServer, "no", "x")),
		egon.SpanFailed:   "<broken",
	} {
		x := &exchange{trace: &egon.Trace{}}
		x.core = &core{pools: newPools(egon.DefaultBounds())}
		x.service, x.route.Kind = egon.ServiceByCode("E05"), RelayRoute
		x.trace.End(x.trace.Begin("iszr", egon.RelayedMessage), egon.SpanAnswered, time.Second)
		x.out.own(answerOf([]byte(doc)))
		err := x.out.prove(&x.pools, x.service, egon.Expectation{}, holding{1 << 20, 1 << 20})
		x.out.err = err
		x.endAnswer()
		if got := x.trace.Spans()[0].Result; got != want {
			t.Errorf("%s: result %s, want %s (%v)", doc, got, want, err)
		}
	}
}
