package registries

import (
	"brana/egon"
	"brana/egon/xmltext"
)

// prevod is one entry of a MapaAifo.
type prevod struct {
	system  System // whose identifier it is; zero: unknown
	local   string // its number in the data, as it was written
	aifo    string // the identifier; empty: absent
	status  string // prevodAifoStatus
	overeno string // stavOvereniAifo
}

// readMapa returns the entries of a MapaAifo; none if n is nil.
func readMapa(n *xmltext.Node) (entries []prevod) {
	for _, p := range n.All(egon.NSReg, "PrevodAifo") {
		agenda, _ := p.AttrValue("agenda")
		ais, _ := p.AttrValue("ais")
		local := p.Child(egon.NSReg, "LokalniAifo")
		status, _ := local.AttrValue("prevodAifoStatus")
		overeno, _ := local.AttrValue("stavOvereniAifo")
		entries = append(entries, prevod{
			system:  System{agenda, atoi(ais)},
			local:   local.Value(),
			status:  status,
			overeno: overeno,
			aifo:    p.Child(egon.NSReg, "GlobalniAifo").Value(),
		})
	}
	return entries
}

// mapaAifo writes a MapaAifo as the element name; from is its lokalniAifoOd.
func (d *doc) mapaAifo(name, from string, entries []prevod) {
	d.open(name, "lokalniAifoOd", from)
	for _, p := range entries {
		d.open("reg:PrevodAifo", "agenda", p.system.Agenda, "ais", nonZero(p.system.AIS))
		d.leaf(
			"reg:LokalniAifo", p.local, "prevodAifoStatus", p.status, "stavOvereniAifo", p.overeno,
		)
		if p.aifo != "" {
			d.leaf("reg:GlobalniAifo", p.aifo)
		}
		d.shut("reg:PrevodAifo")
	}
	d.shut(name)
}
