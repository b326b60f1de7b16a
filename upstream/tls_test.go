package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// An https upstream is spoken to only when its certificate is trusted, in
// HTTP/1.1, and its connections are kept like others, session tickets or not.
// A connection opened later resumes the session.
func TestRelayTLS(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) { relayTLS(t, version) })
	}
}

func relayTLS(t *testing.T, version uint16) {
	conns := map[string]bool{} // of each, whether it resumed a session
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter,
		r *http.Request) {
		conns[r.RemoteAddr] = r.TLS.DidResume
		if r.ProtoMajor != 1 || r.TLS.Version != version {
			t.Errorf("got %s over %v", r.Proto, r.TLS)
		}
		io.Copy(io.Discard, r.Body)
		rw.Header().Set("Content-Type", "text/xml")
		io.WriteString(rw, "<a/>")
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it reports the handshake that is refused
	srv.TLS = &tls.Config{MinVersion: version, MaxVersion: version}
	srv.StartTLS()
	t.Cleanup(srv.Close)

	c := client(t, Config{URL: srv.URL, ReceiveBuffer: 64 << 10})
	_, err := send(t, c, text("<b/>"))
	if e := wantCallError(t, err); e.Sent {
		t.Errorf("a message went to an upstream that is not trusted: %v", err)
	}

	trusting := &tls.Config{RootCAs: x509.NewCertPool(),
		ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	trusting.RootCAs.AddCert(srv.Certificate())
	c = client(t, Config{URL: srv.URL, ReceiveBuffer: 64 << 10,
		TLS: func() *tls.Config { return trusting }})
	for range 10 {
		if got, err := send(t, c, text("<b/>")); got != "<a/>" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if len(conns) != 1 {
		t.Errorf("%d connections, want 1", len(conns))
	}
	c.Close()
	if _, err := send(t, c, text("<b/>")); err != nil {
		t.Fatal(err)
	}
	if resumed := slices.Collect(maps.Values(conns)); len(resumed) != 2 ||
		resumed[0] == resumed[1] {
		t.Errorf("sessions resumed on the connections: %v, want one of two", resumed)
	}
}
