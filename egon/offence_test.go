package egon

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

// parts are the places of a document that may hold words of its sender: names of elements
// and attributes, their values, text.
var parts = regexp.MustCompile(`[^\s<>/="'?!]+|<`)

// The text of an offence for the log has no words of the message, of any part of
// requests and replies.
func TestOffencesQuoteNothing(t *testing.T) {
	const canary = "Vosáhlová"
	r, replies := NewReader(DefaultBounds()), NewReplyReader(DefaultBounds())
	offences := 0
	for _, c := range requestCases(t) {
		if c.Want != "accept" || len(c.Doc) > 4<<10 {
			continue
		}
		service := ServiceByCode(c.Service)
		for _, at := range parts.FindAllIndex(c.Doc, -1) {
			for _, doc := range [][]byte{
				bytes.Join([][]byte{c.Doc[:at[0]], []byte(canary), c.Doc[at[1]:]}, nil),
				bytes.Join([][]byte{c.Doc[:at[0]], []byte("<" + canary + " " + canary + "='" +
					canary + "' xmlns='" + canary + "'>" + canary + "</" + canary + ">"),
					c.Doc[at[0]:]}, nil),
			} {
				r.Reset(service)
				err := r.Feed(doc, true)
				if err == nil && r.Head() != nil {
					if o := r.Head().Check(); o != nil {
						err = o
					}
				}
				replies.Reset(service)
				var query error
				if err == nil && queueData[service.Namespace] != "" {
					_, query = ParseQueueQuery(doc, service, DefaultBounds().XML, time.UTC)
				}
				for _, err := range []error{err, query, replies.Feed(doc, true)} {
					if err == nil {
						continue
					}
					if offences++; strings.Contains(err.Error(),
						"Vos") || strings.Contains(err.Error(), "%!") {
						t.Fatalf("%s: %v\n%s", c.Name, err, doc)
					}
				}
			}
		}
	}
	if offences < 1000 {
		t.Errorf("only %d offences", offences)
	}
}
