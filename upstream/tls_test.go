package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
)

// An https upstream is spoken to only when its certificate is trusted, in
// HTTP/1.1, and its connections are kept like others.
func TestRelayTLS(t *testing.T) {
	conns := map[string]bool{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		conns[r.RemoteAddr] = true
		if r.ProtoMajor != 1 || r.TLS == nil || r.TLS.Version < tls.VersionTLS12 {
			t.Errorf("got %s over %v", r.Proto, r.TLS)
		}
		io.Copy(io.Discard, r.Body)
		rw.Header().Set("Content-Type", "text/xml")
		io.WriteString(rw, "<a/>")
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it reports the handshake that is refused
	srv.StartTLS()
	t.Cleanup(srv.Close)

	c := client(t, Config{URL: srv.URL, ReceiveBuffer: 64 << 10})
	_, err := send(t, c, text("<b/>"))
	if e := wantCallError(t, err); e.Sent {
		t.Errorf("a message went to an upstream that is not trusted: %v", err)
	}

	d := newDialer(c.cfg, c.to)
	d.tls.RootCAs = x509.NewCertPool()
	d.tls.RootCAs.AddCert(srv.Certificate())
	c.host.DialTimeout = d.dial
	for range 3 {
		if got, err := send(t, c, text("<b/>")); got != "<a/>" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if len(conns) != 1 {
		t.Errorf("%d connections, want 1", len(conns))
	}
}
