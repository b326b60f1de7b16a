// Package media decrypts the portraits and signatures that a caller of E198
// receives: the elements Fotka and Podpis, after their base64.
//
// The gateway never opens them. They are encrypted for the key that the caller sent as
// KlicProSifrovani, so only a program with that key imports this package. It knows no
// XML and no transport, so that it can be imported alone.
//
// The format is an assumption: CMS EnvelopedData (RFC 5652) with
// RSA-OAEP-SHA256 (RFC 4055) and AES-256-CBC, as the simulated registries write
// it. The document in which the real evidences describe theirs is not public
// (seed E198 §15.2 names it).
package media

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
)

// envelope is ContentInfo with the EnvelopedData of RFC 5652 §6.1, as far as it
// is read.
type envelope struct {
	Type asn1.ObjectIdentifier
	Data struct {
		Version    int
		Recipients []recipient `asn1:"set"`
		Content    struct {
			Type      asn1.ObjectIdentifier
			Algorithm struct {
				OID    asn1.ObjectIdentifier
				Vector []byte
			}
			Text []byte `asn1:"tag:0"`
		}
	} `asn1:"explicit,tag:0"`
}

// recipient is KeyTransRecipientInfo with a subjectKeyIdentifier (RFC 5652
// §6.2.1).
type recipient struct {
	Version      int
	KeyID        []byte `asn1:"tag:0"`
	Algorithm    asn1.RawValue
	EncryptedKey []byte
}

var (
	envelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	aes256CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// Decrypt returns the picture in der, an envelope that was encrypted for the public part
// of key. The picture is newly allocated and der is unchanged. An error quotes nothing
// of either.
func Decrypt(key *rsa.PrivateKey, der []byte) ([]byte, error) {
	var e envelope
	rest, err := asn1.Unmarshal(der, &e)
	if err != nil || len(rest) > 0 || !e.Type.Equal(envelopedData) {
		return nil, errors.New("read envelope: not EnvelopedData in DER")
	}
	content := &e.Data.Content
	if !content.Algorithm.OID.Equal(aes256CBC) {
		return nil, errors.New("read envelope: the content is not encrypted by AES-256-CBC")
	}
	own := keyID(&key.PublicKey)
	for _, r := range e.Data.Recipients {
		if !bytes.Equal(r.KeyID, own) {
			continue
		}
		contentKey, err := rsa.DecryptOAEP(sha256.New(), nil, key, r.EncryptedKey, nil)
		if err != nil {
			return nil, fmt.Errorf("decrypt content key: %w", err)
		}
		return decryptContent(contentKey, content.Algorithm.Vector, content.Text)
	}
	return nil, errors.New("decrypt envelope: it is for another key")
}

// keyID identifies a key by RFC 7093 §2 method 1: the first 160 bits of the
// SHA-256 of the bare public key. A caller has a key and no certificate, so it
// has no issuer and serial number.
func keyID(key *rsa.PublicKey) []byte {
	digest := sha256.Sum256(x509.MarshalPKCS1PublicKey(key))
	return digest[:20]
}

// decryptContent undoes AES-256-CBC with the padding of RFC 5652 §6.3.
func decryptContent(key, vector, text []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	if len(vector) != aes.BlockSize || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, errors.New("decrypt content: it is cut")
	}
	picture := make([]byte, len(text))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(picture, text)
	padding := int(picture[len(picture)-1])
	if padding < 1 || padding > aes.BlockSize {
		return nil, errors.New("decrypt content: the padding is damaged")
	}
	return picture[:len(picture)-padding], nil
}
