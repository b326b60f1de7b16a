package main

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"brana/egon"
	"brana/egon/media"
	"brana/egon/xmltext"
)

// A printer prints replies.
type printer struct {
	out   io.Writer
	async bool            // the call was asynchronous
	save  string          // folder for portraits and signatures; empty: they are not saved
	key   *rsa.PrivateKey // that decrypts them; may be nil
}

// print prints what a reply holds: the status, the persons, the media.
func (p *printer) print(r *callReply) error {
	root, err := xmltext.Parse(r.body, xmltext.DefaultBounds())
	if err != nil {
		return exit(
			exitUnreachable, fmt.Errorf("the reply (HTTP %d) is not XML: %w", r.status, err),
		)
	}
	if fault := find(root, "Fault"); fault != nil {
		fmt.Fprintf(p.out, "SOAP Fault (HTTP %d): %s\n", r.status, text(fault, "faultstring"))
		return nil
	}
	p.printStatus(root, r)
	p.printQueue(root)
	for _, item := range findAll(root, "Polozka") {
		fmt.Fprintf(p.out, "  %-22s %s\n", text(item, "KodIszr"), text(item, "KodRpp"))
	}
	for _, entry := range findAll(root, "PrevodAifo") {
		if global := text(entry, "GlobalniAifo"); global != "" {
			fmt.Fprintf(p.out, "person %s  AIFO %s%s\n", text(entry, "LokalniAifo"), global,
				notVerified(entry))
		}
	}
	for _, kind := range answerKinds {
		for _, block := range kind.blocks(root) {
			kind.print(p.out, block)
		}
	}
	for _, a := range append(findAll(root, "AdresniMisto"), findAll(root, "AdresniLokalita")...) {
		state, _ := a.AttrValue("stavOvereniPrvku")
		fmt.Fprintf(p.out, "RUIAN %s %s %s\n", a.Local, a.Value(), state)
	}
	return p.printMedia(root)
}

func (p *printer) printStatus(root *xmltext.Node, r *callReply) {
	status := find(root, "Status")
	fmt.Fprintf(p.out, "%s  (HTTP %d, %d bytes, %s)\n", text(status, "VysledekKod"), r.status,
		len(r.body), r.took.Round(100_000))
	if status == nil {
		return
	}
	if find(root, "AsyncDotazDataResponse") != nil {
		root = find(root, "OdpovedInfo") // printQueue prints the answer inside it
	}
	printDetails(p.out, root)
	if after := r.header.Get("Retry-After"); after != "" {
		fmt.Fprintf(p.out, "  retry after %s s\n", after)
	}
}

// printDetails prints the details of the system status and of the bus's own.
func printDetails(out io.Writer, root *xmltext.Node) {
	details := findAll(find(root, "Status"), "VysledekDetail")
	details = append(details, findAll(find(root, "IszrAplikacniStatus"), "VysledekDetail")...)
	for _, d := range details {
		fmt.Fprintf(out, "  %s", text(d, "VysledekSubKod"))
		if popis := text(d, "VysledekPopis"); popis != "" {
			fmt.Fprintf(out, ": %s", popis)
		}
		if origin := find(d, "Puvodce"); origin != nil {
			fmt.Fprintf(out, " [%s]", allText(origin))
		}
		fmt.Fprintln(out)
	}
}

// notVerified is a remark on an entry of a MapaAifo that ROB does not confirm;
// empty for any other.
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
	// AISEO's own, to the bus.
	{"AiseoOdpoved", "VysledekAiseoKodType", ""},
	{"Odpoved", "VysledekAiseoKodType", ""},
	{"AiseoCtiAifoDataResponseV01", "VysledekAiseoKodType", "OsobaEO"},
	{"AiseoCtiAifo2DataResponseV01", "VysledekAiseoKodType", "OsobaEO"},
	{"EoOdpoved", "VysledekAisKod", "KompletniUdaje"},
}

// blocks are the elements of a kind: those that have a status themselves, and not in an
// element inside.
func (k answerKind) blocks(root *xmltext.Node) []*xmltext.Node {
	return slices.DeleteFunc(findAll(root, k.local), func(n *xmltext.Node) bool {
		return !slices.ContainsFunc(n.Children, func(child *xmltext.Node) bool {
			return strings.HasSuffix(child.Local, "AplikacniStatus")
		})
	})
}

// print prints what a registry verified or returned. It leaves out empty items.
func (k answerKind) print(out io.Writer, block *xmltext.Node) {
	fmt.Fprintf(out, "%s: %s", block.Local, text(block, k.kod))
	for _, d := range findAll(block, "VysledekDetail") {
		fmt.Fprintf(out, " %s", text(d, "VysledekSubKod"))
		if k.person != "Osoba" { // the codes of AISEO need their text
			fmt.Fprintf(out, ": %s", text(d, "VysledekPopis"))
		}
	}
	fmt.Fprintln(out)
	if k.person == "" {
		return
	}
	for _, o := range findAll(block, k.person) {
		for _, item := range o.Children {
			if value := allText(item); value != "" && item.Local != "AifoKontrolaType" {
				fmt.Fprintf(out, "  %-22s %s\n", item.Local, value)
			}
		}
	}
}

// printMedia lists photos and signatures and saves them decrypted.
func (p *printer) printMedia(root *xmltext.Node) error {
	for _, kind := range []struct{ outer, inner string }{
		{"Fotky", "Fotka"},
		{"Podpisy", "Podpis"},
	} {
		for i, m := range findAll(root, kind.outer) {
			base := strings.Join(strings.Fields(text(m, kind.inner)), "")
			cipher, err := base64.StdEncoding.DecodeString(base)
			if err != nil {
				return exit(
					exitRefused, fmt.Errorf("%s %d is not base64: %w", kind.inner, i+1, err),
				)
			}
			fmt.Fprintf(
				p.out, "%s issued %s, %d bytes encrypted",
				kind.inner, text(m, "DatumVydani"), len(cipher),
			)
			if p.save != "" && p.key != nil {
				name := fmt.Sprintf(
					"%s-%s-%d.jpg", strings.ToLower(kind.inner), text(m, "DatumVydani"), i+1,
				)
				if err := p.write(filepath.Base(name), cipher); err != nil {
					return exit(exitRefused, err)
				}
				fmt.Fprintf(p.out, ", saved as %s", filepath.Join(p.save, filepath.Base(name)))
			}
			fmt.Fprintln(p.out)
		}
	}
	return nil
}

func (p *printer) write(name string, cipher []byte) error {
	plain, err := media.Decrypt(p.key, cipher)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.save, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.save, name), plain, 0o600)
}

// printQueue prints what the reply to an asynchronous call, or of a queue
// service, holds beside its status.
func (p *printer) printQueue(root *xmltext.Node) {
	if id := text(root, "IszrZadostId"); p.async &&
		text(find(root, "Status"), "VysledekKod") == egon.OK {
		fmt.Fprintf(
			p.out, "accepted as %s; pick the answer up with: brana call E100 --id %s\n", id, id,
		)
	}
	if wait := text(root, "CekaciCas"); wait != "" {
		fmt.Fprintf(p.out, "  ask again after %s s\n", wait)
	}
	if inner := find(root, "AsyncDotazDataResponse"); inner != nil {
		fmt.Fprintf(p.out, "answer: %s\n", text(find(inner, "Status"), "VysledekKod"))
		printDetails(p.out, inner)
	}
	items := findAll(root, "PolozkaFronty")
	for _, item := range items {
		fmt.Fprintf(p.out, "  %s  %s  %s  made %s, expires %s\n",
			text(item, "IdTransakce"), text(item, "KodAsyncSluzby"), text(item, "IszrZadostId"),
			shortTime(text(item, "CasVytvoreni")), shortTime(text(item, "CasExpirace")))
	}
	if find(root, "PolozkyFronty") != nil {
		fmt.Fprintf(p.out, "%d in the queue", len(items))
		if text(root, "VypisPokracuje") == "true" {
			fmt.Fprintf(p.out, ", and more: brana call E99 --from-id %s",
				text(root, "NasledujiciIdTransakce"))
		}
		fmt.Fprintln(p.out)
	}
}

// shortTime is a time without fractions of a second.
func shortTime(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.Format(time.RFC3339)
}
