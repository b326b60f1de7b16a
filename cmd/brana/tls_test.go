package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"brana/cmd/brana/config"
	"brana/egon"
)

// TLS 1.2 and 1.3 with forward secrecy are spoken, older versions never, and
// the old RSA key exchange when it is asked for.
func TestVersionsAndSuites(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	ca.issue("ais", 3)
	suite := func(id uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.CipherSuites, c.MaxVersion = []uint16{id}, tls.VersionTLS12 }
	}
	for _, tt := range []struct {
		name   string
		server config.ServerTLS
		client func(*tls.Config)
		spoken bool
	}{
		{"1.3", config.ServerTLS{}, onlyVersion(tls.VersionTLS13), true},
		{"1.2", config.ServerTLS{}, onlyVersion(tls.VersionTLS12), true},
		{"1.1", config.ServerTLS{}, onlyVersion(tls.VersionTLS11), false},
		{"1.2 where 1.2 is enough", config.ServerTLS{MinVersion: "1.2"}, onlyVersion(tls.VersionTLS12), true},
		{"1.3 where it is demanded", config.ServerTLS{MinVersion: "1.3"}, onlyVersion(tls.VersionTLS13), true},
		{"1.2 where 1.3 is demanded", config.ServerTLS{MinVersion: "1.3"}, onlyVersion(tls.VersionTLS12), false},
		{"forward secrecy", config.ServerTLS{}, suite(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), true},
		{"RSA key exchange", config.ServerTLS{}, suite(tls.TLS_RSA_WITH_AES_128_CBC_SHA), false},
		{"RSA key exchange, legacy", config.ServerTLS{LegacyRSA: true}, suite(tls.TLS_RSA_WITH_AES_128_CBC_SHA), true},
		{"RSA key exchange with GCM, legacy", config.ServerTLS{LegacyRSA: true}, suite(tls.TLS_RSA_WITH_AES_256_GCM_SHA384), true},
		{"3DES, legacy", config.ServerTLS{LegacyRSA: true}, suite(tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), false},
		{"RC4, legacy", config.ServerTLS{LegacyRSA: true}, suite(tls.TLS_RSA_WITH_RC4_128_SHA), false},
		{"forward secrecy, legacy", config.ServerTLS{LegacyRSA: true}, suite(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), true},
		{"1.3, legacy", config.ServerTLS{LegacyRSA: true}, onlyVersion(tls.VersionTLS13), true},
		{"HTTP/2 alone", config.ServerTLS{}, func(c *tls.Config) { c.NextProtos = []string{"h2"} }, false},
		{"HTTP/2 or 1.1", config.ServerTLS{}, func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := ca.listenTLS()
			server.MinVersion, server.LegacyRSA = tt.server.MinVersion, tt.server.LegacyRSA
			cfg, err := serverTLS(server)
			if err != nil {
				t.Fatal(err)
			}
			state, err := handshake(t, cfg, ca.client("ais", tt.client))
			if (err == nil) != tt.spoken || state.NegotiatedProtocol == "h2" {
				t.Errorf("%+v, error %v, want it spoken: %v", state, err, tt.spoken)
			}
		})
	}
}

// Sessions are resumed also after the certificate of the listener was renewed,
// but not when the CA of the caller's is trusted no more.
func TestSessionsAcrossReloads(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			ca, other := newAuthority(t, "Test CA"), newAuthority(t, "Another CA")
			ca.issue("gate", 2)
			ca.issue("ais", 3)
			files := ca.listenTLS()
			c := newCredentials("listen.tls", func() (*tls.Config, error) { return serverTLS(files) }, zap.NewNop())
			reload := func() {
				t.Helper()
				if err := c.load(); err != nil {
					t.Fatal(err)
				}
			}
			reload()
			server, client := c.server(), ca.client("ais", onlyVersion(v))
			check := func(when string, serial int64, resumed, trusted bool) {
				t.Helper()
				state, err := handshake(t, server, client)
				if (err == nil) != trusted {
					t.Fatalf("%s: error %v, want it trusted: %v", when, err, trusted)
				}
				if trusted && (state.DidResume != resumed || state.PeerCertificates[0].SerialNumber.Int64() != serial) {
					t.Errorf("%s: resumed %v, certificate %d", when, state.DidResume, state.PeerCertificates[0].SerialNumber)
				}
			}
			check("first", 2, false, true)
			check("second", 2, true, true)
			ca.issue("gate", 4)
			reload()
			check("renewed", 2, true, true) // of the session; a full handshake shows the new one
			client = ca.client("ais", onlyVersion(v))
			check("renewed, in full", 4, false, true)
			files.ClientCA = other.file("ca.pem")
			reload()
			check("CA not trusted", 0, false, false)
			both := string(read(t, ca.file("ca.pem"))) + string(read(t, other.file("ca.pem")))
			files.ClientCA = ca.file("both.pem")
			write(t, files.ClientCA, both)
			reload()
			client = ca.client("ais", onlyVersion(v))
			check("both CAs trusted", 4, false, true)
		})
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The files are checked again while the gateway runs. Broken ones leave the last good
// ones in force until they are mended.
func TestFilesThatChange(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	files, j := ca.listenTLS(), &logText{}
	c := newCredentials("listen.tls", func() (*tls.Config, error) { return serverTLS(files) }, j.logger(), files.Cert, files.Key,
		files.ClientCA)
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		c.checked = time.Time{} // long ago
		return c.value().Certificates[0].Leaf.SerialNumber.Int64()
	}
	good := read(t, files.Cert)
	write(t, files.Cert, string(good[:len(good)/2]))
	if got := serial(); got != 2 {
		t.Errorf("certificate %d while its file is broken", got)
	}
	if got := serial(); got != 2 || strings.Count(fmt.Sprintf("%s", j.lines()), "what was last read stays in force") != 1 {
		t.Errorf("certificate %d, logged %s", got, j.lines())
	}
	ca.issue("gate", 70)
	if got := serial(); got != 70 {
		t.Errorf("certificate %d, want the new one", got)
	}
	if err := os.Remove(files.Key); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 70 {
		t.Errorf("certificate %d while its key is away", got)
	}
	if end, ok := c.end(); !ok || time.Until(end) < 69*time.Hour {
		t.Errorf("it ends %v", end)
	}
}

// The whole program over TLS: who may call, metrics, a reload by SIGHUP, and
// brana call with a certificate.
func TestServeOverTLS(t *testing.T) {
	t.Parallel() // it waits
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain sockets %t", plain), func(t *testing.T) { testServeOverTLS(t, plain) })
	}
}

func testServeOverTLS(t *testing.T, plain bool) {
	ca := newAuthority(t, "Test CA")
	for name, serial := range map[string]int64{"gate": 2, "ais": 100, "next": 101, "stranger": 102} {
		ca.issue(name, serial)
	}
	old, next := fmt.Sprintf(binding, "0x64", "Test CA"), fmt.Sprintf(binding, "101", "Test CA")
	p, identities := serveTLSOver(t, ca, plain, old)

	if _, ready := p.ready(); !strings.Contains(ready, "[+] identity by certificate\n") {
		t.Errorf("readyz: %s", ready)
	}
	call := func(name string, more ...string) (string, int) {
		return brana(append([]string{"call", "E227", "--url", p.gateway, "--triple", "X999/XR1/12345678",
			"--ca", ca.file("ca.pem"), "--cert", ca.file(name + ".pem"), "--key", ca.file(name + ".key")}, more...)...)
	}
	for _, tt := range []struct {
		name string
		more []string
		code int
		says string
	}{
		{"ais", nil, 0, "OK"},
		{"ais", []string{"--ais", ""}, 0, "OK"},
		{"ais", []string{"--ais", "999002"}, exitRefused, "BR_102: Ais 999002 neodpovídá certifikátu; ten patří Ais 999001."},
		{"ais", []string{"--agenda", "X998"}, exitRefused, "BR_102: Agenda X998"},
		{"next", nil, exitRefused, "BR_102: Certifikát volajícího není registrován."},
	} {
		if said, code := call(tt.name, tt.more...); code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("%s %v: exit code %d, %s", tt.name, tt.more, code, said)
		}
	}
	if said, code := brana("call", "E227", "--url", p.gateway, "--triple", "X999/XR1/12345678", "--ca",
		ca.file("ca.pem")); code != exitUnreachable || !strings.Contains(said, "call with a certificate: --cert FILE") {
		t.Errorf("without a certificate: exit code %d, %s", code, said)
	}
	if said, code := brana("call", "E227", "--url", p.gateway, "--triple", "X999/XR1/12345678"); code != exitUnreachable ||
		!strings.Contains(said, "name the CA of the gateway with --ca FILE") {
		t.Errorf("without its CA: exit code %d, %s", code, said)
	}

	write(t, identities, "identities:\n"+old+next)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next certificate is bound", func() bool { _, code := call("next"); return code == 0 })
	if said, code := call("ais"); code != 0 {
		t.Errorf("the certificate before it: exit code %d, %s", code, said)
	}
	ca.issue("gate", 50) // read without a signal
	eventually(t, "the new certificate of the gateway is shown", func() bool {
		c, err := tls.Dial("tcp", p.address(), ca.client("ais"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == 50
	})
	p.checkExpiries()
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// Over TLS a gateway without identities lets nobody in; check says how many
// there are.
func TestCheckCountsIdentities(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	file := serveFile(t, "127.0.0.1:8090", "  prefix:",
		fmt.Sprintf("  tls: {cert: %[1]s/gate.pem, key: %[1]s/gate.key, client_ca: %[1]s/ca.pem}\n  prefix:", ca.dir))
	if said, code := brana("check", "-c", file); code != 0 ||
		!strings.Contains(said, "34 items, no identities, so no certificate is let in; no record of use") {
		t.Errorf("exit code %d, %s", code, said)
	}
	write(t, filepath.Join(filepath.Dir(file), "policy", "identities.yaml"), "identities:\n"+fmt.Sprintf(binding, "0x64", "Test CA"))
	if said, code := brana("check", "-c", file); code != 0 || !strings.Contains(said, "34 items, 1 identities; no record of use") {
		t.Errorf("exit code %d, %s", code, said)
	}
}

// checkExpiries checks that the metrics have the ends of certificates.
func (p *process) checkExpiries() {
	p.t.Helper()
	for metric, least := range map[string]time.Duration{
		`brana_certificate_expiry_timestamp_seconds{which="listen.tls"}`:                                       49 * time.Hour,
		`brana_caller_certificate_expiry_timestamp_seconds{ais="999001",issuer="CN=Test CA,C=CZ",serial="64"}`: 99 * time.Hour,
		`brana_caller_certificate_expiry_timestamp_seconds{ais="999001",issuer="CN=Test CA,C=CZ",serial="65"}`: 100 * time.Hour,
	} {
		var end float64
		if _, err := fmt.Sscan(p.metric(metric), &end); err != nil || time.Until(time.Unix(int64(end), 0)) < least {
			p.t.Errorf("%s is %v (%v)", metric, end, err)
		}
	}
}

// An upstream that demands a certificate gets it, and one whose CA is not
// named is not spoken to.
func TestUpstreamWithCertificate(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	ca.issue("bus", 3)
	cfg, err := serverTLS(&config.ServerTLS{Cert: ca.file("bus.pem"), Key: ca.file("bus.key"), ClientCA: ca.file("ca.pem")})
	if err != nil {
		t.Fatal(err)
	}
	callers := make(chan int64, 8)
	bus := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		callers <- r.TLS.PeerCertificates[0].SerialNumber.Int64()
		_, _ = io.Copy(io.Discard, r.Body)
		rw.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = rw.Write(egon.AppendReply(nil, egon.ServiceByCode("E05"), true, &egon.OdpovedInfo{CasOdpovedi: time.Now(),
			Status: egon.Status{Kod: egon.OK}, AgendaZadostId: "a75167b3-b260-49a0-aac6-4d763538b259",
			IszrZadostId: "a75167b3-b260-49a0-aac6-4d763538b259"}))
	}))
	bus.TLS = cfg
	bus.Config.ErrorLog = zap.NewStdLog(zap.NewNop()) // it reports the handshakes that are refused
	bus.StartTLS()
	t.Cleanup(bus.Close)
	for _, tt := range []struct {
		name string
		tls  config.ClientTLS
		want string
	}{
		{"with its certificate", config.ClientTLS{CA: ca.file("ca.pem"), Cert: ca.file("gate.pem"), Key: ca.file("gate.key")}, "OK"},
		{"with it, over plain sockets", config.ClientTLS{CA: ca.file("ca.pem"), Cert: ca.file("gate.pem"), Key: ca.file("gate.key")}, "OK"},
		{"without one", config.ClientTLS{CA: ca.file("ca.pem")}, "CHYBA (CHYBA VOLANI REGISTRU"},
		{"without the CA", config.ClientTLS{Cert: ca.file("gate.pem"), Key: ca.file("gate.key")}, "CHYBA (CHYBA VOLANI REGISTRU"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := startWorld(t, func(c *config.Config) {
				c.Listen.PlainSockets = strings.HasSuffix(tt.name, "plain sockets")
				c.Upstreams["iszr"] = config.Upstream{URL: bus.URL, TLS: &tt.tls, Timeout: new(config.Duration(5 * time.Second))}
			})
			if got := w.call("E05", "--name", "Zoran Vosáhlo").statusLine(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	if len(callers) != 2 || <-callers != 2 {
		t.Errorf("%d calls came through", len(callers))
	}
}

// A byte order mark before the first certificate is none of it.
func TestCAsAfterAByteOrderMark(t *testing.T) {
	ca, other := newAuthority(t, "Test CA"), newAuthority(t, "Another CA")
	var both []byte
	for _, a := range []*authority{ca, other} {
		text, err := os.ReadFile(a.file("ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	file := filepath.Join(t.TempDir(), "both.pem")
	write(t, file, string(both))
	want, err := readPool(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, "\ufeff"+string(both))
	if got, err := readPool(file); err != nil || !got.Equal(want) {
		t.Errorf("%v, and certificates are missing", err)
	}
}

// Files of certificates that are missing or hold none name their key.
func TestMistakesInFilesOfTLS(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.pem")
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	for _, tt := range []struct{ tls, want string }{
		{"{cert: " + missing + ", key: " + missing + ", client_ca: " + missing + "}", "listen.tls: read " + missing},
		{"{cert: " + ca.file("gate.pem") + ", key: " + ca.file("gate.key") + ", client_ca: " + ca.file("gate.key") + "}", "has none in PEM"},
	} {
		said, code := brana("check", "-c", serveFile(t, "127.0.0.1:8090", "  prefix:", "  tls: "+tt.tls+"\n  prefix:"))
		if code != exitRefused || !strings.Contains(said, tt.want) {
			t.Errorf("exit code %d, %s, want %s", code, said, tt.want)
		}
	}
	for _, flags := range [][]string{{"--cert", ca.file("gate.pem")}, {"--url", "https://127.0.0.1:1", "--key", ca.file("gate.key")},
		{"--url", "https://127.0.0.1:1", "--cert", ca.file("ca.key")}} {
		if said, code := brana(append([]string{"call", "E227", "--triple", "a/b/c"}, flags...)...); code != exitUsage {
			t.Errorf("%v: exit code %d, %s", flags, code, said)
		}
	}
}
