package upstream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// A Config describes one upstream.
type Config struct {
	// Name of the upstream in the configuration and in the log.
	Name string
	// URL is http or https, without user, query and fragment. The code of the service
	// is appended to its path.
	URL string
	// Timeout bounds each single wait for the upstream: for the head of an answer, for
	// each further piece of it, and for each piece of the message to be taken. The
	// context bounds the whole call. 0 means 60 s.
	Timeout time.Duration
	// Connect bounds dialling with the TLS handshake. 0 means 5 s.
	Connect time.Duration
	// Idle is how long an unused connection is kept. It should be shorter than the
	// time for which the upstream keeps it. 0 means 30 s.
	Idle time.Duration
	// MaxConns bounds the connections, and so the calls in flight. A call that waits
	// 1 s for a free one fails. 0 means 512.
	MaxConns int
	// ReceiveBuffer is SO_RCVBUF of each connection in bytes: the kernel holds that
	// much of an answer that is not being read. 0 leaves it to the kernel.
	ReceiveBuffer int
	// PlainSockets has connections of package net in the place of those of package
	// socket.
	PlainSockets bool
	// MaxReply bounds, in bytes, the whole reply of a step of E198 or of E227, and the
	// head of an evidence's answer without its media and its SOAP header. Relayed
	// answers are not held. 0 means 1 MiB.
	MaxReply int
	// Breaker says when calls are refused without asking. The zero Breaker lets all
	// calls through.
	Breaker Breaker
	// Pace bounds the calls a second. The zero Pace lets all calls through.
	Pace Pace
	// OnBreaker is called at each change of the breaker's state. It must return soon
	// and not call the client. nil: no call.
	OnBreaker func(name string, to BreakerState)
	// OnSent is called for each message of which a byte was sent, when the head of its
	// answer is here or will not come. It gets the upstream, the called service, and
	// the time since that byte. A message that a breaker, a pace or a missing
	// connection kept back is not reported. nil: no report.
	OnSent func(name, service string, took time.Duration)
	// Agenda and Ais are the codes under which the registry holds its AIFO. Only the
	// steps of E198 need them.
	Agenda string
	Ais    int
	// TLS is called at each handshake for the CAs to trust and the certificate to
	// present. Its result is not changed, and its session cache is used when it has
	// one. nil means the CAs of the system and no certificate.
	TLS func() *tls.Config
}

const (
	defaultTimeout  = 60 * time.Second
	defaultConnect  = 5 * time.Second
	defaultIdle     = 30 * time.Second
	defaultMaxConns = 512
	defaultMaxReply = 1 << 20
	waitForConn     = time.Second
)

// Validate returns everything that is wrong with the configuration, joined.
func (c Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("upstream %s: "+format, append([]any{c.Name}, args...)...))
	}
	if c.Name == "" {
		errs = append(errs, errors.New("upstream: name is empty"))
	}
	if u, err := url.Parse(c.URL); err != nil {
		wrong("url: %w", err)
	} else {
		switch {
		case u.Scheme != "http" && u.Scheme != "https":
			wrong("url: scheme must be http or https, not %q", u.Scheme)
		case u.Hostname() == "":
			wrong("url: the host is missing")
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
			wrong("url: user, query and fragment are not allowed")
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"timeout", c.Timeout}, {"connect", c.Connect}, {"idle", c.Idle}} {
		if d.value < 0 {
			wrong("%s: must not be negative", d.name)
		}
	}
	if c.MaxConns < 0 {
		wrong("max connections: must not be negative")
	}
	if c.ReceiveBuffer < 0 {
		wrong("receive buffer: must not be negative")
	}
	if c.MaxReply < 0 {
		wrong("max reply: must not be negative")
	}
	if err := c.Breaker.validate(); err != nil {
		wrong("breaker: %w", err)
	}
	if err := c.Pace.validate(); err != nil {
		wrong("pace: %w", err)
	}
	return errors.Join(errs...)
}

// withDefaults replaces each zero that means a default.
func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Connect == 0 {
		c.Connect = defaultConnect
	}
	if c.Idle == 0 {
		c.Idle = defaultIdle
	}
	if c.MaxConns == 0 {
		c.MaxConns = defaultMaxConns
	}
	if c.MaxReply == 0 {
		c.MaxReply = defaultMaxReply
	}
	return c
}

// A target is a URL, split for dialling and for the request line.
type target struct {
	addr string // host:port
	host string // as the Host header has it
	name string // for TLS
	path string // without a trailing slash
	tls  bool
}

func (c Config) target() (target, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return target{}, fmt.Errorf("read url of upstream %s: %w", c.Name, err)
	}
	t := target{
		host: u.Host,
		name: u.Hostname(),
		path: strings.TrimRight(u.EscapedPath(), "/"),
		tls:  u.Scheme == "https",
	}
	port := u.Port()
	if port == "" {
		port = "80"
		if t.tls {
			port = "443"
		}
	}
	t.addr = net.JoinHostPort(t.name, port)
	return t, nil
}
