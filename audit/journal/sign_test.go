package journal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pemOf is a block of PEM.
func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// keyFiles are files of keys that people have, by what they hold.
func keyFiles(t *testing.T) map[string]string {
	t.Helper()
	must := func(der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	private := func(key crypto.PrivateKey) []byte { return must(x509.MarshalPKCS8PrivateKey(key)) }
	ofRSA, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ofEC, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"private":     pemOf("PRIVATE KEY", private(testKey(1))),
		"public":      pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(public(testKey(1))))),
		"rsa":         pemOf("PRIVATE KEY", private(ofRSA)),
		"rsa1":        pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(ofRSA)),
		"rsa public":  pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&ofRSA.PublicKey))),
		"ec":          pemOf("PRIVATE KEY", private(ofEC)),
		"ec1":         pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ofEC))),
		"encrypted":   pemOf("ENCRYPTED PRIVATE KEY", []byte{1}),
		"openssh":     pemOf("OPENSSH PRIVATE KEY", []byte{1}),
		"certificate": pemOf("CERTIFICATE", []byte{1}),
		"broken":      pemOf("PRIVATE KEY", []byte{1}),
		"no pem":      "secret",
		"empty":       "",
	}
}

// A key that does not fit is refused with a sentence that says what it is and what to do.
func TestKeys(t *testing.T) {
	const wants = "a journal is signed with Ed25519: openssl genpkey -algorithm ed25519 makes a key"
	dir := t.TempDir()
	put(t, dir, keyFiles(t))
	for name, want := range map[string]struct{ private, public string }{
		"private":     {"", " is a private key, which nobody needs who verifies; openssl pkey -in"},
		"public":      {" is a public key; the private one signs", ""},
		"rsa":         {" holds an RSA key; " + wants, " is a private key"},
		"rsa1":        {" holds an RSA key; " + wants, ` holds PEM of type "RSA PRIVATE KEY"; ` + wants},
		"rsa public":  {" is a public key", " holds an RSA key; " + wants},
		"ec":          {" holds an ECDSA key; " + wants, " is a private key"},
		"ec1":         {" holds an ECDSA key; " + wants, ` holds PEM of type "EC PRIVATE KEY"`},
		"encrypted":   {" is encrypted, and nobody is there to type its password", " is a private key"},
		"openssh":     {` holds PEM of type "OPENSSH PRIVATE KEY"; ` + wants, ` holds PEM of type "OPENSSH`},
		"certificate": {` holds PEM of type "CERTIFICATE"`, ` holds PEM of type "CERTIFICATE"`},
		"broken":      {" is no key that can be read: ", " is a private key"},
		"no pem":      {" holds no PEM, so no key", " holds no PEM, so no key"},
		"empty":       {" holds no PEM, so no key", " holds no PEM, so no key"},
		"missing":     {"there is no file", "no such file"},
	} {
		path := filepath.Join(dir, name)
		key, _, err := ReadPrivateKey(path)
		if (want.private == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want.private) {
			t.Errorf("%s as a private key: %v", name, err)
		}
		if err == nil && !key.Equal(testKey(1)) {
			t.Errorf("%s is read as another key", name)
		}
		read, err := ReadPublicKey(path)
		if (want.public == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want.public) {
			t.Errorf("%s as a public key: %v", name, err)
		}
		if err == nil && !read.Equal(public(testKey(1))) {
			t.Errorf("%s is read as another key", name)
		}
	}
}

// A private key that everybody can read is used, and warned of.
func TestKeyThatEverybodyReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.key")
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o606: true} {
		put(t, filepath.Dir(path), map[string]string{"audit.key": keyFiles(t)["private"]})
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, warning, err := ReadPrivateKey(path)
		if err != nil || (warning != "") != warned {
			t.Errorf("mode %04o: %q, %v", mode, warning, err)
		}
	}
}

// A signature holds each byte of a line, and has one form.
func TestSignature(t *testing.T) {
	key := testKey(1)
	name := signatures.EncodeToString(public(key))
	line := string(signLine(key, []byte(`{"seq":1,"type":"seal"}`)))
	for at := range line {
		changed := []byte(line)
		changed[at] ^= 1
		if checkSignature(changed, name) == signed {
			t.Errorf("byte %d is not held: %s", at, changed)
		}
	}
	for what, c := range map[string]struct {
		line, key string
		want      seen
	}{
		"as it is":         {line, name, signed},
		"another key":      {line, signatures.EncodeToString(public(testKey(2))), forged},
		"no key":           {line, "", forged},
		"a short key":      {line, name[:40], forged},
		"no signature":     {`{"seq":1}`, name, forged},
		"neither":          {`{"seq":1}`, "", unsigned},
		"a line end in it": {strings.Replace(line, `"sig":"`, `"sig":"`+"\r", 1), name, forged},
		"a field after it": {strings.Replace(line, `"}`, `","a":1}`, 1), name, forged},
	} {
		if got := checkSignature([]byte(c.line), c.key); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
}
