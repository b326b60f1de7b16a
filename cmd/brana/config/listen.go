package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
	"brana/gateway"
)

// Listen is listen: the listener of callers, and what a call may cost.
type Listen struct {
	Address          string     `yaml:"address"`
	Prefix           string     `yaml:"prefix"`
	StatusMode       StatusMode `yaml:"status_mode"`
	InlineLimit      Size       `yaml:"inline_limit"`
	MaxMessage       Size       `yaml:"max_message"`
	MaxExchanges     Count      `yaml:"max_exchanges"`
	CallTimeout      Duration   `yaml:"call_timeout"`
	Drain            Duration   `yaml:"drain"`
	Linger           Duration   `yaml:"linger"`         // second part of drain
	ShutdownDelay    Duration   `yaml:"shutdown_delay"` // first part of drain
	ReadIdle         Duration   `yaml:"read_idle"`
	WriteIdle        Duration   `yaml:"write_idle"`
	MinRate          Size       `yaml:"min_rate"` // a second
	KeepAlive        Duration   `yaml:"keep_alive"`
	MaxConns         Count      `yaml:"max_conns"`
	MaxConnsPerPeer  Count      `yaml:"max_conns_per_peer"`
	PlainSockets     bool       `yaml:"plain_sockets"` // of package net
	Bounds           Bounds     `yaml:"bounds"`
	InsecureIdentity bool       `yaml:"insecure_identity"`
	WSDL             string     `yaml:"wsdl"`       // folder of the official files
	PublicURL        string     `yaml:"public_url"` // of the prefix, for WSDLs

	TLS *ServerTLS `yaml:"tls"` // nil: plain HTTP
}

// StatusMode is listen.status_mode: the HTTP status of refusals.
type StatusMode string

// The values of status_mode.
const (
	EgonStatus StatusMode = "egon" // 200
	HTTPStatus StatusMode = "http" // 4xx and 5xx
)

// Bounds is listen.bounds: what a message may make the gateway hold.
type Bounds struct {
	Head       Size  `yaml:"head"`
	Items      Count `yaml:"items"`
	Name       Size  `yaml:"name"`
	Tag        Size  `yaml:"tag"`
	Attributes Count `yaml:"attributes"`
	Namespaces Count `yaml:"namespaces"`
	Depth      Count `yaml:"depth"`
}

// Admin is admin: the listener of operators.
type Admin struct {
	Address string   `yaml:"address"`
	Hosts   []string `yaml:"hosts"` // names by which it is called, beside addresses
}

// defaultListen has the defaults of the gateway, and those of a process.
func defaultListen() Listen {
	d := gateway.Defaults()
	return Listen{
		Address:         "127.0.0.1:8080",
		Prefix:          d.Prefix,
		StatusMode:      EgonStatus,
		InlineLimit:     Size(d.InlineLimit),
		MaxMessage:      Size(d.MaxMessage),
		MaxExchanges:    Count(d.MaxExchanges),
		CallTimeout:     Duration(gateway.DefaultTimeout),
		Drain:           Duration(25 * time.Second),
		Linger:          Duration(time.Second),
		ReadIdle:        Duration(d.ReadIdle),
		WriteIdle:       Duration(d.WriteIdle),
		MinRate:         Size(d.MinRate),
		KeepAlive:       Duration(d.KeepAlive),
		MaxConns:        Count(d.MaxConns),
		MaxConnsPerPeer: Count(d.MaxConnsPerPeer),
		Bounds:          boundsOf(d.Bounds),
	}
}

func boundsOf(b egon.Bounds) Bounds {
	return Bounds{
		Head:       Size(b.HeadBytes),
		Items:      Count(b.Items),
		Name:       Size(b.XML.NameBytes),
		Tag:        Size(b.XML.TagBytes),
		Attributes: Count(b.XML.Attrs),
		Namespaces: Count(b.XML.Namespaces),
		Depth:      Count(b.XML.Depth),
	}
}

// Egon are the bounds as the language has them.
func (b *Bounds) Egon() egon.Bounds {
	return egon.Bounds{
		HeadBytes: int(b.Head),
		Items:     int(b.Items),
		XML: xmltext.Bounds{
			NameBytes:  int(b.Name),
			TagBytes:   int(b.Tag),
			Attrs:      int(b.Attributes),
			Namespaces: int(b.Namespaces),
			Depth:      int(b.Depth),
		},
	}
}

// Scheme is the scheme of the URL at which callers reach the listener.
func (l *Listen) Scheme() string {
	if l.TLS != nil {
		return "https"
	}
	return "http"
}

func (l *Listen) check(m *mistakes) {
	checkAddress(m, "listen.address", l.Address)
	m.oneOf("listen.status_mode", string(l.StatusMode), string(EgonStatus), string(HTTPStatus))
	l.checkPublicURL(m)
	l.checkIdentity(m)
	l.checkBounds(m)
	if l.ShutdownDelay > 0 && l.ShutdownDelay >= l.Drain {
		m.wrong("listen.shutdown_delay",
			"%s leaves nothing of drain (%s) for calls to end; make drain longer",
			time.Duration(l.ShutdownDelay), time.Duration(l.Drain))
	}
}

// checkIdentity checks that somebody proves who calls.
func (l *Listen) checkIdentity(m *mistakes) {
	switch {
	case l.TLS != nil:
		l.TLS.check(m)
		if l.InsecureIdentity {
			m.wrong("listen.insecure_identity", "is for plain HTTP; remove it, or tls")
		}
	case !l.InsecureIdentity && !loopback(l.Address):
		m.wrong(
			"listen.address",
			"plain HTTP lets anybody claim to be any AIS, so it serves loopback only; "+
				"listen on 127.0.0.1, or set tls, or insecure_identity: true "+
				"when a proxy in front has proven who calls",
		)
	}
}

// checkBounds checks that a value is at least what an honest call needs, and at
// most what a process can hold for many of them.
func (l *Listen) checkBounds(m *mistakes) {
	between(m, "listen.inline_limit", l.InlineLimit, 1, 1<<30)
	between(m, "listen.max_message", l.MaxMessage, 1, 1<<40)
	between(m, "listen.max_exchanges", l.MaxExchanges, 1, 1<<20)
	between(m, "listen.call_timeout", l.CallTimeout, Duration(time.Millisecond),
		Duration(24*time.Hour))
	between(m, "listen.read_idle", l.ReadIdle, Duration(time.Millisecond), Duration(24*time.Hour))
	between(m, "listen.write_idle", l.WriteIdle, Duration(time.Millisecond), Duration(24*time.Hour))
	between(m, "listen.keep_alive", l.KeepAlive, Duration(time.Millisecond), Duration(24*time.Hour))
	between(m, "listen.min_rate", l.MinRate, 1, 1<<30)
	between(m, "listen.max_conns", l.MaxConns, 1, 1<<20)
	between(m, "listen.max_conns_per_peer", l.MaxConnsPerPeer, 1, 1<<20)
	b := &l.Bounds
	between(m, "listen.bounds.head", b.Head, 4<<10, 16<<20)
	between(m, "listen.bounds.items", b.Items, 1, 10000)
	between(m, "listen.bounds.name", b.Name, 64, 64<<10)
	between(m, "listen.bounds.tag", b.Tag, 1<<10, 1<<20)
	between(m, "listen.bounds.attributes", b.Attributes, 8, 1024)
	between(m, "listen.bounds.namespaces", b.Namespaces, 8, 1024)
	between(m, "listen.bounds.depth", b.Depth, 16, 10000)
}

func (l *Listen) checkPublicURL(m *mistakes) {
	if l.PublicURL == "" {
		return
	}
	u, err := url.Parse(l.PublicURL)
	plain := err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	if !plain || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasSuffix(u.Path, "/") {
		m.wrong(
			"listen.public_url",
			"%q is not the URL before the code of a service; "+
				"write it as https://brana.example.cz/publikace, without a slash at its end",
			l.PublicURL,
		)
	}
	if l.WSDL == "" {
		m.wrong("listen.public_url", "is of use in WSDLs only; set wsdl, or remove it")
	}
}

func (a *Admin) check(m *mistakes) {
	checkAddress(m, "admin.address", a.Address)
	for _, host := range a.Hosts {
		if host == "" || strings.ContainsAny(host, ":/*[] ") {
			m.wrong("admin.hosts", "%q is not a name without a port, as brana.example", host)
		}
	}
}

// checkAddress checks that a listener can have an address: host:port, with a
// port from 0 (any that is free) to 65535.
func checkAddress(m *mistakes, key, address string) {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		m.wrong(key, "%q is not host:port", address)
	}
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
