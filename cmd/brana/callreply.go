package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// A callReply is the reply to a call.
type callReply struct {
	status int
	body   []byte
	header http.Header
	took   time.Duration
}

// refused is the exit code of a call that was refused; nil: it was served.
func (r *callReply) refused() error {
	root, err := xmltext.Parse(r.body, xmltext.DefaultBounds())
	if err != nil {
		return exit(exitUnreachable, errors.New("the reply is not XML"))
	}
	inner := find(root, "AsyncDotazDataResponse") // an answer picked up from the queue
	if find(root, "Fault") != nil || text(find(root, "Status"), "VysledekKod") == egon.Chyba ||
		text(find(inner, "Status"), "VysledekKod") == egon.Chyba {
		return exit(exitRefused, nil)
	}
	return nil
}

// find returns the first element with a local name in document order, or nil.
func find(n *xmltext.Node, local string) *xmltext.Node {
	if all := findAll(n, local); len(all) > 0 {
		return all[0]
	}
	return nil
}

func findAll(n *xmltext.Node, local string) []*xmltext.Node {
	if n == nil {
		return nil
	}
	var list []*xmltext.Node
	for _, child := range n.Children {
		if child.Local == local {
			list = append(list, child)
		}
		list = append(list, findAll(child, local)...)
	}
	return list
}

func text(n *xmltext.Node, local string) string {
	if f := find(n, local); f != nil {
		return f.Value()
	}
	return ""
}

// allText joins the text of an element and of everything in it.
func allText(n *xmltext.Node) string {
	words := strings.Fields(n.Value())
	for _, child := range n.Children {
		words = append(words, strings.Fields(allText(child))...)
	}
	return strings.Join(words, " ")
}
