package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"brana/egon"
	"brana/gateway/stream"
)

// Config is the static part of a gateway. Only package cmd reads files and flags. A
// field that is zero has its value of [Defaults], if it has one there.
type Config struct {
	Prefix     string     // path before the service code
	StatusMode StatusMode // HTTP status of refusals
	Routes     Routes

	InlineLimit  int         // bytes; messages up to it are read whole before they are forwarded
	MaxMessage   int64       // bytes of a request at most
	MaxExchanges int64       // exchanges at once at most
	Bounds       egon.Bounds // of messages, and of replies but for the head

	MaxConns        int           // connections at once at most
	MaxConnsPerPeer int           // of one address (IPv6: of one /64) at most
	KeepAlive       time.Duration // an idle connection is closed after it
	PlainSockets    bool          // connections are of package net, not of package socket

	ReadIdle  time.Duration // longest wait for the header of a request, and for more of its body
	WriteIdle time.Duration // longest wait until the caller takes the next bytes
	MinRate   int64         // bytes a second that a caller must send, or take, after its idle time

	// DrainBytes and DrainTime bound what is read of an unread body before a refusal.
	// A caller that still sends when the connection closes loses the answer.
	DrainBytes int64
	DrainTime  time.Duration

	// ShutdownDelay is how long a Shutdown still serves calls while the gateway is not
	// ready. Linger is how long it then keeps idle connections open; calls on them are
	// refused as draining.
	ShutdownDelay, Linger time.Duration
	// CutTime is the time, after the deadline of a Shutdown, for each of three: cut
	// calls are answered, connections close, jobs end.
	CutTime time.Duration

	RowWait       time.Duration  // longest wait for a row of the matrix that has to be fetched
	TimeTolerance time.Duration  // CasZadosti further from the clock is refused; 0: none is
	Zone          *time.Location // of times that are written, and of those that come without a zone

	Contracts *egon.Contracts // WSDLs and schemas, which a GET returns; nil: none
	// PublicURL is the URL of the prefix as callers know it, for the address in a
	// WSDL. Empty: as the caller reached it.
	PublicURL string

	AdminHosts []string // names under which Admin answers, beside localhost and any address

	// DropLines has calls served while the log takes no lines; else they are refused. With
	// a record of use they are served in any case.
	DropLines bool
	// ServeUnrecorded has calls served while nothing can be written to the record of use;
	// else they are refused.
	ServeUnrecorded bool
	// Digests has the SHA-256 of request and answer recorded.
	Digests bool
	Lines   Lines // which exchanges and jobs have a line in the log

	TLS              *tls.Config // it must demand certificates of callers. nil: plain HTTP
	InsecureIdentity bool        // plain HTTP beyond loopback is intended; a readiness line says so
}

// Defaults returns the value of each field that must not be zero.
func Defaults() Config {
	return Config{
		Prefix:          "/publikace",
		InlineLimit:     64 << 10,
		MaxMessage:      256 << 20,
		MaxExchanges:    4096,
		ReadIdle:        15 * time.Second,
		WriteIdle:       60 * time.Second,
		MinRate:         32 << 10,
		KeepAlive:       60 * time.Second,
		CutTime:         time.Second,
		DrainBytes:      16 << 20,
		DrainTime:       2 * time.Second,
		MaxConns:        8192,
		MaxConnsPerPeer: 256,
		Bounds:          egon.DefaultBounds(),
		RowWait:         5 * time.Second,
		Zone:            time.Local,
	}
}

func (c *Config) setDefaults() {
	d := Defaults()
	setDefault(&c.Prefix, d.Prefix)
	setDefault(&c.InlineLimit, d.InlineLimit)
	setDefault(&c.MaxMessage, d.MaxMessage)
	setDefault(&c.MaxExchanges, d.MaxExchanges)
	setDefault(&c.ReadIdle, d.ReadIdle)
	setDefault(&c.WriteIdle, d.WriteIdle)
	setDefault(&c.MinRate, d.MinRate)
	setDefault(&c.KeepAlive, d.KeepAlive)
	setDefault(&c.CutTime, d.CutTime)
	setDefault(&c.DrainBytes, d.DrainBytes)
	setDefault(&c.DrainTime, d.DrainTime)
	setDefault(&c.MaxConns, d.MaxConns)
	setDefault(&c.MaxConnsPerPeer, d.MaxConnsPerPeer)
	setDefault(&c.RowWait, d.RowWait)
	setDefault(&c.Zone, d.Zone)
	setBounds(&c.Bounds, d.Bounds)
	c.Bounds.TotalBytes = c.MaxMessage
}

// setBounds replaces each bound that is zero.
func setBounds(b *egon.Bounds, d egon.Bounds) {
	setDefault(&b.HeadBytes, d.HeadBytes)
	setDefault(&b.Items, d.Items)
	setDefault(&b.XML.NameBytes, d.XML.NameBytes)
	setDefault(&b.XML.TagBytes, d.XML.TagBytes)
	setDefault(&b.XML.Attrs, d.XML.Attrs)
	setDefault(&b.XML.Depth, d.XML.Depth)
	setDefault(&b.XML.Namespaces, d.XML.Namespaces)
}

func setDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// validate returns everything that is wrong with a configuration.
func (c *Config) validate(parts Parts) error {
	var errs []error
	if !strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/") {
		errs = append(errs, fmt.Errorf("listen.prefix %q: "+
			"write it with a leading and without a trailing slash, as /publikace", c.Prefix))
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
			errs = append(errs,
				fmt.Errorf("routes.%s: no service of the catalogue has this code", code))
		case s.Code != code: // E67A is E67a, which could have two routes
			errs = append(errs, fmt.Errorf("routes.%s: write %s", code, s.Code))
		}
		errs = append(errs, r.validate(code, parts))
	}
	errs = append(errs,
		c.Routes.Default.validate("default", parts),
		c.Routes.Internal.validate("default", parts),
		c.Routes.validateQueue(parts))
	return errors.Join(errs...)
}

// maxHeld is the number of bytes of a message that may be held. It has room for a
// message that is read whole and the read that shows it to be too long for that,
// and for a head and a tag that are as long as their bounds allow.
func (c *Config) maxHeld() int {
	b := &c.Bounds
	return max(
		stream.MinHeld,
		c.InlineLimit+stream.WindowBytes,
		b.HeadBytes+b.XML.TagBytes+stream.WindowBytes,
	)
}
