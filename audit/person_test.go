package audit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The hash is the one of RFC 2104, so that openssl gives it too:
//
//	printf %s GGGGGGGGGGGGGGGGGGGGGGG= | openssl dgst -sha256 -hmac 0123456789abcdef
func TestPersonHash(t *testing.T) {
	key := personKey(t, "0123456789abcdef\n")
	const want = "d1b5d3a15fba769ff1b605ab85bbe4fe"
	if got := key.Hash([]byte("GGGGGGGGGGGGGGGGGGGGGGG=")); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	if other := personKey(t, "0123456789abcdeg"); other.Hash([]byte("A")) == key.Hash([]byte("A")) {
		t.Error("the hash does not depend on the secret")
	}
}

func TestPersonKeysThatDoNotFit(t *testing.T) {
	for secret, want := range map[string]string{
		"":                            "the secret has 0 bytes",
		" 0123456789abcde \n":         "the secret has 15 bytes",
		strings.Repeat("secret", 700): "the secret has 4200 bytes",
	} {
		file := filepath.Join(t.TempDir(), "person.key")
		if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPersonKey(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: error %v", len(secret), err)
		}
	}
	if _, err := ReadPersonKey(filepath.Join(t.TempDir(), "no")); err == nil {
		t.Error("a missing file is read")
	}
}

func personKey(t *testing.T, secret string) *PersonKey {
	t.Helper()
	file := filepath.Join(t.TempDir(), "person.key")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ReadPersonKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
