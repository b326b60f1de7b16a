package registries

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"brana/egon/media"
)

// testKey is one key for all tests: making it takes longer than using it.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func spki(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCipherIsReadByCallers(t *testing.T) {
	cipher, err := NewCipher(spki(t, &testKey().PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("brána"), 100_000)} {
		der, err := cipher.Encrypt(content)
		if err != nil {
			t.Fatal(err)
		}
		got, err := media.Decrypt(testKey(), der)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, content) {
			t.Errorf("%d bytes are decrypted as %d other bytes", len(content), len(got))
		}
	}
}

func TestCipherIsReadByOpenssl(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("BRANA_REQUIRE_OPENSSL") == "1" {
			t.Fatal("BRANA_REQUIRE_OPENSSL=1 but openssl is not in PATH")
		}
		t.Skip("openssl is not installed: whether it reads our envelopes stays unproved")
	}
	cipher, err := NewCipher(spki(t, &testKey().PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("fotografie "), 5000)
	der, err := cipher.Encrypt(want)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keyFile, derFile := filepath.Join(dir, "key.pem"), filepath.Join(dir, "media.der")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(derFile, der, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", keyFile, "-in", derFile)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	got, err := command.Output()
	if err != nil {
		t.Fatalf("openssl: %v: %s", err, stderr.String())
	}
	if !bytes.Equal(got, want) {
		t.Errorf("openssl read %d bytes, want %d", len(got), len(want))
	}
}

func TestCipherRefusesKeysThatDoNotProtect(t *testing.T) {
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := spki(t, &testKey().PublicKey)
	for name, test := range map[string]struct {
		key  []byte
		want string
	}{
		"empty":       {nil, "not a SubjectPublicKeyInfo"},
		"text":        {[]byte("-----BEGIN PUBLIC KEY-----"), "not a SubjectPublicKeyInfo"},
		"cut short":   {good[:len(good)-1], "not a SubjectPublicKeyInfo"},
		"bytes after": {append(bytes.Clone(good), 0), "not a SubjectPublicKeyInfo"},
		"elliptic":    {spki(t, &elliptic.PublicKey), "not an RSA key"},
		"1024 bits":   {spki(t, &small.PublicKey), "1024 bits"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewCipher(test.key)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("NewCipher = %v, want an error with %q", err, test.want)
			}
		})
	}
}

func BenchmarkCipher(b *testing.B) {
	cipher, err := NewCipher(spki(b, &testKey().PublicKey))
	if err != nil {
		b.Fatal(err)
	}
	photo := make([]byte, 40<<10)
	b.SetBytes(int64(len(photo)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cipher.Encrypt(photo); err != nil {
			b.Fatal(err)
		}
	}
}
