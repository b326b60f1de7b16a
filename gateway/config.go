package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"brana/egon"
)

// Config is the static part of a gateway. Only package cmd reads files and
// flags; the zero values of the bounds mean the defaults named.
type Config struct {
	Prefix          string        // path before the service code, /publikace
	StatusMode      StatusMode    // HTTP status of refusals
	InlineLimit     int           // bytes; messages up to it are read whole before they are forwarded; default 64 KiB
	MaxMessage      int64         // bytes of a request at most; default 256 MiB
	MaxExchanges    int64         // exchanges at once at most; default 4096
	ReadIdle        time.Duration // longest wait for the header of a request, and for the next bytes of its body; default 15 s
	WriteIdle       time.Duration // longest wait until the caller takes the next bytes; default 60 s
	MinRate         int64         // bytes a second that a caller must send, or take, beside its first idle time; default 32 KiB
	KeepAlive       time.Duration // an idle connection is closed after it; default 60 s
	ShutdownDelay   time.Duration // how long a Shutdown still serves calls, while the gateway is not ready
	Linger          time.Duration // how long it then keeps idle connections open, on which calls are refused as draining
	CutTime         time.Duration // after the deadline of a Shutdown, the time for each of three: cut calls are answered, connections close, jobs end; default 1 s
	DrainBytes      int64         // bytes of an unread body that are read at most before a refusal: a caller that still sends when the connection closes loses the answer; default 16 MiB
	DrainTime       time.Duration // time for that; default 2 s
	MaxConns        int           // connections at once at most; default 8192
	MaxConnsPerPeer int           // of one address (IPv6: of one /64) at most; default 256
	Bounds          egon.Bounds   // of messages and, but for the head, of relayed replies; each that is 0 has its default, TotalBytes is MaxMessage
	RowWait         time.Duration // longest wait for a row of the matrix that has to be fetched first; default 5 s
	Routes          Routes

	TimeTolerance time.Duration  // CasZadosti that is further from the clock is refused; 0: any is taken
	Zone          *time.Location // in which times are written, and of those that a request says without a zone; default the local one

	Contracts *egon.Contracts // WSDLs and schemas that a GET is given; nil: none
	PublicURL string          // of the prefix, as callers know it, for the address in a WSDL; empty: as the caller reached it

	AdminHosts []string // names under which Admin answers, beside localhost and any address

	DropLines bool // calls are served while the log takes no lines; else they are refused

	TLS              *tls.Config // of the listener; it must demand certificates of callers. nil: plain HTTP
	InsecureIdentity bool        // plain HTTP beyond loopback is meant; told on the readiness page
}

func (c *Config) setDefaults() {
	setDefault(&c.Prefix, "/publikace")
	setDefault(&c.InlineLimit, 64<<10)
	setDefault(&c.MaxMessage, 256<<20)
	setDefault(&c.MaxExchanges, 4096)
	setDefault(&c.ReadIdle, 15*time.Second)
	setDefault(&c.WriteIdle, 60*time.Second)
	setDefault(&c.KeepAlive, 60*time.Second)
	setDefault(&c.CutTime, time.Second)
	setDefault(&c.DrainBytes, 16<<20)
	setDefault(&c.DrainTime, 2*time.Second)
	setDefault(&c.MinRate, 32<<10)
	setDefault(&c.RowWait, 5*time.Second)
	setDefault(&c.MaxConns, 8192)
	setDefault(&c.MaxConnsPerPeer, 256)
	setDefault(&c.Zone, time.Local)
	c.Bounds = withDefaults(c.Bounds)
	c.Bounds.TotalBytes = c.MaxMessage
}

func setDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

func (c *Config) validate(parts Parts) error {
	var errs []error
	if !strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/") {
		errs = append(errs, fmt.Errorf("listen.prefix %q: write it with a leading and without a trailing slash, as /publikace", c.Prefix))
	}
	if c.MaxMessage < int64(c.InlineLimit) {
		errs = append(errs, errors.New("listen.max_message: must not be below inline_limit"))
	}
	if c.TLS != nil && c.TLS.ClientAuth != tls.RequireAndVerifyClientCert {
		errs = append(errs, errors.New("listen.tls: must require a certificate of callers"))
	}
	for code, r := range c.Routes.Services {
		s := egon.ServiceByCode(code)
		switch {
		case s == nil:
			errs = append(errs, fmt.Errorf("routes.%s: no service of the catalogue has this code", code))
		case s.Code != code: // E67A is E67a: two routes to it would be one too many
			errs = append(errs, fmt.Errorf("routes.%s: write %s", code, s.Code))
		}
		errs = append(errs, r.validate(code, parts))
	}
	errs = append(errs, c.Routes.Default.validate("default", parts), c.Routes.validateQueue(parts))
	return errors.Join(errs...)
}

// withDefaults replaces each bound that is zero.
func withDefaults(b egon.Bounds) egon.Bounds {
	d := egon.DefaultBounds()
	setDefault(&b.HeadBytes, d.HeadBytes)
	setDefault(&b.Items, d.Items)
	setDefault(&b.XML.NameBytes, d.XML.NameBytes)
	setDefault(&b.XML.TagBytes, d.XML.TagBytes)
	setDefault(&b.XML.Attrs, d.XML.Attrs)
	setDefault(&b.XML.Depth, d.XML.Depth)
	setDefault(&b.XML.Namespaces, d.XML.Namespaces)
	return b
}
