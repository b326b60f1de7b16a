package egon

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A requestNode is an element as encoding/xml reads it, or a piece of text, a comment or an
// instruction, whose name says which.
type requestNode struct {
	name, text string
	attrs      []string
	kids       []*requestNode
}

func parseRequest(doc []byte) (*requestNode, error) {
	root := &requestNode{}
	open := []*requestNode{root}
	for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &requestNode{name: tok.Name.Space + " " + tok.Name.Local}
			for _, a := range tok.Attr {
				n.attrs = append(n.attrs, a.Name.Space+" "+a.Name.Local+"="+a.Value)
			}
			top.kids = append(top.kids, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.addText(string(tok))
		case xml.Comment:
			top.kids = append(top.kids, &requestNode{name: "!", text: string(tok)})
		case xml.ProcInst:
			top.kids = append(top.kids, &requestNode{name: "?" + tok.Target, text: string(tok.Inst)})
		}
	}
}

// lines are the nodes below n, one a line.
func (n *requestNode) lines(list []string) []string {
	for _, k := range n.kids {
		list = append(list, fmt.Sprintf("%s %q %q", k.name, k.attrs, k.text))
		list = append(k.lines(list), "end")
	}
	return list
}

// addText appends text, to the text before it if there is some.
func (n *requestNode) addText(text string) {
	if k := len(n.kids); k > 0 && n.kids[k-1].name == "" {
		n.kids[k-1].text += text
		return
	}
	n.kids = append(n.kids, &requestNode{text: text})
}

// child returns the first child element of that name and its place.
func (n *requestNode) child(name string) (*requestNode, int) {
	for i, k := range n.kids {
		if k.name == name {
			return k, i
		}
	}
	return nil, -1
}

// drop removes the child at i.
func (n *requestNode) drop(i int) {
	kids := n.kids
	n.kids = nil
	for k, kid := range kids {
		switch {
		case k == i:
		case kid.name == "":
			n.addText(kid.text)
		default:
			n.kids = append(n.kids, kid)
		}
	}
}

// operation is the element inside Body, or the root.
func (n *requestNode) operation() *requestNode {
	if envelope, _ := n.child(NSEnvelope + " Envelope"); envelope != nil {
		n, _ = envelope.child(NSEnvelope + " Body")
	}
	for _, k := range n.kids {
		if strings.Contains(k.name, " ") {
			return k
		}
	}
	return nil
}

const (
	infoName = NSAbstract + " ZadostInfo"
	authName = NSAbstract + " AutorizaceInfo"
	listName = NSAbstract + " SeznamUdaju"
)

// takeList empties SeznamUdaju and returns its words. With added it drops what before
// lacks: SeznamUdaju at the end of AutorizaceInfo, and that behind ZadostInfo.
func (n *requestNode) takeList(before *requestNode, added bool) (words []string) {
	operation, had := n.operation(), before.operation()
	auth, at := operation.child(authName)
	if auth == nil {
		return nil
	}
	hadAuth, _ := had.child(authName)
	list, place := auth.child(listName)
	if list == nil {
		return nil
	}
	text := ""
	for _, k := range list.kids {
		text += k.text
	}
	words = strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(whiteSpace, r) })
	list.kids = nil
	switch {
	case added && hadAuth == nil:
		if _, info := operation.child(infoName); info != at-1 || len(auth.kids) != 1 {
			return []string{"AutorizaceInfo is not behind ZadostInfo, or has more than a list"}
		}
		operation.drop(at)
	case added && place != len(auth.kids)-1:
		if hadList, _ := hadAuth.child(listName); hadList == nil {
			return []string{"SeznamUdaju is not at the end of AutorizaceInfo"}
		}
	case added:
		if hadList, _ := hadAuth.child(listName); hadList == nil {
			auth.drop(place)
		}
	}
	return words
}
