package egon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The Reader reads back each value that AppendRequest writes.
func TestReaderReadsWhatIsWritten(t *testing.T) {
	r := NewReader(DefaultBounds())
	for name, query := range mediaQueries() {
		for _, enveloped := range []bool{true, false} {
			doc := AppendRequest(nil, &Request{
				Service: ServiceByCode("E198"), Enveloped: enveloped, Info: testZadostInfo(),
				Items: []string{string(query.AgendaZdroj) + "Foto", "Jmeno", "ROBCti"},
				Inner: AppendMediaQuestion(nil, query),
			})
			r.Reset(ServiceByCode("E198"))
			if err := r.Feed(doc, true); err != nil {
				t.Fatalf("%s: %v in\n%s", name, err, doc)
			}
			h := r.Head()
			if o := h.Check(); o != nil {
				t.Errorf("%s: %v", name, o)
			}
			if diff := cmp.Diff(query, h.Media); diff != "" {
				t.Errorf("%s: question (-written +read):\n%s", name, diff)
			}
			if diff := cmp.Diff(*testZadostInfo(), h.Info); diff != "" {
				t.Errorf("%s: ZadostInfo (-written +read):\n%s", name, diff)
			}
			if h.Enveloped != enveloped || len(h.Items) != 3 ||
				string(h.Items[2].Text) != "ROBCti" {
				t.Errorf("%s: enveloped %v, items %v", name, h.Enveloped, h.Items)
			}
		}
	}
}

// The published examples of requests and replies are accepted.
func TestPublishedExamples(t *testing.T) {
	folder := filepath.Join(sharedFolder(t), "examples")
	example := func(name string) []byte {
		doc, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	r := NewReader(DefaultBounds())
	for _, name := range []string{"e198-envelope.xml", "e198-request.xml", "e227-request.xml",
		"e100-request.xml"} {
		code, _, _ := strings.Cut(strings.ToUpper(name), "-")
		doc := example(name)
		if got := feedRequest(t, r, code, doc,
			[]int{len(doc)}); got.verdict() != "accept" || !got.Done {
			t.Errorf("%s: %s", name, got.verdict())
		}
	}
	reply := NewReplyReader(DefaultBounds())
	for _, name := range []string{"e198-response.xml", "e227-response.xml", "e99-response.xml"} {
		code, _, _ := strings.Cut(strings.ToUpper(name), "-")
		if got := feedReply(t, reply, code, string(example(name)), 100); got != OK {
			t.Errorf("%s: read %q", name, got)
		}
	}
}
