package gateway

import (
	"errors"
	"fmt"

	"brana/egon"
	"brana/egon/xmltext"
	"brana/gateway/stream"
)

// Errors of requests that exceed a bound of this package.
var (
	errHeaderTooLarge = errors.New("header of the request is too large")
	errInline         = errors.New("message of a service that is answered here is too large")
)

// bounds are the labels of brana_bound_refusals_total by the error of each bound,
// with the key of the configuration that sets it, if there is one.
var bounds = []struct {
	err  error
	name string
	key  string
}{
	{errHeaderTooLarge, "header", ""},
	{egon.ErrHeadTooLarge, "head", "listen.bounds.head"},
	{egon.ErrMessageTooLarge, "max_message", "listen.max_message"},
	{errInline, "inline_limit", "listen.inline_limit"},
	{stream.ErrHeld, "held", ""},
	{egon.ErrTooManyItems, "items", "listen.bounds.items"},
	{xmltext.ErrNameTooLong, "name", "listen.bounds.name"},
	{xmltext.ErrTagTooLong, "tag", "listen.bounds.tag"},
	{xmltext.ErrTooManyAttributes, "attributes", "listen.bounds.attributes"},
	{xmltext.ErrTooDeep, "depth", "listen.bounds.depth"},
	{xmltext.ErrTooManyNamespaces, "namespaces", "listen.bounds.namespaces"},
	{stream.ErrTooSlow, "slow", ""},
}

// whoSetsIt returns a sentence for the caller, with a blank before it. It names the key
// of the configuration that sets the bound of err, and is empty when no key does.
func whoSetsIt(err error) string {
	for _, b := range bounds {
		if b.key != "" && errors.Is(err, b.err) {
			return " Mez nastavuje správce brány klíčem " + b.key + "."
		}
	}
	return ""
}

// longest is the bound of the bytes of a message that takes a route, and the error
// of a message that exceeds it.
func (c *Config) longest(r Route) (int64, error) {
	if r.Kind == RelayRoute {
		return c.MaxMessage, egon.ErrMessageTooLarge
	}
	return int64(c.InlineLimit), errInline
}

func (c *Config) tooLong(s *egon.Service, r Route) *Refusal {
	bound, why := c.longest(r)
	popis := fmt.Sprintf("Žádost služby %s smí mít nejvýše %d bajtů.%s",
		nameOf(s), bound, whoSetsIt(why))
	return refuse(TooLargeKind, popis).because(why)
}
