package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
)

// A PersonKey makes of an AIFO the hash by which records are found. A holder of the secret
// can find out whether a record is about a person that they know; others learn nothing
// about it. It is safe for concurrent use.
type PersonKey struct{ secret []byte }

// Bounds of the secret, in bytes.
const (
	minSecret = 16
	maxSecret = 4096
)

// ReadPersonKey reads the file with the secret. White space at its ends does not count.
func ReadPersonKey(file string) (*PersonKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	secret := bytes.TrimSpace(text)
	if len(secret) < minSecret || len(secret) > maxSecret {
		return nil, fmt.Errorf("%s: the secret has %d bytes, it must have %d to %d "+
			"(openssl rand -hex 32 makes one)", file, len(secret), minSecret, maxSecret)
	}
	return &PersonKey{secret}, nil
}

// MorePersons stands in the place of the hashes that a record has no room for.
const MorePersons = "…"

// personHashBytes is how much of a hash is kept, in bytes.
const personHashBytes = 16

// Hash returns the hash of an AIFO as records have it: the first 16 bytes of its HMAC-SHA256,
// hexadecimal. The AIFO is the text of GlobalniAifo without white space.
func (k *PersonKey) Hash(aifo []byte) string {
	m := hmac.New(sha256.New, k.secret)
	m.Write(aifo)
	return hex.EncodeToString(m.Sum(nil)[:personHashBytes])
}
