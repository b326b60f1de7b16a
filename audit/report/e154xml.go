package report

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"brana/audit/query"
)

// Namespaces of E154.
const (
	robDotazyData = "urn:cz:isvs:rob:schemas:RobDotazyData:v1"
	robTypy       = "urn:cz:isvs:rob:schemas:RobTypy:v1"
)

// robItems are the items of ROB. The number of an item is its bit in SeznamUdaju: the schema says
// that the value is made of bits, and no source says of which. New items go to the end.
var robItems = [...]string{
	"Aifo", "Prijmeni", "Jmeno", "AdresaPobytu", "DorucovaciAdresa", "DatumNarozeni",
	"MistoNarozeni", "DatumUmrti", "DatumPravniMociUmrti", "MistoUmrti", "Obcanstvi", "Doklad",
	"DatovaSchrankaROB", "RodnePrijmeni", "OmezeniSvepravnosti", "RodinnyStavPartnerstvi",
	"Pohlavi", "Telefon", "Email", "Certifikat",
}

// An XMLWriter writes uses as the data of ROB's reply to E154. What the schema has no place for
// (service, items in words, whether the use finished) stands in a processing instruction before
// each row. The caller closes it.
type XMLWriter struct {
	out  *bufio.Writer
	zone *time.Location
}

// NewXMLWriter begins the document.
func NewXMLWriter(w io.Writer, zone *time.Location) *XMLWriter {
	x := &XMLWriter{bufio.NewWriter(w), zone}
	numbered := make([]string, len(robItems))
	for i, item := range robItems {
		numbered[i] = fmt.Sprintf("%d %s", i, item)
	}
	fmt.Fprintf(x.out, `<?xml version="1.0" encoding="UTF-8"?>
<!-- Záznamy brány o využití údajů ve tvaru odpovědi služby E154 (robVypisVyuzitiPoskytnuti).
SeznamUdaju je podle schématu číslo složené z bitů, jejichž význam schéma neuvádí. Zde jsou bity:
%s.
Instrukce brana před každým záznamem má kód služby, všechny vydané údaje slovy a to, zda využití
skončilo. U neskončeného jsou uvedeny údaje požadované. -->
<RobVypisVyuzitiPoskytnutiDataResponse xmlns="%s" xmlns:rob="%s">
<RobAplikacniStatus><rob:VysledekRobKodType>OK</rob:VysledekRobKodType></RobAplikacniStatus>
`, strings.Join(numbered, ", "), robDotazyData, robTypy)
	return x
}

// Add writes a use if data went out with it.
func (x *XMLWriter) Add(u *query.Use) error {
	row, ok := usageOf(u, x.zone)
	if !ok {
		return nil
	}
	words := row.fields[seznamColumn]
	row.fields[seznamColumn] = strconv.FormatInt(bits(words), 10)
	absent := row.complete()
	x.out.WriteString("<?brana")
	x.attribute("sluzba", u.Call.Service)
	x.attribute("udaje", words)
	x.attribute("ukonceno", yes(row.finished))
	if len(absent) > 0 {
		x.attribute("neuvedeno", strings.Join(absent, " "))
	}
	x.out.WriteString("?>\n<VyuzitiPoskytnuti>")
	for i, value := range row.fields {
		if i == aisColumn && value == "" {
			continue
		}
		x.out.WriteString("<" + columns[i] + ">")
		xml.EscapeText(x.out, []byte(value))
		x.out.WriteString("</" + columns[i] + ">")
	}
	_, err := x.out.WriteString("</VyuzitiPoskytnuti>\n")
	return err
}

// What stands for a value that the request did not have and the schema demands.
const (
	unstated   = "neuvedeno"
	unstatedID = "00000000-0000-0000-0000-000000000000"
)

// complete fills in what the schema demands and the record lacks, and returns those columns.
func (row *usage) complete() (absent []string) {
	for i, value := range row.fields {
		switch isID := i > seznamColumn; {
		case i == aisColumn:
		case isID && !uuidForm.MatchString(value):
			row.fields[i], absent = unstatedID, append(absent, columns[i])
		case strings.TrimSpace(value) == "":
			row.fields[i], absent = unstated, append(absent, columns[i])
		}
	}
	return absent
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// bits is SeznamUdaju of E154, from the same in words.
func bits(words string) (sum int64) {
	for w := range strings.FieldsSeq(words) {
		if i := slices.Index(robItems[:], w); i >= 0 {
			sum |= 1 << i
		}
	}
	return sum
}

func (x *XMLWriter) attribute(name, value string) {
	x.out.WriteString(" " + name + `="`)
	xml.EscapeText(x.out, []byte(value)) // no > can end the instruction
	x.out.WriteString(`"`)
}

// Close ends the document. It returns the first failure to write.
func (x *XMLWriter) Close() error {
	x.out.WriteString("</RobVypisVyuzitiPoskytnutiDataResponse>\n")
	return x.out.Flush()
}

func yes(b bool) string {
	if b {
		return "ano"
	}
	return "ne"
}
