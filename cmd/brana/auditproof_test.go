package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"brana/audit/journal"
)

// proofScript is the script of docs/audit.md that checks a journal without brana.
func proofScript(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "audit.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "```sh\n#!/bin/bash\n# proof.sh")
	script, _, ended := strings.Cut(after, "```\n")
	if !found || !ended {
		t.Fatal("docs/audit.md has no proof.sh")
	}
	return "#!/bin/bash\n# proof.sh" + script
}

// provenJournal writes a journal as the gateway does, with a key that openssl made: a sealed
// segment, one that a crash has torn, and the next one. The oldest is compressed by zstd.
func provenJournal(t *testing.T) (dir, public string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "journal")
	private, public := filepath.Join(t.TempDir(), "audit.pem"), filepath.Join(t.TempDir(), "audit.pub")
	command(t, "openssl", "genpkey", "-algorithm", "ed25519", "-out", private)
	command(t, "openssl", "pkey", "-in", private, "-pubout", "-out", public)
	key, _, err := journal.ReadPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		j, err := journal.Open(journal.Config{Dir: dir, Gateway: "g1", Version: "v1", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			fields := fmt.Sprintf(`"type":"test","text":"line %d of round %d, \"quoted\" \\ Žluťoučký"`, i, round)
			if _, err := j.Append([]byte(fields), true); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			tearEnd(t, dir)
		}
	}
	command(t, "zstd", "-q", "--rm", filepath.Join(dir, "00000000000000000001.jsonl"))
	return dir, public
}

// tearEnd leaves half of the last line of a journal, its seal, as a crash does.
func tearEnd(t *testing.T, dir string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	last := files[len(files)-1]
	text, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	seal := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	if err := os.WriteFile(last, text[:seal+40], 0o640); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// The script on the page proves a journal, and names what was changed in it, as brana audit
// verify does.
func TestProofOfAThirdParty(t *testing.T) {
	for _, tool := range []string{"bash", "sha256sum", "zstd", "openssl", "jq", "base64", "sort"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the proof of a third party needs %s, which is not installed", tool)
		}
	}
	script := filepath.Join(t.TempDir(), "proof.sh")
	if err := os.WriteFile(script, []byte(proofScript(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	dir, public := provenJournal(t)
	proof := func() (string, error) {
		out, err := exec.Command("bash", script, dir, public).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	verify := func() (string, int) {
		var out bytes.Buffer
		code := run([]string{"audit", "verify", "--key", public, dir}, stdio{&out, &out})
		first, _, _ := strings.Cut(out.String(), "\n")
		return first, code
	}
	const fits = "20 lines follow each other up to number 20, 5 signatures fit"
	if out, err := proof(); err != nil || out != fits {
		t.Errorf("%s, %v; want %s", out, err, fits)
	}
	if out, code := verify(); code != 0 || out != "15 records, 3 segments, chain whole" {
		t.Errorf("brana audit verify: %s, %d", out, code)
	}
	second := filepath.Join(dir, "00000000000000000008.jsonl")
	third := filepath.Join(dir, "00000000000000000014.jsonl")
	for _, c := range []struct{ what, file, from, to, proof, verify string }{
		{"a record is edited", second, "line 2 of", "line 3 of", second + ":5: it does not follow number 11", second + ":4: edited"},
		{"a record is removed", third, "line 2 of", "", third + ":4: it does not follow number 16", third + ":4: missing"},
		{"a header is edited", third, `"version":"v1"`, `"version":"v2"`, third + ":1: the signature does not fit", third + ":1: forged"},
		{"a segment is emptied", second, "", "", third + ":1: it does not follow the segment before it", second + ":1: truncated"},
	} {
		text, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.file, tampered(text, c.from, c.to), 0o640); err != nil {
			t.Fatal(err)
		}
		out, err := proof()
		if err == nil || out != c.proof {
			t.Errorf("%s: %s, %v; want %s", c.what, out, err, c.proof)
		}
		if out, code := verify(); code != exitRefused || !strings.HasPrefix(out, c.verify) {
			t.Errorf("%s: brana audit verify: %s, %d; want %s", c.what, out, code, c.verify)
		}
		if err := os.WriteFile(c.file, text, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

// tampered is a segment in which a text is replaced, or the line removed that has it, or all.
func tampered(text []byte, from, to string) []byte {
	switch {
	case from == "":
		return nil
	case to != "":
		return bytes.Replace(text, []byte(from), []byte(to), 1)
	}
	at := bytes.Index(text, []byte(from))
	begin := bytes.LastIndexByte(text[:at], '\n') + 1
	end := at + bytes.IndexByte(text[at:], '\n') + 1
	return append(bytes.Clone(text[:begin]), text[end:]...)
}
