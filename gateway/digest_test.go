package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"testing"

	"brana/audit"
)

// The digests of a record are those of the bytes that the caller has sent and received, by
// every route and in any framing.
func TestDigestsAreThoseOfTheBytesOnTheWire(t *testing.T) {
	large := call{inner: "<x>" + strings.Repeat("y", 3<<20) + "</x>"}.message()
	for _, tt := range []struct {
		name, path string
		message    []byte
		set        func(*settings)
	}{
		{"relay", "E05", call{}.message(), nil},
		{"relay of much", "E05", large, relayTo(replying(largeReply(5 << 20)))},
		{"workflow", "E198", mediaCall(), nil},
		{"local", "E227", call{code: "E227"}.message(), nil},
		{"refused", "E05", call{ais: "999003"}.message(), nil},
		{"no XML", "E05", []byte("<a>"), nil},
	} {
		for _, framing := range []string{"length", "chunks"} {
			t.Run(tt.name+" in "+framing, func(t *testing.T) {
				into, records := recorded(t)
				s := startGateway(t, into, func(s *settings) {
					s.cfg.Digests = true
					if tt.set != nil {
						tt.set(s)
					}
				})
				var body io.Reader = bytes.NewReader(tt.message)
				if framing == "chunks" {
					body = struct{ io.Reader }{body}
				}
				answer := read(t, s.send(t, "/publikace/"+tt.path, body))
				end := s.lastRecord(t, records)
				if end.RequestSHA256 != sumOf(tt.message) {
					t.Errorf("request: digest %s of %d bytes, sent %d", end.RequestSHA256,
						end.RequestBytes, len(tt.message))
				}
				if end.ResponseSHA256 != sumOf([]byte(answer)) {
					t.Errorf("answer: digest %s of %d bytes, received %d", end.ResponseSHA256,
						end.ResponseBytes, len(answer))
				}
			})
		}
	}
}

// Of a message that is cut, the digest is of the bytes that are counted.
func TestDigestOfAMessageThatIsCut(t *testing.T) {
	into, records := recorded(t)
	s := startGateway(t, into, func(s *settings) { s.cfg.Digests = true })
	message := call{}.message()
	w := s.dial(t)
	w.write(header("/publikace/E05", "Content-Length: 9999") + string(message[:300]))
	w.Close()
	end := s.lastRecord(t, records)
	if end.RequestBytes > 300 || end.RequestSHA256 != sumOf(message[:end.RequestBytes]) {
		t.Errorf("digest %s of %d bytes", end.RequestSHA256, end.RequestBytes)
	}
}

// The answer of a job is what the queue keeps. Without the option there are no digests.
func TestDigestsOfAJob(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		into, records := recorded(t)
		s := startGateway(t, into, queued(t), func(s *settings) { s.cfg.Digests = wanted })
		read(t, s.post(t, "/publikace/E227?async", call{code: "E227"}.message()))
		eventually(t, "the job ends", func() bool { return s.Jobs() == 0 })
		kept := ""
		eventually(t, "three records", func() bool { return len(records()) == 3 })
		if wanted {
			a, err := s.parts.Queue.Answer(t.Context(), "999001", iszrID)
			if err != nil {
				t.Fatal(err)
			}
			kept = sumOf(a.Body)
		}
		list := records()
		job := list[slices.IndexFunc(list, func(r audit.Record) bool { return r.Job })]
		if job.ResponseSHA256 != kept || job.RequestSHA256 != "" {
			t.Errorf("digests wanted %v: %q of the request, %q of the answer, want %q", wanted,
				job.RequestSHA256, job.ResponseSHA256, kept)
		}
	}
}

// lastRecord waits until nothing runs and returns the last record.
func (s *testGateway) lastRecord(t *testing.T, records func() []audit.Record) audit.Record {
	t.Helper()
	var list []audit.Record
	eventually(t, "the record of the end", func() bool {
		list = records()
		return s.Running() == 0 && len(list) > 0 && list[len(list)-1].Outcome != ""
	})
	return list[len(list)-1]
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
