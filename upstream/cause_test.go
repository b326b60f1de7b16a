package upstream

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"brana/egon"
)

// waysInto are the ways to ask the one upstream that c is of, each to the end of
// its answer.
func waysInto(c *Client) map[string]func(context.Context) error {
	whole := func(a *egon.Answer, _ time.Time, err error) error {
		if err != nil {
			return err
		}
		defer a.Body.Close()
		_, err = io.Copy(io.Discard, a.Body)
		return err
	}
	st := &egon.Step{Head: e198Head("EopFoto")}
	return map[string]func(context.Context) error{
		"relay": func(ctx context.Context) error {
			return whole(NewRelay(c).Send(ctx,
				text("<b/>"), nil))
		},
		"E227": func(ctx context.Context) error {
			_, err := rightsOver(c).Fetch(ctx, &egon.RightsQuery{Agenda: []byte("X999")})
			return err
		},
		"step": func(ctx context.Context) error {
			_, err := through(ctx, c, asker{party: orgParty},
				func(k *call) (*egon.TranslateReply, error) {
					return k.translate(ctx, st, egon.OrgCtiAifo, &egon.Translation{})
				})
			return err
		},
		"evidence": func(ctx context.Context) error {
			src, _ := egon.SourceOf([]byte("Eop"))
			k, err := c.open(ctx, asker{})
			if err != nil {
				return err
			}
			e, err := askEvidence(newHeadDeadline(ctx, time.Time{}), k, st, src)
			if err != nil {
				return err
			}
			defer e.Close()
			_, err = io.Copy(io.Discard, e)
			return err
		},
	}
}

// Whatever an upstream sends in place of an answer, and wherever, not a byte of
// it stands in the error.
func TestNoByteOfAPeerInErrors(t *testing.T) {
	const secret = "Tajemnik"
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
	chunked := func(chunks string) string {
		return head + "Transfer-Encoding: chunked\r\n\r\n" +
			chunks
	}
	for name, answer := range map[string]string{
		"no HTTP":              secret + "\r\n\r\n",
		"status line":          "HTTP/1.1 " + secret + " OK\r\n\r\n",
		"version":              secret + "/1.1 200 OK\r\n\r\n",
		"header without colon": head + secret + "\r\n\r\n",
		"header with a blank":  head + secret + " x: y\r\n\r\n",
		"value":                head + "X: " + secret + "\x01\r\n\r\n",
		"length":               head + "Content-Length: " + secret + "\r\n\r\n",
		"two lengths": head + "Content-Length: 4\r\nContent-Length: 5\r\nX: " + secret +
			"\r\n\r\n<a/>",
		"coding":           head + "Transfer-Encoding: " + secret + "\r\n\r\n",
		"head without end": head + "X: " + strings.Repeat(secret, 4<<10),
		"head that is cut": head + "X: " + secret,
		"location": "HTTP/1.1 302 Found\r\nContent-Type: text/xml\r\nLocation: /" +
			secret + "\r\nContent-Length: 0\r\n\r\n",
		"parameter of a type": "HTTP/1.1 200 OK\r\nContent-Type: text/html; name=" + secret +
			"\r\nContent-Length: 4\r\n\r\n<a/>",
		"encoding": head + "Content-Encoding: " + secret +
			"\r\nContent-Length: 4\r\n\r\n<a/>",
		"size of a chunk":     chunked(secret + "\r\n"),
		"end of a chunk":      chunked("4\r\n<a/>" + secret),
		"trailer":             chunked("4\r\n<a/>\r\n0\r\n" + secret + "\r\n\r\n"),
		"page":                "HTTP/1.1 500 No\r\nContent-Type: text/html\r\nContent-Length: 8\r\n\r\n" + secret,
		"element":             ok(envelope("<" + secret + "><x></" + secret + ">")),
		"prefix":              ok(envelope("<" + secret + ":x/>")),
		"attribute":           ok(envelope("<x " + secret + "='1' " + secret + "='2'/>")),
		"entity":              ok(envelope("<x>&" + secret + ";</x>")),
		"root":                ok("<" + secret + "/>"),
		"error without fault": strings.Replace(ok("<"+secret+"/>"), "200 OK", "500 No", 1),
		"code of a fault":     strings.Replace(ok(envelope("<s:Fault><faultcode>s:"+secret+"</faultcode><faultstring>"+secret+"</faultstring></s:Fault>")), "200 OK", "500 No", 1),
		"code of a reply":     ok(envelope(org("OrgCtiAifo", secret, known, ""))),
		"number of a reply": ok(envelope(org("OrgCtiAifo", "OK",
			strings.Replace(known, ">1<", ">"+secret+"<", 1), ""))),
		"status of evidence": ok(envelope(eop("OK", known, appStatus(secret, "")))),
		"block of evidence": ok(envelope(eop("OK", known,
			appStatus("OK", "")+aifo1+"<s:Fotky><"+secret+"></s:Fotky>"))),
	} {
		t.Run(name, func(t *testing.T) {
			url := rawFake(func(nc net.Conn, br *bufio.Reader) {
				if _, _, err := takeRequest(br); err == nil {
					io.WriteString(nc, answer)
				}
			}).listen(t)
			for way, ask := range waysInto(client(t, Config{URL: url})) {
				err := ask(t.Context())
				if err == nil && way != "relay" {
					t.Errorf("%s: no error", way)
				}
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("%s: %v", way, err)
				}
			}
		})
	}
}

// The words still tell operators what is wrong with an upstream.
func TestWordsForErrors(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
	for _, tt := range []struct{ answer, want string }{
		{"", "call fake: read the head of the answer: the upstream closed the connection"},
		{"hello\r\n\r\n", "call fake: read the head of the answer: it is no head of HTTP/1.1"},
		{head + "X: " + strings.Repeat("x", 20<<10),
			"call fake: read the head of the answer: its head is longer than 16384 bytes"},
		{head + "Content-Length: 10\r\n\r\n<a>", "call fake: read the answer: it is cut short"},
		{head + "Transfer-Encoding: chunked\r\n\r\nz\r\n",
			"call fake: read the answer: it breaks the framing of HTTP/1.1"},
		{head + "Transfer-Encoding: chunked\r\n\r\n2z\r\n",
			"call fake: read the answer: a chunk of it is malformed or cut short"},
		{ok("<a><b></a>"), "call fake: read XML at byte 6: end tag does not match start tag"},
		{ok("<a/>"), "call fake: expect {http://schemas.xmlsoap.org/soap/envelope/}Envelope in the answer"},
		{ok(envelope("<s:Fault><faultcode>s:Server.Busy</faultcode></s:Fault>")),
			"call fake: receive a SOAP Fault with code Server"},
	} {
		url := rawFake(func(nc net.Conn, br *bufio.Reader) {
			if _, _, err := takeRequest(br); err == nil {
				io.WriteString(nc, tt.answer)
			}
		}).listen(t)
		if err := waysInto(client(t, Config{URL: url}))["step"](t.Context()); err == nil ||
			!strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	gone := rawFake(func(net.Conn, *bufio.Reader) {}).listen(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for url, want := range map[string]string{
		"http://" + l.Addr().String():             "call fake: get a connection: connection refused",
		strings.Replace(gone, "http", "https", 1): "call fake: get a connection: ",
	} {
		if err := waysInto(client(t, Config{URL: url}))["relay"](t.Context()); err == nil ||
			!strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The texts in a certificate are the peer's, too.
func TestWordsForTLS(t *testing.T) {
	const secret = "tajemnik"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(c x509.Certificate) tls.Certificate {
		c.SerialNumber, c.Subject = big.NewInt(1), pkix.Name{CommonName: secret,
			Organization: []string{secret}}
		c.IsCA, c.BasicConstraintsValid = true, true
		der, err := x509.CreateCertificate(rand.Reader, &c, &c, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	}
	now := time.Now()
	valid := x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		DNSNames: []string{secret}}
	local := valid
	local.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	for _, tt := range []struct {
		name    string
		config  *tls.Config
		trusted bool
		want    string
	}{
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{issue(local)}}, false,
			"its certificate is signed by no CA that is trusted"},
		{"another host", &tls.Config{Certificates: []tls.Certificate{issue(valid)}}, true,
			"its certificate is not of the host in its URL"},
		{"expired", &tls.Config{Certificates: []tls.Certificate{issue(x509.Certificate{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0,
				1)}})}}, true, "its certificate has expired, or is not valid yet"},
		{"old", &tls.Config{Certificates: []tls.Certificate{issue(valid)},
			MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, true, "the handshake failed with an alert, tls: protocol version not supported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := tls.Listen("tcp", "127.0.0.1:0", tt.config)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				nc, err := l.Accept()
				if err != nil {
					return
				}
				_ = nc.(*tls.Conn).Handshake()
				nc.Close()
			}()
			trust := &tls.Config{RootCAs: x509.NewCertPool()}
			if tt.trusted {
				trust.RootCAs.AddCert(tt.config.Certificates[0].Leaf)
			}
			c := client(t, Config{URL: "https://" + l.Addr().String(),
				TLS: func() *tls.Config { return trust }})
			err = waysInto(c)["relay"](t.Context())
			if want := "call fake: get a connection: " + tt.want; err == nil ||
				err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// An unknown error is named by its stage and type, without its text.
func TestUnknownErrorsAreNamedByTheirStage(t *testing.T) {
	unknown := errors.New("Tajemnik")
	for _, at := range []stage{judging, waiting, connecting, sending, heading, reading} {
		for _, err := range []error{unknown, fmt.Errorf("Tajemnik: %w", unknown),
			&net.OpError{Op: "Tajemnik", Err: unknown}} {
			if got := causeOf(at, err).Error(); got == "" || strings.Contains(got, "Tajemnik") {
				t.Errorf("at %q: %s", at, got)
			}
		}
	}
	if got := recovered("serve", func() error { panic("Tajemnik") }).Error(); strings.Contains(got,
		"Tajemnik") {
		t.Error(got)
	}
}
