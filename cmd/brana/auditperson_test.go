package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"brana/cmd/brana/config"
)

var globalAifo = regexp.MustCompile(`GlobalniAifo>([^<]+)<`)

// The person of an answer is found in the record by the AIFO that the caller got, and the
// digests are those of the bytes on the wire.
func TestAPersonIsFoundInTheRecord(t *testing.T) {
	dir, key := t.TempDir(), filepath.Join(t.TempDir(), "person.key")
	write(t, key, "a secret of the operator\n")
	w := startWorld(t, func(c *config.Config) {
		c.Audit.Dir, c.Audit.Digests, c.Audit.PersonKey = dir, true, key
	})
	first, other := special(t, "delivery address"), special(t, "official test person")
	asked := message(t, "E198", byBirth(first, "--items", everything)...)
	answer := w.post("E198", asked)
	w.call("E05", byBirth(first, "--items", "Jmeno")...)
	w.call("E05", byBirth(other, "--items", "Jmeno")...)
	aifo := globalAifo.FindStringSubmatch(string(answer.body))
	if aifo == nil {
		t.Fatalf("no AIFO in %s", answer.body)
	}
	eventually(t, "all calls have their records", func() bool {
		return strings.Count(kindsOf(recordsIn(t, dir)), "=") == 3
	})
	found := auditOutput(t, "query", "--dir", dir, "--json", "--person-id", aifo[1],
		"--person-key", key)
	var services []string
	for line := range strings.Lines(string(found)) {
		var use struct {
			Service string
			Result  struct {
				Request  string `json:"request_sha256"`
				Response string `json:"response_sha256"`
			}
		}
		if err := json.Unmarshal([]byte(line), &use); err != nil {
			t.Fatal(err)
		}
		services = append(services, use.Service)
		if use.Service == "E198" && (use.Result.Request != digestOf(asked) ||
			use.Result.Response != digestOf(answer.body)) {
			t.Errorf("digests %+v, sent %s, got %s", use.Result, digestOf(asked),
				digestOf(answer.body))
		}
	}
	if !slices.Equal(services, []string{"E198", "E05"}) {
		t.Errorf("found %v", services)
	}
	if text := string(journalText(t, dir)); strings.Contains(text, aifo[1]) {
		t.Error("the record has the AIFO itself")
	}
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
