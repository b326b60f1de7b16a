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
	{errHeld, "held", ""},
	{egon.ErrTooManyItems, "items", "listen.bounds.items"},
	{xmltext.ErrNameTooLong, "name", "listen.bounds.name"},
	{xmltext.ErrTagTooLong, "tag", "listen.bounds.tag"},
	{xmltext.ErrTooManyAttributes, "attributes", "listen.bounds.attributes"},
	{xmltext.ErrTooDeep, "depth", "listen.bounds.depth"},
	{xmltext.ErrTooManyNamespaces, "namespaces", "listen.bounds.namespaces"},
	{errTooSlow, "slow", ""},
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
