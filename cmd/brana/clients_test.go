package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/cmd/brana/config"
	"brana/egon/media"
)

// clientTime bounds one process of a real client, and of its compiler.
const clientTime = 2 * time.Minute

// Real SOAP clients make their stubs from the WSDLs that the gateway serves, and get
// right answers from every service that the gateway answers itself.
func TestRealClients(t *testing.T) {
	t.Parallel()
	dir := officialFolder(t)
	for _, c := range []struct {
		name    string
		command func(t *testing.T, url string) []string
		noRows  string // what comes of a triple without rows
	}{
		{"PHP SoapClient", phpClient, "VAROVANI VAROVANI ZAZNAM NENALEZEN S227_001"},
		{"zeep", zeepClient, "VAROVANI VAROVANI ZAZNAM NENALEZEN S227_001"},
		{"gSOAP", gsoapClient, "not of its type"}, // it is strict, and the schema lacks ZAZNAM NENALEZEN
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // it waits for processes
			w := startWorld(t, func(c *config.Config) { c.Listen.WSDL = dir })
			command := c.command(t, w.gateway)
			key, photo := filepath.Join(t.TempDir(), "key.der"), filepath.Join(t.TempDir(), "photo.p7m")
			public, err := x509.MarshalPKIXPublicKey(testKey().Public())
			if err != nil {
				t.Fatal(err)
			}
			write(t, key, string(public))
			own := w.call("E198", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", "EopFoto Jmeno Prijmeni ROBCti")
			want := fmt.Sprintf(`E198: OK %s VOSÁHLO 2021-03-15
E198 refused: CHYBA NENI OPRAVNENI BR_111
E227: OK OK Prijmeni=101-1-1 Jmeno=101-1-2 DatumNarozeni=101-1-5
E227 without rows: %s
E227 later: OK, E100: OK 3 items
E99: OK lists it
E101: OK, E100: CHYBA NENALEZENO BR_307
`, text(own.root, "GlobalniAifo"), c.noRows)
			got := runToEnd(t, "", append(command, w.gateway, key, photo)...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("it says (-want +got):\n%s", diff)
			}
			sent, err := base64.StdEncoding.DecodeString(text(own.root, "Fotka"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(plain(t, photo), decrypted(t, sent)) {
				t.Error("the photo is another")
			}
		})
	}
}

// plain is a photo that a client has saved, decrypted.
func plain(t *testing.T, file string) []byte {
	t.Helper()
	cipher, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return decrypted(t, cipher)
}

func decrypted(t *testing.T, cipher []byte) []byte {
	t.Helper()
	photo, err := media.Decrypt(testKey(), cipher)
	if err != nil || len(photo) == 0 {
		t.Fatalf("decrypt the photo: %d bytes, %v", len(photo), err)
	}
	return photo
}

func phpClient(t *testing.T, _ string) []string {
	needClient(t, "PHP SoapClient (php-cli, php-soap)", exec.Command("php", "-r", "exit(class_exists('SoapClient') ? 0 : 1);"))
	return []string{"php", clientFile(t, "client.php")}
}

func zeepClient(t *testing.T, _ string) []string {
	python := "/usr/bin/python3" // for which Debian's package is, whatever else is called python3
	needClient(t, "zeep (python3-zeep)", exec.Command(python, "-c", "import zeep"))
	return []string{python, clientFile(t, "client.py")}
}

// gsoapClient makes the client: stubs of the WSDLs, in C, which the compiler has
// done in a few seconds.
func gsoapClient(t *testing.T, url string) []string {
	needClient(t, "gSOAP (gsoap, libgsoap-dev, gcc)",
		exec.Command("sh", "-c", "command -v wsdl2h soapcpp2 gcc && [ -e /usr/include/stdsoap2.h ]"))
	dir := t.TempDir()
	load := []string{"wsdl2h", "-c", "-t", clientFile(t, "typemap.dat"), "-o", "stubs.h"}
	for _, code := range described {
		load = append(load, url+"/"+code+"?wsdl")
	}
	runToEnd(t, dir, load...)
	runToEnd(t, dir, "soapcpp2", "-c", "-C", "-L", "-x", "-w", "stubs.h")
	runToEnd(t, dir, "gcc", "-O0", "-w", "-I.", "-o", "client", clientFile(t, "client.c"), "soapC.c", "soapClient.c", "-lgsoap")
	return []string{filepath.Join(dir, "client")}
}

func clientFile(t *testing.T, name string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("testdata/clients", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// needClient skips the test when a client is not installed, which the command
// finds out.
func needClient(t *testing.T, what string, installed *exec.Cmd) {
	t.Helper()
	if err := installed.Run(); err == nil {
		return
	}
	if os.Getenv("BRANA_REQUIRE_CLIENTS") == "1" {
		t.Fatalf("BRANA_REQUIRE_CLIENTS=1 but there is no %s", what)
	}
	t.Skipf("not installed: %s", what)
}

// runToEnd runs a program in a folder to its end and returns its output.
func runToEnd(t *testing.T, dir string, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var out, diagnostics strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(command, " "), err, out.String(), diagnostics.String())
	}
	return out.String()
}
