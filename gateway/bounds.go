package gateway

import (
	"errors"

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

// whoSetsIt is a sentence for the caller on the key of the configuration that sets
// the bound of err, with a blank before it. It is empty when there is none.
func whoSetsIt(err error) string {
	for _, b := range bounds {
		if b.key != "" && errors.Is(err, b.err) {
			return " Mez nastavuje správce brány klíčem " + b.key + "."
		}
	}
	return ""
}

// maxHeld is the number of bytes of a message that may be held. It has room for a
// message that is read whole and the read that shows it to be too long for that,
// and for a head and a tag that are as long as their bounds allow.
func (g *Gateway) maxHeld() int {
	b := &g.cfg.Bounds
	return max(
		stream.MinHeld,
		g.cfg.InlineLimit+stream.WindowBytes,
		b.HeadBytes+b.XML.TagBytes+stream.WindowBytes,
	)
}
