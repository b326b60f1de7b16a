package gateway

import (
	"errors"

	"brana/egon"
	"brana/egon/xmltext"
	"brana/gateway/stream"
)

// The bounds that the gateway itself keeps a request to.
var (
	errHeaderTooLarge = errors.New("header of the request is too large")
	errInline         = errors.New("message of a service that is answered here is too large")
)

// bounds are the labels of brana_bound_refusals_total, each by the error that
// says so, with the key that sets the bound where there is one.
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

// whoSetsIt says to the caller which key of the configuration sets the bound
// that err exceeded, with a blank before it; it is empty when none does.
func whoSetsIt(err error) string {
	for _, b := range bounds {
		if b.key != "" && errors.Is(err, b.err) {
			return " Mez nastavuje správce brány klíčem " + b.key + "."
		}
	}
	return ""
}

// maxHeld is how many bytes of a message may be held: those of a message that is
// read whole and of the read that shows it to be too long for that, and whatever
// the bounds of a message let stay open.
func (g *Gateway) maxHeld() int {
	b := &g.cfg.Bounds
	return max(stream.MinHeld, g.cfg.InlineLimit+stream.WindowBytes, b.HeadBytes+b.XML.TagBytes+stream.WindowBytes)
}
