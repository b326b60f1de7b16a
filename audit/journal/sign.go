package journal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxKey is the size of the largest file of a key, in bytes.
const maxKey = 64 << 10

// signatures is the base64 (RFC 4648 §4) of keys and signatures. It accepts one text for each.
var signatures = base64.StdEncoding.Strict()

const signatureField = `,"sig":"`

// ReadPrivateKey reads the key that signs headers and seals: an Ed25519 key in PEM (PKCS #8),
// as openssl genpkey -algorithm ed25519 makes it. The warning, if there is one, says who
// else can read the file.
func ReadPrivateKey(path string) (key ed25519.PrivateKey, warning string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("there is no file %s; "+
			"openssl genpkey -algorithm ed25519 -out %s makes a key", path, path)
	}
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, "", err
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		warning = fmt.Sprintf("%s is open to every user of this machine (mode %04o); "+
			"chmod o= %s closes it", path, mode, path)
	}
	block, err := readPEM(f, path)
	if err != nil {
		return nil, "", err
	}
	if key, err = privateKey(block); err != nil {
		return nil, "", fmt.Errorf("%s %w", path, err)
	}
	return key, warning, nil
}

func privateKey(block *pem.Block) (ed25519.PrivateKey, error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, errors.New("is encrypted, and nobody is there to type its password; " +
			"openssl pkey -in FILE -out FILE2 decrypts it")
	case block.Type == "PUBLIC KEY":
		return nil, errors.New("is a public key; the private one signs")
	case block.Type == "RSA PRIVATE KEY":
		return nil, notEd25519("an RSA key")
	case block.Type == "EC PRIVATE KEY":
		return nil, notEd25519("an ECDSA key")
	case block.Type != "PRIVATE KEY":
		return nil, notEd25519(fmt.Sprintf("PEM of type %q", block.Type))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("is no key that can be read: %w", err)
	}
	ed, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, notEd25519(kindOf(key))
	}
	return ed, nil
}

// ReadPublicKey reads the key that checks signatures: an Ed25519 key in PEM, as openssl
// pkey -pubout makes it of the private one.
func ReadPublicKey(path string) (ed25519.PublicKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	block, err := readPEM(f, path)
	if err != nil {
		return nil, err
	}
	switch block.Type {
	case "PUBLIC KEY":
	case "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return nil, fmt.Errorf("%s is a private key, which nobody needs who verifies; "+
			"openssl pkey -in %s -pubout prints the public one", path, path)
	default:
		return nil, fmt.Errorf("%s %w", path, notEd25519(fmt.Sprintf("PEM of type %q", block.Type)))
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s is no key that can be read: %w", path, err)
	}
	ed, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s %w", path, notEd25519(kindOf(key)))
	}
	return ed, nil
}

// readPEM reads the first block of PEM (RFC 7468).
func readPEM(from io.Reader, path string) (*pem.Block, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxKey))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM, so no key", path)
	}
	return block, nil
}

func notEd25519(what string) error {
	return fmt.Errorf("holds %s; a journal is signed with Ed25519: "+
		"openssl genpkey -algorithm ed25519 makes a key", what)
}

func kindOf(key any) string {
	switch key.(type) {
	case *rsa.PrivateKey, *rsa.PublicKey:
		return "an RSA key"
	case *ecdsa.PrivateKey, *ecdsa.PublicKey:
		return "an ECDSA key"
	}
	return "a key of another kind"
}

// A seen is what the signature of a line proved to be.
type seen int

const (
	unsigned seen = iota
	signed
	forged // the signature does not fit
)

// checkSignature compares the signature of a header or seal with the key of its header.
func checkSignature(line []byte, key string) seen {
	at := bytes.LastIndex(line, []byte(signatureField))
	switch {
	case at < 0 && key == "":
		return unsigned
	case at < 0 || key == "":
		return forged
	}
	text, ok := bytes.CutSuffix(line[at+len(signatureField):], []byte(`"}`))
	public := exactly(ed25519.PublicKeySize, []byte(key))
	signature := exactly(ed25519.SignatureSize, text)
	if !ok || public == nil || signature == nil || !ed25519.Verify(public, line[:at], signature) {
		return forged
	}
	return signed
}

// exactly decodes the base64 of n bytes, and nothing else: the library skips line ends.
func exactly(n int, text []byte) []byte {
	b, err := signatures.AppendDecode(nil, text)
	if err != nil || len(b) != n || len(text) != signatures.EncodedLen(n) {
		return nil
	}
	return b
}

// Fingerprint is the short name of a key in messages: the first 16 hex digits of the SHA-256
// of its DER, as openssl pkey -pubin -outform DER | sha256sum prints it.
func Fingerprint(key ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(crypto.PublicKey(key))
	if err != nil {
		return "none"
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8])
}
