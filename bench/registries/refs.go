package registries

import (
	"brana/egon"
	"brana/egon/xmltext"
)

// ref is one entry of a SeznamIdAdres: an address, or a place of a kind.
type ref struct {
	kod   int
	typ   string // empty for an address, otherwise [Obec] or [ObvodPrahy]
	state string // stavOvereniPrvku; empty: not checked
}

func readRefs(list *xmltext.Node) (refs []ref) {
	for _, n := range list.All(egon.NSReg, "AdresniMisto") {
		refs = append(refs, ref{kod: atoi(n.Value())})
	}
	for _, n := range list.All(egon.NSReg, "AdresniLokalita") {
		typ, ok := n.AttrValue("typPrvku")
		if !ok {
			typ = Obec
		}
		refs = append(refs, ref{kod: atoi(n.Value()), typ: typ})
	}
	return refs
}

// refsStatus returns the system status of an answer about references.
func refsStatus(refs []ref) (kod string, details []detail) {
	kod = egon.OK
	for _, x := range refs {
		switch x.state {
		case Nenalezen:
			kod, details = egon.Varovani, append(details, detail{
				subKod:  "ADRESA NEEXISTUJE",
				registr: "RUIAN",
			})
		case Zrusen:
			kod, details = egon.Varovani, append(details, detail{
				subKod:  "ADRESA SMAZANA",
				registr: "RUIAN",
			})
		}
	}
	return kod, details
}

// seznamIdAdres writes references as the element name, addresses first.
func (d *doc) seznamIdAdres(name string, refs []ref) {
	d.open(name)
	for _, x := range refs {
		if x.typ == "" {
			d.leaf("reg:AdresniMisto", itoa(x.kod), "stavOvereniPrvku", x.state)
		}
	}
	for _, x := range refs {
		if x.typ != "" {
			d.leaf(
				"reg:AdresniLokalita", itoa(x.kod), "stavOvereniPrvku", x.state, "typPrvku", x.typ,
			)
		}
	}
	d.shut(name)
}
