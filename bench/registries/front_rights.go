package registries

import (
	"fmt"

	"brana/egon"
)

// vypisOpravneniPolozky answers E227.
func (f *front) vypisOpravneniPolozky(m *message) reply {
	data := m.body.Child(m.body.Space, "Zadost").
		Child(m.body.Space, "IszrVypisOpravneniPolozkyData")
	value := func(local string) string { return data.Child(egon.NSRightsData, local).Value() }
	triple := value("Agenda") + "/" + value("AgendovaRole") + "/" + value("Ovm")
	rights := f.rights(triple)
	kod := egon.Varovani
	if len(rights) > 0 {
		kod = egon.OK
	}
	d := newDoc()
	d.open("r:"+m.body.Local+"Response", "xmlns:r", m.body.Space, "xmlns:abs", egon.NSAbstract,
		"xmlns:reg", egon.NSReg,
		"xmlns:d", egon.NSRightsData, "xmlns:iszd", egon.NSIszrData, "xmlns:iszt", egon.NSIszrTypes)
	d.odpovedInfo("abs:OdpovedInfo", m, kod)
	d.open("r:IszrOdpoved")
	d.open("r:IszrVypisOpravneniPolozkyDataResponse")
	d.open("iszd:IszrAplikacniStatus")
	d.leaf("iszt:VysledekIszrKodType", kod)
	if kod != egon.OK {
		d.open("iszt:VysledekDetail")
		d.leaf("iszt:VysledekSubKod", "ZAZNAM NENALEZEN")
		d.leaf("iszt:VysledekPopis",
			fmt.Sprintf("S227_001: Nejsou evidována žádná oprávnění na položky pro %.80s.", triple))
		d.shut("iszt:VysledekDetail")
	}
	d.shut("iszd:IszrAplikacniStatus")
	for _, r := range rights {
		d.right(r, m.bareItems)
	}
	d.shut("r:IszrVypisOpravneniPolozkyDataResponse")
	d.shut("r:IszrOdpoved")
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: kod}
}

// right writes one item: as the schema has it or, bare, as the sample.
func (d *doc) right(r Right, bare bool) {
	if !bare {
		d.open("d:Polozka")
	}
	d.leaf("d:KodIszr", r.KodIszr)
	if r.KodRpp != "" {
		d.leaf("d:KodRpp", r.KodRpp)
	}
	if !bare {
		d.shut("d:Polozka")
	}
}
