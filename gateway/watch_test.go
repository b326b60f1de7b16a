package gateway

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/audit"
	"brana/egon"
)

func personKey(t testing.TB) *audit.PersonKey {
	t.Helper()
	file := filepath.Join(t.TempDir(), "person.key")
	if err := os.WriteFile(file, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := audit.ReadPersonKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// mapaAifo is a MapaAifo with global AIFO.
func mapaAifo(aifos ...string) string {
	doc := `<r:MapaAifo xmlns:r="` + egon.NSReg + `">`
	for i, aifo := range aifos {
		doc += fmt.Sprintf("<r:PrevodAifo><r:LokalniAifo>%d</r:LokalniAifo><r:GlobalniAifo>%s"+
			"</r:GlobalniAifo></r:PrevodAifo>", i+1, aifo)
	}
	return doc + "</r:MapaAifo>"
}

func numbered(n int) (aifos []string) {
	for i := range n {
		aifos = append(aifos, fmt.Sprintf("A%d", i))
	}
	return aifos
}

// The records have a hash of each person in the request and in the answer, once: of the
// request as far as it had come, the others with its outcome.
func TestPersonsOfARecord(t *testing.T) {
	key := personKey(t)
	hashes := func(aifos ...string) (list []string) {
		for _, aifo := range aifos {
			if aifo == audit.MorePersons {
				list = append(list, aifo)
				continue
			}
			list = append(list, key.Hash([]byte(aifo)))
		}
		return list
	}
	reply := strings.Replace(string(replyOf("E05", egon.OK)), "</e:RobCtiPodleUdajuResponse>",
		mapaAifo("A1", "B2", "A1")+"</e:RobCtiPodleUdajuResponse>", 1)
	pad := "<x>" + strings.Repeat("y", 1<<20) + "</x>"
	many := numbered(maxPersons + 2)
	for _, tt := range []struct {
		name  string
		call  call
		first []string // record: persons of the request
		last  []string // record: the other ones
		reply []string
	}{
		{"relay", call{inner: mapaAifo("A1", "A2", "A1")}, hashes("A1", "A2"), nil,
			hashes("A1", "B2")},
		{"relay of much", call{inner: mapaAifo("A1") + pad + mapaAifo("A3", "A1")}, hashes("A1"),
			hashes("A3"), hashes("A1", "B2")},
		{"refused", call{ais: "999003", inner: mapaAifo("A1")}, hashes("A1"), nil, nil},
		{"nobody in the request", call{}, nil, nil, hashes("A1", "B2")},
		{"too many", call{inner: pad + mapaAifo(many...)}, nil,
			hashes(append(many[:maxPersons], audit.MorePersons)...), hashes("A1", "B2")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			into, records := recorded(t)
			s := startGateway(t, into, relayTo(replying([]byte(reply))),
				func(s *settings) { s.parts.PersonKey = key })
			read(t, s.post(t, "/publikace/E05", tt.call.message()))
			end := s.lastRecord(t, records)
			first := records()[0]
			if d := cmp.Diff(tt.first, first.Persons); d != "" {
				t.Errorf("in the first record: %s", d)
			}
			if d := cmp.Diff(tt.reply, end.ReturnedPersons); d != "" {
				t.Errorf("in the answer: %s", d)
			}
			if first.Seq != end.Seq {
				if d := cmp.Diff(tt.last, end.Persons); d != "" {
					t.Errorf("in the last record: %s", d)
				}
			}
			if end.RequestSHA256 != "" || end.ResponseSHA256 != "" {
				t.Error("there are digests, which nobody wanted")
			}
		})
	}
}

// The answer of the workflow, which is composed here, is watched like a relayed one.
func TestPersonsOfAWorkflow(t *testing.T) {
	key := personKey(t)
	into, records := recorded(t)
	s := startGateway(t, into, func(s *settings) {
		s.parts.PersonKey = key
		s.parts.Media = workflowFunc(func(context.Context, *egon.Head) (*egon.Answer, error) {
			const end = "</e:AgendaMediaDataCtiPodleUdajuResponse>"
			doc := string(replyOf("E198", egon.OK))
			return answerOf([]byte(strings.Replace(doc, end, mapaAifo("A1")+end, 1))), nil
		})
	})
	read(t, s.post(t, "/publikace/E198", mediaCall()))
	want := []string{key.Hash([]byte("A1"))}
	if d := cmp.Diff(want, s.lastRecord(t, records).ReturnedPersons); d != "" {
		t.Error(d)
	}
}

// Without a key nobody is in the record, and nothing is spent on it.
func TestNoPersonsWithoutAKey(t *testing.T) {
	into, records := recorded(t)
	s := startGateway(t, into, relayTo(replying([]byte(strings.Replace(
		string(replyOf("E05", egon.OK)), "</e:RobCtiPodleUdajuResponse>",
		mapaAifo("A1")+"</e:RobCtiPodleUdajuResponse>", 1)))))
	read(t, s.post(t, "/publikace/E05", call{inner: mapaAifo("A1")}.message()))
	s.lastRecord(t, records)
	if slices.ContainsFunc(records(), func(r audit.Record) bool {
		return len(r.Persons)+len(r.ReturnedPersons) > 0
	}) {
		t.Error("there are persons in the record")
	}
	if w := s.core.newWatch(); w != nil {
		t.Error("there is a watch of nothing")
	}
}
