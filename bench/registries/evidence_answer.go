package registries

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// answer writes the reply to one request. All namespaces are declared on its
// root.
type answer struct {
	evidence *Evidence
	request  *xmltext.Node
	as       staging
	b        []byte
}

// outcome is how a reply ends: for the system, and for the evidence.
type outcome struct {
	kod    string
	sub    string // VysledekSubKod of the system, empty for none
	detail string // VysledekSubKod of the evidence, empty for none
	popis  string // VysledekPopis of both
	item   string // NevydanaPolozka of the evidence, empty for none
}

// refuse answers a question with a refusal: of the system when the message is
// invalid, otherwise of the evidence.
func (a *answer) refuse(no *refusal) reply {
	if !no.system {
		return a.withoutPerson(outcome{
			kod:    "CHYBA",
			sub:    "APLIKACNI CHYBA",
			detail: "SPECIFIKACE V POPISU",
			popis:  no.popis,
		})
	}
	a.open(outcome{kod: "CHYBA", sub: "NEVALIDNI DATA", popis: no.popis})
	a.close()
	return reply{head: a.b, kod: "CHYBA"}
}

// warn answers that not just one person was found.
func (a *answer) warn(popis string) reply {
	return a.withoutPerson(outcome{kod: "VAROVANI", detail: "SPECIFIKACE V POPISU", popis: popis})
}

func (a *answer) withoutPerson(o outcome) reply {
	a.open(o)
	a.openData(o)
	a.closeData()
	a.close()
	return reply{head: a.b, kod: o.kod}
}

// give answers with the person's AIFO at once and with the media as they are
// read, one of them in memory at a time.
func (a *answer) give(q *question, x *Person) reply {
	e, o := a.evidence, outcome{kod: "OK"}
	photos, signatures := q.choose(x, e.dialect.documents(x))
	if q.photo && (x.PhotoWithheld || a.as.withheld) {
		o = outcome{
			kod:    "VAROVANI",
			detail: "UDAJ NEVYDAN",
			popis:  "Fotografie nebyla vydána.",
			item:   "Foto",
		}
		photos = nil
	}
	if a.as.withheld {
		o.kod = "OK"
	}
	a.open(o)
	a.b = fmt.Appendf(
		a.b,
		`<MapaAifo lokalniAifoOd="%d"><reg:PrevodAifo agenda="%s" ais="%d">`+
			`<reg:LokalniAifo>%d</reg:LokalniAifo>`+
			`<reg:GlobalniAifo>%s</reg:GlobalniAifo></reg:PrevodAifo></MapaAifo>`,
		q.localAifo+1, e.agenda, e.ais, q.localAifo, AIFO(e.agenda, x.ID),
	)
	a.openData(o)
	a.b = fmt.Appendf(a.b, `<ais:Aifo>%d</ais:Aifo>`, q.localAifo)
	stream := func(w io.Writer) error {
		for _, d := range photos {
			if err := writeMedium(w, "Fotky", "Fotka", d, q.cipher,
				e.album.portrait(x, d.VydanoDne, a.as.photo)); err != nil {
				return err
			}
		}
		for _, d := range signatures {
			if err := writeMedium(w, "Podpisy", "Podpis", d, q.cipher,
				e.album.signature(x, d.VydanoDne)); err != nil {
				return err
			}
		}
		tail := answer{evidence: e}
		tail.closeData()
		tail.close()
		_, err := w.Write(tail.b)
		return err
	}
	return reply{head: a.b, stream: stream, kod: o.kod, uses: 1, hidden: q.hidden}
}

// choose returns the documents whose photos and whose signatures are returned.
func (q *question) choose(x *Person, documents []Document) (photos, signatures []Document) {
	if q.photo && !x.NoPhoto {
		photos = q.photos.choose(documents)
	}
	if q.signature {
		signatures = q.signatures.choose(documents)
	}
	return photos, signatures
}

// writeMedium encrypts one photo or signature and writes it with the date of
// its document.
func writeMedium(w io.Writer, outer, inner string, d Document, c Cipher, picture []byte) error {
	der, err := c.Encrypt(picture)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "<ais:%s><ais:%s>", outer, inner); err != nil {
		return err
	}
	if err := writeBase64(w, der); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "</ais:%s><ais:DatumVydani>%s</ais:DatumVydani></ais:%s>", inner,
		d.VydanoDne.Format(time.DateOnly), outer)
	return err
}

// writeBase64 writes data in pieces, so that the text is never whole in memory.
func writeBase64(w io.Writer, data []byte) error {
	const piece = 24 << 10 // divisible by three, so no piece is padded but the last
	text := make([]byte, base64.StdEncoding.EncodedLen(piece))
	for part := range slices.Chunk(data, piece) {
		n := base64.StdEncoding.EncodedLen(len(part))
		base64.StdEncoding.Encode(text, part)
		if _, err := w.Write(text[:n]); err != nil {
			return err
		}
	}
	return nil
}

// open writes the root's start tag and OdpovedInfo.
func (a *answer) open(o outcome) {
	d := a.evidence.dialect
	a.b = fmt.Appendf(
		a.b, `<%sResponse xmlns="%s" xmlns:reg="%s" xmlns:ais="%s" verzeZadosti="1.0.0">`,
		d.request, d.space, egon.NSReg, egon.NSEvidence,
	)
	a.b = fmt.Appendf(
		a.b,
		`<OdpovedInfo><reg:CasOdpovedi>%s</reg:CasOdpovedi>`+
			`<reg:Status><reg:VysledekKod>%s</reg:VysledekKod>`,
		timeNow(), o.kod,
	)
	if o.sub != "" {
		a.b = fmt.Appendf(
			a.b,
			`<reg:VysledekDetail><reg:VysledekSubKod>%s</reg:VysledekSubKod><reg:VysledekPopis>`,
			o.sub,
		)
		a.b = xmltext.AppendText(a.b, o.popis)
		a.b = append(a.b, `</reg:VysledekPopis></reg:VysledekDetail>`...)
	}
	a.b = append(a.b, `</reg:Status>`...)
	info := a.request.Child(d.space, "ZadostInfo")
	for _, id := range []string{"AgendaZadostId", "IszrZadostId"} {
		if n := info.Child(egon.NSReg, id); n != nil {
			a.b = append(append(append(a.b, "<reg:"...), id...), '>')
			a.b = xmltext.AppendText(a.b, n.Value())
			a.b = append(append(append(a.b, "</reg:"...), id...), '>')
		}
	}
	a.b = append(a.b, `</OdpovedInfo>`...)
}

func (a *answer) close() { a.b = fmt.Appendf(a.b, `</%sResponse>`, a.evidence.dialect.request) }

// openData begins the answer of the evidence with its status.
func (a *answer) openData(o outcome) {
	a.b = fmt.Appendf(
		a.b,
		`<%[1]s><%[1]sV1><ais:AisAplikacniStatus><ais:VysledekAisKod>%[2]s</ais:VysledekAisKod>`,
		a.evidence.dialect.answer, o.kod,
	)
	if o.detail != "" {
		a.b = fmt.Appendf(
			a.b,
			`<ais:VysledekDetail><ais:VysledekSubKod>%s</ais:VysledekSubKod><ais:VysledekPopis>`,
			o.detail,
		)
		a.b = append(xmltext.AppendText(a.b, o.popis), `</ais:VysledekPopis>`...)
		if o.item != "" {
			a.b = fmt.Appendf(a.b, `<ais:NevydanaPolozka>%s</ais:NevydanaPolozka>`, o.item)
		}
		a.b = append(a.b, `</ais:VysledekDetail>`...)
	}
	a.b = append(a.b, `</ais:AisAplikacniStatus>`...)
}

func (a *answer) closeData() {
	a.b = fmt.Appendf(a.b, `</%[1]sV1></%[1]s>`, a.evidence.dialect.answer)
}
