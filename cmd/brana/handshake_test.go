package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binding is the identity of a caller that may do all that the sample policy
// gives to AIS 999001, by serial number and issuer.
const binding = `  - {serial: "%s", issuer: "CN=%s,C=CZ", ais: 999001, administrator: "12345678", agendas: [X999]}` + "\n"

// serveTLS runs the program with the certificates of gate and ca of an
// authority, and writes its identities, which a reload takes over from the file
// returned.
func serveTLS(t *testing.T, ca *authority, bindings ...string) (*process, string) {
	t.Helper()
	return serveTLSOver(t, ca, false, bindings...)
}

// serveTLSOver is serveTLS over plain sockets or those of package socket.
func serveTLSOver(t *testing.T, ca *authority, plain bool, bindings ...string) (*process, string) {
	t.Helper()
	_, sim := startRegistries(t)
	file := serveFile(t, sim, "  prefix:",
		fmt.Sprintf("  tls: {cert: %[1]s/gate.pem, key: %[1]s/gate.key, client_ca: %[1]s/ca.pem}\n  prefix:", ca.dir),
		"plain_sockets: false", fmt.Sprintf("plain_sockets: %t", plain))
	identities := filepath.Join(filepath.Dir(file), "policy", "identities.yaml")
	write(t, identities, "identities:\n"+strings.Join(bindings, ""))
	p := runProcess(t, "serve", "-c", file)
	p.gateway = strings.Replace(p.gateway, "http:", "https:", 1)
	return p, identities
}

func (p *process) address() string {
	return strings.TrimSuffix(strings.TrimPrefix(p.gateway, "https://"), "/publikace")
}

// A keptConn is a connection that a caller keeps open.
type keptConn struct {
	*tls.Conn
	r *bufio.Reader
}

func (p *process) open(cfg *tls.Config) (*keptConn, error) {
	c, err := tls.Dial("tcp", p.address(), cfg)
	if err != nil {
		return nil, err
	}
	p.t.Cleanup(func() { c.Close() })
	return &keptConn{c, bufio.NewReader(c)}, c.SetDeadline(time.Now().Add(time.Minute))
}

// question is a call of E227 as it is on the wire.
func question(t testing.TB, lines ...string) (head, body string) {
	t.Helper()
	body = string(message(t, "E227", "--triple", "X999/XR1/12345678"))
	return "POST /publikace/E227 HTTP/1.1\r\nHost: brana.test\r\nContent-Type: text/xml; charset=utf-8\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n", len(body)) + strings.Join(append(lines, ""), "\r\n") + "\r\n", body
}

// ask makes a call on the connection, nil when it was granted.
func (k *keptConn) ask(t testing.TB) error {
	t.Helper()
	head, body := question(t)
	if _, err := io.WriteString(k, head+body); err != nil {
		return err
	}
	r, err := http.ReadResponse(k.r, nil)
	if err != nil {
		return err
	}
	said, err := io.ReadAll(r.Body)
	if err == nil && !strings.Contains(string(said), ">OK<") {
		err = errors.New(string(said))
	}
	return err
}

// once makes a call on a connection of its own and returns the state of its TLS.
func (p *process) once(cfg *tls.Config) (tls.ConnectionState, error) {
	k, err := p.open(cfg)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer k.Close()
	err = k.ask(p.t)
	return k.ConnectionState(), err
}

// Certificates and CAs are renewed under callers that stay connected. Open
// connections go on, and old and new certificates are good side by side. A CA that
// is removed is trusted at no new connection, with a resumed session or without.
func TestRenewalUnderOpenConnections(t *testing.T) {
	t.Parallel() // it waits
	ca, next := newAuthority(t, "Test CA"), newAuthority(t, "Next CA")
	ca.issue("gate", 2)
	ca.issue("ais", 100)
	next.issue("ais", 200)
	p, _ := serveTLS(t, ca, fmt.Sprintf(binding, "100", "Test CA"), fmt.Sprintf(binding, "200", "Next CA"))
	roots := ca.client("ais").RootCAs          // the gateway's certificate stays of the first
	caller := func(a *authority) *tls.Config { // with sessions of its own
		return a.client("ais", func(c *tls.Config) {
			cert := c.Certificates[0]
			c.RootCAs, c.GetClientCertificate = roots, func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &cert, nil // also when its CA is not among those that the gateway names
			}
		})
	}
	open := func(serial int64) *keptConn {
		t.Helper()
		k, err := p.open(caller(ca))
		if err != nil {
			t.Fatal(err)
		}
		if got := k.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); got != serial {
			t.Fatalf("the gateway shows certificate %d, want %d", got, serial)
		}
		return k
	}
	goOn := func(when string, connections ...*keptConn) {
		t.Helper()
		for i, k := range connections {
			if err := k.ask(t); err != nil {
				t.Errorf("%s: open connection %d: %v", when, i, err)
			}
		}
	}
	first := open(2)
	goOn("at first", first)
	refused := func(who *tls.Config) {
		t.Helper()
		if _, err := p.once(who); err == nil || !strings.Contains(err.Error(), "remote error: tls: ") {
			t.Errorf("error %v, want an alert of the gateway's", err)
		}
	}
	refused(caller(next))

	ca.issue("gate", 50)
	old := string(read(t, ca.file("ca.pem")))
	write(t, ca.file("ca.pem"), old+string(read(t, next.file("ca.pem"))))
	eventually(t, "the next CA is trusted too", func() bool { _, err := p.once(caller(next)); return err == nil })
	second := open(50)
	goOn("while both are trusted", first, second)
	resuming := caller(ca)
	for _, resumed := range []bool{false, true} {
		if state, err := p.once(resuming); err != nil || state.DidResume != resumed {
			t.Errorf("resumed %v, %v, want %v", state.DidResume, err, resumed)
		}
	}

	write(t, ca.file("ca.pem"), string(read(t, next.file("ca.pem"))))
	eventually(t, "the CA before it is trusted no more", func() bool { _, err := p.once(caller(ca)); return err != nil })
	refused(caller(ca))
	refused(resuming)
	goOn("when the first is out", first, second)
	if _, err := p.once(caller(next)); err != nil {
		t.Errorf("the next CA: %v", err)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// An opensslClient is openssl s_client, which can do on a connection what the
// client of Go cannot.
type opensslClient struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	said logBuffer
}

func (p *process) openssl(t *testing.T, ca *authority, name string, flags ...string) *opensslClient {
	t.Helper()
	c := &opensslClient{t: t, cmd: exec.Command("openssl", append([]string{"s_client", "-connect", p.address(), "-CAfile", ca.file("ca.pem"),
		"-cert", ca.file(name + ".pem"), "-key", ca.file(name + ".key")}, flags...)...)}
	c.cmd.Stdout, c.cmd.Stderr = &c.said, &c.said
	in, err := c.cmd.StdinPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.in = in
	t.Cleanup(func() { _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() }) // it may have ended
	return c
}

// write sends a text. An error shows in the end of the process.
func (c *opensslClient) write(text string) { _, _ = io.WriteString(c.in, text) }

func (c *opensslClient) await(text string) {
	c.t.Helper()
	eventually(c.t, "openssl says "+text, func() bool { return strings.Contains(c.said.String(), text) })
}

// ended waits until the client has found its connection at an end.
func (c *opensslClient) ended() {
	c.t.Helper()
	hung := time.AfterFunc(30*time.Second, func() { c.t.Error("the connection goes on"); _ = c.cmd.Process.Kill() })
	defer hung.Stop()
	_ = c.cmd.Wait() // how it ended is in what it said
}

func needOpenssl(t *testing.T, unproved string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err == nil {
		return
	}
	if os.Getenv("BRANA_REQUIRE_OPENSSL") == "1" {
		t.Fatal("BRANA_REQUIRE_OPENSSL=1 but openssl is not in PATH")
	}
	t.Skip("openssl is not installed: " + unproved + " stays unproved")
}

// A caller that would begin another handshake on its connection gets an alert:
// before a call, after one, and in the middle of one. Nothing that it sends
// afterwards is served, and others are.
func TestRenegotiationIsRefused(t *testing.T) {
	needOpenssl(t, "that renegotiation is refused")
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	ca.issue("ais", 100)
	head, body := question(t)
	asking, _ := question(t, "Expect: 100-continue")
	for _, tt := range []struct {
		name, sends, awaits string // before it renegotiates
		after               string
		granted             int
	}{
		{"before a call", "", "Verify return code", head + body, 0},
		{"after a call", head + body, "</s:Envelope>", head + body, 1},
		{"in the middle of a call", asking, "100 Continue", body, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, _ := serveTLS(t, ca, fmt.Sprintf(binding, "100", "Test CA"))
			c := p.openssl(t, ca, "ais", "-tls1_2")
			c.await("Verify return code")
			if tt.sends != "" {
				c.write(tt.sends)
			}
			c.await(tt.awaits)
			c.write("R\n")
			c.await("RENEGOTIATING")
			c.write(tt.after)
			c.ended()
			if said := c.said.String(); !strings.Contains(said, "alert unexpected message") {
				t.Errorf("no alert: %s", said)
			}
			if got := strings.Count(c.said.String(), "HTTP/1.1 200 "); got != tt.granted {
				t.Errorf("%d answers, want %d", got, tt.granted)
			}
			if _, err := p.once(ca.client("ais")); err != nil {
				t.Errorf("the next caller: %v", err)
			}
			if code := p.end(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if got := strings.Count(p.log.String(), `"outcome":"ok"`); got != tt.granted+1 {
				t.Errorf("%d calls were granted, want %d and the next caller's", got, tt.granted)
			}
		})
	}
	t.Run("TLS 1.3 has none", func(t *testing.T) {
		p, _ := serveTLS(t, ca, fmt.Sprintf(binding, "100", "Test CA"))
		c := p.openssl(t, ca, "ais", "-tls1_3")
		c.write(head + body)
		c.await("</s:Envelope>")
		c.write("K\n") // a new key of the client's, and one of the gateway's
		c.await("KEYUPDATE")
		c.write(head + body)
		eventually(t, "the connection goes on", func() bool { return strings.Count(c.said.String(), "HTTP/1.1 200 ") == 2 })
	})
}
