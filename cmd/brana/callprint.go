package main

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"brana/egon"
	"brana/egon/media"
	"brana/egon/xmltext"
)

// print says what a reply holds: the status, the persons, the media.
func (c *callCmd) print(io stdio, r *callReply, key *rsa.PrivateKey) error {
	root, err := xmltext.Parse(r.body, xmltext.DefaultBounds())
	if err != nil {
		return exit(exitUnreachable, fmt.Errorf("the reply (HTTP %d) is not XML: %w", r.status, err))
	}
	if fault := find(root, "Fault"); fault != nil {
		fmt.Fprintf(io.out, "SOAP Fault (HTTP %d): %s\n", r.status, text(fault, "faultstring"))
		return nil
	}
	c.printStatus(io, root, r)
	c.printQueue(io, root)
	for _, p := range findAll(root, "Polozka") {
		fmt.Fprintf(io.out, "  %-22s %s\n", text(p, "KodIszr"), text(p, "KodRpp"))
	}
	for _, p := range findAll(root, "PrevodAifo") {
		if global := text(p, "GlobalniAifo"); global != "" {
			fmt.Fprintf(io.out, "person %s  AIFO %s%s\n", text(p, "LokalniAifo"), global, notVerified(p))
		}
	}
	for _, kind := range answerKinds {
		for _, block := range findAll(root, kind.local) {
			kind.print(io, block)
		}
	}
	for _, a := range append(findAll(root, "AdresniMisto"), findAll(root, "AdresniLokalita")...) {
		state, _ := a.AttrValue("stavOvereniPrvku")
		fmt.Fprintf(io.out, "RUIAN %s %s %s\n", a.Local, a.Value(), state)
	}
	return c.printMedia(io, root, key)
}

func (c *callCmd) printStatus(io stdio, root *xmltext.Node, r *callReply) {
	status := find(root, "Status")
	fmt.Fprintf(io.out, "%s  (HTTP %d, %d bytes, %s)\n", text(status, "VysledekKod"), r.status, len(r.body), r.took.Round(100_000))
	if status == nil {
		return
	}
	if find(root, "AsyncDotazDataResponse") != nil {
		root = find(root, "OdpovedInfo") // of the answer inside it is told later
	}
	printDetails(io, root)
	if after := r.header.Get("Retry-After"); after != "" {
		fmt.Fprintf(io.out, "  retry after %s s\n", after)
	}
}

// printDetails prints the details of the system status and of the bus's own.
func printDetails(io stdio, root *xmltext.Node) {
	for _, d := range append(findAll(find(root, "Status"), "VysledekDetail"), findAll(find(root, "IszrAplikacniStatus"), "VysledekDetail")...) {
		fmt.Fprintf(io.out, "  %s: %s", text(d, "VysledekSubKod"), text(d, "VysledekPopis"))
		if p := find(d, "Puvodce"); p != nil {
			fmt.Fprintf(io.out, " [%s]", allText(p))
		}
		fmt.Fprintln(io.out)
	}
}

// notVerified says so of an entry of a MapaAifo that ROB does not confirm.
func notVerified(entry *xmltext.Node) string {
	if stav, _ := find(entry, "LokalniAifo").AttrValue("stavOvereniAifo"); stav == "false" {
		return "  not verified in ROB"
	}
	return ""
}

// An answerKind is the block of one registry in a reply.
type answerKind struct{ local, kod, person string } // the block, its status code, a person in it

var answerKinds = []answerKind{
	{"RobOverHromadneAifoDataResponse", "VysledekRobKodType", "Osoba"},
	{"RobCtiPodleUdajuDataResponse", "VysledekRobKodType", "Osoba"},
	{"RobCtiPodleUdaju2DataResponse", "VysledekRobKodType", "Osoba"},
	{"AiseoZtotozneniDataResponse", "VysledekAiseoKodType", ""},
	{"AiseoCtiPodleUdajuDataResponse", "VysledekAiseoKodType", ""},
	{"AiseoCtiPodleUdaju2DataResponse", "VysledekAiseoKodType", ""},
	{"AiseoCtiAifoDataResponse", "VysledekAiseoKodType", "OsobaEO"},
	{"AiseoCtiAifo2DataResponse", "VysledekAiseoKodType", "OsobaEO"},
	{"AiseoCtiAifo3DataResponse", "VysledekAisKod", "KompletniUdaje"},
	{"RobCtiHromadneAifoDataResponse", "VysledekRobKodType", "Osoba"},
}

// print prints what a registry verified or gave out; empty items are left out.
func (k answerKind) print(io stdio, block *xmltext.Node) {
	fmt.Fprintf(io.out, "%s: %s", block.Local, text(block, k.kod))
	for _, d := range findAll(block, "VysledekDetail") {
		fmt.Fprintf(io.out, " %s", text(d, "VysledekSubKod"))
		if k.person != "Osoba" { // AISEO has no code that says more
			fmt.Fprintf(io.out, ": %s", text(d, "VysledekPopis"))
		}
	}
	fmt.Fprintln(io.out)
	if k.person == "" {
		return
	}
	for _, o := range findAll(block, k.person) {
		for _, item := range o.Children {
			if value := allText(item); value != "" && item.Local != "AifoKontrolaType" {
				fmt.Fprintf(io.out, "  %-22s %s\n", item.Local, value)
			}
		}
	}
}

// printMedia lists photos and signatures and saves them decrypted.
func (c *callCmd) printMedia(io stdio, root *xmltext.Node, key *rsa.PrivateKey) error {
	for _, kind := range []struct{ outer, inner string }{{"Fotky", "Fotka"}, {"Podpisy", "Podpis"}} {
		for i, m := range findAll(root, kind.outer) {
			cipher, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text(m, kind.inner)), ""))
			if err != nil {
				return exit(exitRefused, fmt.Errorf("%s %d is not base64: %w", kind.inner, i+1, err))
			}
			fmt.Fprintf(io.out, "%s issued %s, %d bytes encrypted", kind.inner, text(m, "DatumVydani"), len(cipher))
			if c.Save != "" && key != nil {
				name := fmt.Sprintf("%s-%s-%d.jpg", strings.ToLower(kind.inner), text(m, "DatumVydani"), i+1)
				if err := c.save(filepath.Base(name), cipher, key); err != nil {
					return exit(exitRefused, err)
				}
				fmt.Fprintf(io.out, ", saved as %s", filepath.Join(c.Save, filepath.Base(name)))
			}
			fmt.Fprintln(io.out)
		}
	}
	return nil
}

func (c *callCmd) save(name string, cipher []byte, key *rsa.PrivateKey) error {
	plain, err := media.Decrypt(key, cipher)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Save, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Save, name), plain, 0o600)
}

// refused is the exit of a call that was not served.
func (r *callReply) refused() error {
	root, err := xmltext.Parse(r.body, xmltext.DefaultBounds())
	if err != nil {
		return exit(exitUnreachable, errors.New("the reply is not XML"))
	}
	inner := find(root, "AsyncDotazDataResponse") // an answer picked up from the queue
	if find(root, "Fault") != nil || text(find(root, "Status"), "VysledekKod") == egon.Chyba || text(find(inner, "Status"), "VysledekKod") == egon.Chyba {
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
