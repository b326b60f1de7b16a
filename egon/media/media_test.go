package media_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/egon/media"
)

// testKey is one key for all tests: making it takes longer than using it.
var testKey = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// sealed is a picture as the simulated evidences encrypt it, by code of their own.
func sealed(t *testing.T, key *rsa.PublicKey, picture []byte) []byte {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher, err := registries.NewCipher(spki)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cipher.Encrypt(picture)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestDecrypt(t *testing.T) {
	for _, picture := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("brána"), 100_000)} {
		der := sealed(t, &testKey().PublicKey, picture)
		before := bytes.Clone(der)
		got, err := media.Decrypt(testKey(), der)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, picture) {
			t.Errorf("%d bytes are decrypted as %d other bytes", len(picture), len(got))
		}
		if !bytes.Equal(der, before) {
			t.Error("the envelope was changed")
		}
	}
}

// OpenSSL writes the same format.
func TestDecryptWhatOpenSSLEncrypts(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("BRANA_REQUIRE_OPENSSL") == "1" {
			t.Fatal("BRANA_REQUIRE_OPENSSL=1 but openssl is not in PATH")
		}
		t.Skip("openssl is not installed: whether its envelopes are read stays unproved")
	}
	dir := t.TempDir()
	picture := bytes.Repeat([]byte("fotografie "), 5000)
	in, recipient, out := filepath.Join(dir, "photo.jpg"), filepath.Join(dir, "recipient.pem"),
		filepath.Join(dir, "photo.der")
	for file, text := range map[string][]byte{in: picture, recipient: certificate(t, testKey())} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("openssl", "cms", "-encrypt", "-binary", "-outform", "DER",
		"-aes-256-cbc", "-in", in, "-out", out,
		"-keyid", "-recip", recipient, "-keyopt", "rsa_padding_mode:oaep", "-keyopt",
		"rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256")
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v: %s", err, said)
	}
	der, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := media.Decrypt(testKey(), der)
	if err != nil || !bytes.Equal(got, picture) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(picture))
	}
}

// certificate is one of a key, which OpenSSL needs to encrypt for it.
func certificate(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	digest := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "AIS"},
		SubjectKeyId: digest[:20], NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestWhatCannotBeDecrypted(t *testing.T) {
	der := sealed(t, &testKey().PublicKey, []byte("x"))
	aes256 := []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a}
	aes128 := []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02}
	for name, test := range map[string]struct {
		der  []byte
		want string
	}{
		"nothing":     {nil, "not EnvelopedData"},
		"text":        {[]byte("\xff\xd8\xff\xe0 a JPEG"), "not EnvelopedData"},
		"cut":         {der[:len(der)-1], "not EnvelopedData"},
		"bytes after": {append(bytes.Clone(der), 0), "not EnvelopedData"},
		"another algorithm": {bytes.Replace(der, aes256, aes128, 1),
			"not encrypted by AES-256-CBC"},
		"another key": {sealed(t, &newKey().PublicKey, []byte("x")), "it is for another key"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := media.Decrypt(testKey(),
				test.der); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q, %v; want an error with %q", got, err, test.want)
			}
		})
	}
}

// The key that a question has as KlicProSifrovani opens what the reply has as
// Fotka.
func ExampleDecrypt() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey) // KlicProSifrovani, before its base64
	if err != nil {
		panic(err)
	}
	evidence, err := registries.NewCipher(spki)
	if err != nil {
		panic(err)
	}
	fotka, err := evidence.Encrypt([]byte("a portrait"))
	if err != nil {
		panic(err)
	}
	picture, err := media.Decrypt(key, fotka)
	fmt.Printf("%s, %v\n", picture, err)
	// Output: a portrait, <nil>
}
