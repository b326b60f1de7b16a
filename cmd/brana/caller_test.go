package main

import (
	"crypto/x509"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// explain prints what the gateway answers to a caller with a certificate. The
// certificate is named by its file, or by its serial number and issuer.
func TestExplainSaysWhatTheGatewaySays(t *testing.T) {
	ca, other := newAuthority(t, "Test CA"), newAuthority(t, "Other CA")
	past := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	ca.issue("gate", 2)
	for name, serial := range map[string]int64{"right": 100, "not bound": 101, "blocked": 102, "other ais": 103, "other agenda": 104,
		"near": 105, "far": 106} {
		ca.issue(name, serial)
	}
	ca.issue("expired", 107, past)
	other.issue("other ca", 108)
	bind := func(serial int, change ...string) string {
		return strings.NewReplacer(change...).Replace(fmt.Sprintf(binding, fmt.Sprint(serial), "Test CA"))
	}
	p, identities := serveTLS(t, ca, bind(100), bind(102, "}", ", blocked_from: 2026-01-01}"), bind(103, "999001", "999002"),
		bind(104, "X999", "X998"),
		bind(105, "}", ", addresses: [127.0.0.0/8]}"), bind(106, "}", ", addresses: [10.1.2.3, 10.4.0.0/16]}"), bind(107))
	config := filepath.Join(filepath.Dir(filepath.Dir(identities)), "brana.yaml")
	for _, tt := range []struct {
		name    string
		ca      *authority
		serial  int
		flags   []string // of the message
		code    int
		says    string   // to the caller; empty: the handshake fails
		explain []string // what explain says beside it
	}{
		{"right", ca, 100, nil, 0, "OK",
			[]string{"caller X999/XR1/12345678/999001,", ", bound to AIS 999001 at ", "identities.yaml:2:5", ": granted"}},
		{"right", ca, 100, []string{"--ais", ""}, 0, "OK", []string{"caller X999/XR1/12345678/999001,", ": granted"}},
		{"right", ca, 100, []string{"--role", "XR3"}, exitRefused, "BR_101: AgendovaRole XR3", []string{"refused: not-granted"}},
		{"not bound", ca, 101, nil, exitRefused, "BR_102: Certifikát volajícího není registrován.",
			[]string{", not bound", "refused: caller-mismatch"}},
		{"blocked", ca, 102, nil, exitRefused, "BR_102: Certifikát volajícího je zablokován.", []string{"refused: caller-mismatch"}},
		{"other ais", ca, 103, nil, exitRefused, "BR_102: Ais 999001 neodpovídá certifikátu; ten patří Ais 999002.",
			[]string{"refused: caller-mismatch"}},
		{"other ais", ca, 103, []string{"--ais", "", "--role", "XR2"}, 0, "OK", []string{"caller X999/XR2/12345678/999002,", ": granted"}},
		{"other agenda", ca, 104, nil, exitRefused, "BR_102: Agenda X999 není registrována k certifikátu Ais 999001.",
			[]string{"refused: caller-mismatch"}},
		{"near", ca, 105, nil, 0, "OK", []string{": granted"}},
		{"far", ca, 106, nil, exitRefused, "BR_102: Volání přišlo z adresy, která k certifikátu není registrována.",
			[]string{"refused: caller-mismatch"}},
		{"expired", ca, 107, nil, exitRefused, "",
			[]string{"handshake refused: expired: ", "refused: caller-mismatch", "BR_102: Platnost certifikátu volajícího skončila."}},
		{"other ca", other, 108, nil, exitRefused, "",
			[]string{"handshake refused: untrusted: ", "BR_102: Certifikát volajícího není registrován."}},
	} {
		t.Run(tt.name+" "+strings.Join(tt.flags, " "), func(t *testing.T) {
			flags := append([]string{"--triple", "X999/XR1/12345678"}, tt.flags...)
			said, code := brana(append([]string{"call", "E227", "--url", p.gateway, "--ca", ca.file("ca.pem"),
				"--cert", tt.ca.file(tt.name + ".pem"), "--key", tt.ca.file(tt.name + ".key")}, flags...)...)
			if want := map[bool]int{true: exitUnreachable, false: tt.code}[tt.says == ""]; code != want || !strings.Contains(said, tt.says) {
				t.Errorf("the gateway: exit code %d, %s", code, said)
			}
			file := filepath.Join(t.TempDir(), "call.xml")
			write(t, file, string(message(t, "E227", flags...)))
			ways := [][]string{{"--cert", tt.ca.file(tt.name + ".pem")}}
			if tt.says != "" { // no more than the certificate itself tells of its end and its CA
				ways = append(ways, []string{"--serial", fmt.Sprint(tt.serial), "--issuer", "CN=Test CA,C=CZ"})
			}
			for _, way := range ways {
				said, code := brana(append([]string{"explain", "-c", config, "--address", "127.0.0.1", file}, way...)...)
				if code != tt.code {
					t.Errorf("%v: exit code %d, want %d", way, code, tt.code)
				}
				for _, want := range append(tt.explain, strings.TrimPrefix(tt.says, "OK")) {
					if !strings.Contains(said, want) {
						t.Errorf("%v: it does not say %q:\n%s", way, want, said)
					}
				}
			}
		})
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// explain never passes over a question of identity in silence.
func TestExplainWithoutACertificate(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	ca.issue("ais", 100)
	config := func(tls string, identities string) string {
		file := serveFile(t, "127.0.0.1:8090", "  prefix:", tls+"  prefix:")
		write(t, filepath.Join(filepath.Dir(file), "policy", "identities.yaml"), "identities:\n"+identities)
		return file
	}
	tls := fmt.Sprintf("  tls: {cert: %[1]s/gate.pem, key: %[1]s/gate.key, client_ca: %[1]s/ca.pem}\n", ca.dir)
	secure := config(tls, fmt.Sprintf(binding, "100", "Test CA")+strings.Replace(fmt.Sprintf(binding, "101", "Test CA"), "}",
		", addresses: [10.0.0.1]}", 1))
	plain := config("", fmt.Sprintf(binding, "100", "Test CA"))
	none := config("", "  []\n")
	cert, garbled := ca.file("ais.pem"), ca.file("garbled.pem")
	write(t, garbled, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	file := filepath.Join(t.TempDir(), "call.xml")
	write(t, file, string(message(t, "E227", "--triple", "X999/XR1/12345678")))
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"none", []string{"-c", secure}, 0, "identity not checked: name the certificate of the call with --cert, or with --serial and --issuer"},
		{"none, plain HTTP", []string{"-c", plain}, 0, "identity not checked: without listen.tls the gateway checks none\n"},
		{"address alone", []string{"-c", secure, "--address", "10.0.0.1"}, exitUsage,
			"--address is compared with what is bound to a certificate: name one"},
		{"no address where one is needed", []string{"-c", secure, "--serial", "101", "--issuer", "CN=Test CA,C=CZ"}, exitUsage,
			"identities.yaml:3:5 is bound to addresses: say with --address"},
		{"no address", []string{"-c", secure, "--cert", cert, "--address", "here"}, exitUsage, `--address "here" is no address`},
		{"certificate, plain HTTP", []string{"-c", plain, "--cert", cert}, exitUsage,
			"the gateway would not check a certificate: name with -c a configuration that has listen.tls"},
		{"certificate, sample policy", []string{"--cert", cert}, exitUsage, "the gateway would not check a certificate"},
		{"two ways", []string{"-c", secure, "--cert", cert, "--serial", "1", "--issuer", "CN=Test CA"}, exitUsage, "--cert"},
		{"serial number alone", []string{"-c", secure, "--serial", "1"}, exitUsage, "--issuer"},
		{"issuer alone", []string{"-c", secure, "--issuer", "CN=Test CA"}, exitUsage, "--serial"},
		{"serial number", []string{"-c", secure, "--serial", "4d2a", "--issuer", "CN=Test CA"}, exitUsage,
			`serial is "4d2a": write a positive number`},
		{"issuer", []string{"-c", secure, "--serial", "1", "--issuer", "Test CA"}, exitUsage, "issuer: "},
		{"no certificate in the file", []string{"-c", secure, "--cert", ca.file("ais.key")}, exitUsage, "ais.key has none in PEM"},
		{"no certificate in its place", []string{"-c", secure, "--cert", garbled}, exitUsage, "garbled.pem: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said, code := brana(append(append([]string{"explain"}, tt.args...), file)...)
			if code != tt.code || !strings.Contains(said, tt.want) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, tt.code, tt.want, said)
			}
		})
	}
	if said, code := brana("explain", "-c", none, file); code != 0 || strings.Contains(said, "identity") {
		t.Errorf("without identities: exit code %d:\n%s", code, said)
	}
}
