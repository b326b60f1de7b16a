package gateway

import (
	"errors"
	"net"

	"brana/egon"
	"brana/egon/xmltext"
)

// The bounds that the gateway itself keeps a request to.
var (
	errHeaderTooLarge = errors.New("header of the request is too large")
	errInline         = errors.New("message of a service that is answered here is too large")
	errHeld           = errors.New("more bytes to hold back than the bound")
	errTooSlow        = errors.New("caller is too slow")
)

// bounds are the labels of brana_bound_refusals_total, each by the error that
// says so. They are the keys of listen and listen.bounds where there is one.
var bounds = []struct {
	err  error
	name string
}{
	{errHeaderTooLarge, "header"},
	{egon.ErrHeadTooLarge, "head"},
	{egon.ErrMessageTooLarge, "max_message"},
	{errInline, "inline_limit"},
	{errHeld, "held"},
	{egon.ErrTooManyItems, "items"},
	{xmltext.ErrNameTooLong, "name"},
	{xmltext.ErrTagTooLong, "tag"},
	{xmltext.ErrTooManyAttributes, "attributes"},
	{xmltext.ErrTooDeep, "depth"},
	{xmltext.ErrTooManyNamespaces, "namespaces"},
	{errTooSlow, "slow"},
}

// exceededBound names the bound that ended an exchange, or returns an empty
// string. A bound that a reply exceeds is the registry's offence, but ours to
// set.
func (x *exchange) exceededBound() string {
	for _, err := range []error{x.broken, x.cause()} {
		if err == nil {
			continue
		}
		for _, b := range bounds {
			if errors.Is(err, b.err) {
				return b.name
			}
		}
	}
	return ""
}

func (x *exchange) cause() error {
	if x.refusal == nil {
		return nil
	}
	return x.refusal.Cause
}

// slow marks an error of a caller that let its time pass; err may be nil.
func slow(err error) error {
	if err == nil {
		return nil
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.Join(errTooSlow, err)
	}
	return err
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
