package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A found line is a line of a folder, as the verifier of the tests reads it. It shares no
// code with the package.
type found struct {
	Seq    uint64
	Prev   string
	Type   string
	Name   string // of the record, as tests append them
	Cause  string // of a seal
	Count  uint64
	Before *Ending
	Synced uint64

	raw []byte
}

func (f found) hash() string {
	sum := sha256.Sum256(f.raw)
	return hex.EncodeToString(sum[:])
}

// wholeChain reads all segments of a folder and fails unless their lines are a chain. It
// returns the lines that count.
func wholeChain(t testing.TB, dir string) []found {
	t.Helper()
	chain, err := checkChain(dir)
	if err == nil {
		err = checkOrder(chain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

// checkOrder checks what lines say of others: each segment has one header, and each line
// that was confirmed is confirmed once.
func checkOrder(chain []found) error {
	var synced uint64
	sealed := true
	for _, line := range chain {
		if line.Synced > 0 && (line.Synced <= synced || line.Synced >= line.Seq) {
			return fmt.Errorf("synced %d after %d: %s", line.Synced, synced, line.raw)
		}
		synced = max(synced, line.Synced)
		header := line.Type == TypeSegment
		if sealed && !header || !sealed && header && line.Before.Cause == Sealed {
			return fmt.Errorf("a line after a seal, or a header without one before: %s", line.raw)
		}
		sealed = line.Type == TypeSeal
	}
	return nil
}

func checkChain(dir string) (chain []found, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	prev := hex.EncodeToString(make([]byte, sha256.Size))
	for n, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if n+1 < len(files) {
			if text, err = cutVoid(text, files[n+1]); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		for i, raw := range bytes.SplitAfter(text, []byte("\n")) {
			if len(raw) == 0 {
				continue
			}
			if raw[len(raw)-1] != '\n' {
				return nil, fmt.Errorf("%s:%d: it is cut off: %q", name, i+1, raw)
			}
			line := found{raw: raw[:len(raw)-1]}
			if err := json.Unmarshal(line.raw, &line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w: %s", name, i+1, err, raw)
			}
			if line.Prev != prev || line.Seq != uint64(len(chain)+1) {
				return nil, fmt.Errorf("%s:%d: it does not follow line %d: %s", name, i+1, len(chain), raw)
			}
			chain, prev = append(chain, line), line.hash()
		}
	}
	return chain, nil
}

// cutVoid cuts off what is void of a segment, as the header of the next one says.
func cutVoid(text []byte, next string) ([]byte, error) {
	after, err := os.ReadFile(next)
	if err != nil {
		return nil, err
	}
	first, _, _ := bytes.Cut(after, []byte("\n"))
	var header found
	if err := json.Unmarshal(first, &header); err != nil {
		return nil, err
	}
	switch void := header.Before.Void; {
	case header.Before.Cause == Sealed && void != nil:
		return nil, fmt.Errorf("it is sealed and has a void %+v", *void)
	case header.Before.Cause == Sealed:
		lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		var seal found
		if err := json.Unmarshal(lines[len(lines)-1], &seal); err != nil || seal.Type != TypeSeal {
			return nil, fmt.Errorf("it has no seal: %s", lines[len(lines)-1])
		}
		if int(seal.Count) != len(lines)-1 {
			return nil, fmt.Errorf("its seal counts %d of %d lines", seal.Count, len(lines)-1)
		}
		return text, nil
	case void != nil && int(void.Offset) <= len(text):
		return text[:void.Offset], nil
	case void != nil:
		return nil, fmt.Errorf("its void begins at %d of %d bytes", void.Offset, len(text))
	}
	return text, nil
}

// names returns the records that tests have appended, in order.
func names(chain []found) (list []string) {
	for _, line := range chain {
		if line.Name != "" {
			list = append(list, line.Name)
		}
	}
	return list
}

// record is the fields of a record with a name.
func record(name string) []byte { return fmt.Appendf(nil, `"type":"test","name":%q`, name) }
