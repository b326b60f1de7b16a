package registries

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
)

// The size of the keys that are accepted, in bits. Below the first a key is no
// protection; above the second it would only cost time.
const (
	minKeyBits = 2048
	maxKeyBits = 8192
)

// Cipher encrypts media for the holder of one key: CMS EnvelopedData (RFC
// 5652) with RSA-OAEP-SHA256 (RFC 4055) and AES-256-CBC, which
// `openssl cms -decrypt -inform DER -inkey key.pem` reads. The real evidences
// describe their format of keys and envelopes in a document that is not public
// (seed E198 §15.2 names it), so this one is an assumption. Package egon/media
// reads it by code of its own, so that each of the two proves the other. A
// Cipher may be used by several goroutines.
type Cipher struct {
	key *rsa.PublicKey
	id  []byte // the recipient in the envelope
}

// NewCipher reads KlicProSifrovani after its base64: a SubjectPublicKeyInfo in
// DER with an RSA key of 2048 to 8192 bits. Anything else is an error whose
// text quotes nothing of the key.
func NewCipher(spki []byte) (Cipher, error) {
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return Cipher{}, errors.New("read key: not a SubjectPublicKeyInfo in DER")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return Cipher{}, errors.New("read key: not an RSA key")
	}
	if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return Cipher{}, fmt.Errorf(
			"read key: %d bits, want %d to %d", bits, minKeyBits, maxKeyBits,
		)
	}
	return Cipher{key, keyID(key)}, nil
}

// keyID names a key as RFC 7093 §2 method 1 does: the first 160 bits of the
// SHA-256 of the bare public key. The caller has a key and no certificate, so
// the usual issuer and serial number do not exist.
func keyID(key *rsa.PublicKey) []byte {
	digest := sha256.Sum256(x509.MarshalPKCS1PublicKey(key))
	return digest[:20]
}

// Encrypt returns content as an envelope in DER. It holds both in memory.
func (c Cipher) Encrypt(content []byte) ([]byte, error) {
	secret := make([]byte, 32+aes.BlockSize)
	rand.Read(secret) // never fails: the process ends when the system has no randomness
	contentKey, iv := secret[:32], secret[32:]
	block, err := aes.NewCipher(contentKey)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	padding := aes.BlockSize - len(content)%aes.BlockSize
	text := make([]byte, len(content)+padding)
	copy(text, content)
	copy(text[len(content):], bytes.Repeat([]byte{byte(padding)}, padding))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)

	encryptedKey, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, c.key, contentKey, nil)
	if err != nil {
		return nil, fmt.Errorf("encrypt content key: %w", err)
	}
	return asn1.Marshal(contentInfo{oidEnvelopedData, envelopedData{
		Version: 2,
		Recipients: []recipient{{
			Version:      2,
			KeyID:        c.id,
			Algorithm:    oaepAlgorithm(),
			EncryptedKey: encryptedKey,
		}},
		Content: encryptedContent{oidData, contentAlgorithm{oidAES256CBC, iv}, text},
	}})
}

// The envelope of RFC 5652 §6.1, as far as it is used: one recipient, named by
// the identifier of its key (so both versions are 2), no attributes.
type (
	contentInfo struct {
		Type     asn1.ObjectIdentifier
		Envelope envelopedData `asn1:"explicit,tag:0"`
	}
	envelopedData struct {
		Version    int
		Recipients []recipient `asn1:"set"`
		Content    encryptedContent
	}
	recipient struct {
		Version      int
		KeyID        []byte `asn1:"tag:0"`
		Algorithm    oaep
		EncryptedKey []byte
	}
	encryptedContent struct {
		Type      asn1.ObjectIdentifier
		Algorithm contentAlgorithm
		Text      []byte `asn1:"tag:0"`
	}
	contentAlgorithm struct {
		OID asn1.ObjectIdentifier
		IV  []byte
	}
	// oaep names SHA-256 in two places. The second one counts too: the mask
	// generation function has a hash of its own, SHA-1 by default.
	oaep struct {
		OID        asn1.ObjectIdentifier
		Parameters struct {
			Hash hashAlgorithm `asn1:"explicit,tag:0"`
			Mask struct {
				OID  asn1.ObjectIdentifier
				Hash hashAlgorithm
			} `asn1:"explicit,tag:1"`
		}
	}
	hashAlgorithm struct{ OID asn1.ObjectIdentifier }
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidOAEP          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidMGF1          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidAES256CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

func oaepAlgorithm() oaep {
	algorithm := oaep{OID: oidOAEP}
	algorithm.Parameters.Hash.OID = oidSHA256
	algorithm.Parameters.Mask.OID = oidMGF1
	algorithm.Parameters.Mask.Hash.OID = oidSHA256
	return algorithm
}
