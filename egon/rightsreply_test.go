package egon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	rightsOK       = "OK"
	rightsVarovani = "VAROVANI"
	noRights       = `<t:VysledekDetail><t:VysledekSubKod>ZAZNAM NENALEZEN</t:VysledekSubKod><t:VysledekPopis>S227_001: Nejsou evidována žádná oprávnění na položky pro A115/CT239/00007064.</t:VysledekPopis></t:VysledekDetail>`
	noRightsToo    = `<t:VysledekDetail><t:VysledekSubKod>SPECIFIKACE V POPISU</t:VysledekSubKod><t:VysledekPopis>S227_001: Nejsou evidováná žádná oprávnění.</t:VysledekPopis></t:VysledekDetail>`
	wrapped        = `<d:Polozka><d:KodIszr>Prijmeni</d:KodIszr><d:KodRpp>101-1-1</d:KodRpp></d:Polozka><d:Polozka><d:KodIszr>Aifo</d:KodIszr></d:Polozka>`
	unwrapped      = `<d:KodIszr>Prijmeni</d:KodIszr><d:KodRpp>101-1-1</d:KodRpp><d:KodIszr>Aifo</d:KodIszr>`
)

// rightsAnswer returns an answer to E227 with these statuses and, after the application
// status, these elements.
func rightsAnswer(system, application, detail, items string) string {
	return soapOpen + `<r:IszrVypisOpravneniPolozkyResponse xmlns:r="` + NSRights +
		`" xmlns:abs="` + NSAbstract + `" xmlns:reg="` + NSReg +
		`" xmlns:d="` + NSRightsData + `" xmlns:q="` + NSIszrData + `" xmlns:t="` + NSIszrTypes +
		`"><abs:OdpovedInfo><reg:Status><reg:VysledekKod>` + system +
		`</reg:VysledekKod></reg:Status><reg:AgendaZadostId>` + testAgendaID +
		`</reg:AgendaZadostId></abs:OdpovedInfo><r:IszrOdpoved>` +
		`<r:IszrVypisOpravneniPolozkyDataResponse><q:IszrAplikacniStatus><t:VysledekIszrKodType>` +
		application + `</t:VysledekIszrKodType>` + detail +
		`</q:IszrAplikacniStatus>` + items +
		`</r:IszrVypisOpravneniPolozkyDataResponse></r:IszrOdpoved></r:IszrVypisOpravneniPolozkyResponse>` + soapClose
}

func TestParseRightsReply(t *testing.T) {
	two := "[{Prijmeni 101-1-1} {Aifo }]"
	for _, tt := range []struct{ name, doc, want string }{
		{"pairs in Polozka", rightsAnswer(rightsOK, rightsOK, "", wrapped), two},
		{"pairs without Polozka", rightsAnswer(rightsOK, rightsOK, "", unwrapped), two},
		{"blanks around a code", rightsAnswer(rightsOK, rightsOK, "",
			strings.ReplaceAll(wrapped, ">Prijmeni<", ">\n Prijmeni <")), two},
		{"elements of a later version", rightsAnswer(rightsOK, rightsOK, "",
			strings.Replace(wrapped, "<d:KodRpp>", "<d:Nazev>x</d:Nazev><d:KodRpp>",
				1)+"<d:Celkem>2</d:Celkem>"), two},
		{"no rights", rightsAnswer(rightsVarovani, rightsVarovani, noRights, ""), "[]"},
		{"no rights, with a sub-code that the schema lists",
			rightsAnswer(rightsVarovani, rightsVarovani, noRightsToo, ""), "[]"},
		{"CHYBA", rightsAnswer("CHYBA", rightsOK, "", wrapped), "CHYBA []"},

		{"OK and no items", rightsAnswer(rightsOK, rightsOK, "", ""), errRightsContradict.Error()},
		{"a warning and items", rightsAnswer(rightsVarovani, rightsVarovani, noRights, wrapped),
			errRightsContradict.Error()},
		{"a warning of another kind", rightsAnswer(rightsVarovani, rightsVarovani,
			strings.ReplaceAll(noRightsToo, "S227_001", "S227_002"), ""),
			errRightsContradict.Error()},
		{"a warning without a reason", rightsAnswer(rightsVarovani, rightsVarovani, "", ""),
			errRightsContradict.Error()},
		{"a warning in front of a list", rightsAnswer(rightsVarovani, rightsOK, "", wrapped),
			errRightsContradict.Error()},
		{"an application error", rightsAnswer(rightsOK, "CHYBA", "", ""),
			errRightsContradict.Error()},
		{"no application status", strings.ReplaceAll(rightsAnswer(rightsOK, rightsOK, "", wrapped),
			"IszrAplikacniStatus", "Status"), "expect {" + NSIszrData +
			"}IszrAplikacniStatus in IszrVypisOpravneniPolozkyDataResponse"},
		{"two application statuses", strings.Replace(rightsAnswer(rightsOK, rightsOK, "", wrapped),
			"<q:IszrAplikacniStatus>", "<q:IszrAplikacniStatus/><q:IszrAplikacniStatus>", 1),
			"expect one {" + NSIszrData + "}IszrAplikacniStatus"},
		{"two lists",
			strings.Replace(rightsAnswer(rightsOK, rightsOK, "", wrapped), "</r:IszrOdpoved>",
				"<r:IszrVypisOpravneniPolozkyDataResponse/></r:IszrOdpoved>", 1), "expect one {" +
				NSRights + "}IszrVypisOpravneniPolozkyDataResponse"},
		{"both forms", rightsAnswer(rightsOK, rightsOK, "", wrapped+unwrapped),
			"expect codes within Polozka or without it, not both in one answer"},
		{"two codes in one Polozka", rightsAnswer(rightsOK, rightsOK, "",
			"<d:Polozka>"+unwrapped+"</d:Polozka>"), "expect {" + NSRightsData +
			"}KodIszr in Polozka, alone or before one KodRpp"},
		{"an empty code", rightsAnswer(rightsOK, rightsOK, "", strings.Replace(wrapped,
			">Prijmeni<", "><", 1)), "expect {" + NSRightsData +
			"}KodIszr in Polozka, alone or before one KodRpp"},
		{"a code of RPP first", rightsAnswer(rightsOK, rightsOK, "",
			"<d:KodRpp>101-1-1</d:KodRpp>"+unwrapped), "expect {" + NSRightsData +
			"}KodIszr in Polozka, before each KodRpp"},
		{"two codes of RPP",
			rightsAnswer(rightsOK, rightsOK, "",
				unwrapped+"<d:KodRpp>1</d:KodRpp><d:KodRpp>2</d:KodRpp>"), "expect {" + NSRightsData +
				"}KodIszr in Polozka, before each KodRpp"},
		{"another service", strings.ReplaceAll(rightsAnswer(rightsOK, rightsOK, "", wrapped),
			NSRights, NSMedia), "expect {" + NSRights +
			"}IszrVypisOpravneniPolozkyResponse in Body, alone"},
		{"not whole", rightsAnswer(rightsOK, rightsOK, "", wrapped)[:900], "parse answer: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseRightsReply([]byte(tt.doc))
			got := ""
			switch {
			case err != nil && r != nil:
				t.Fatalf("an answer and the error %v", err)
			case err != nil:
				got = err.Error()
			case r.Info.Status.Kod == Chyba:
				got = fmt.Sprint("CHYBA ", r.Items)
			default:
				got = fmt.Sprint(r.Items)
			}
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
	var fault *FaultError
	if _, err := ParseRightsReply(AppendFault(nil, FaultServer, "ne", "")); !errors.As(err,
		&fault) {
		t.Errorf("of a SOAP Fault: %v", err)
	}
}

// Items that are written are read back, and the official example is read.
func TestRightsAreReadAsWritten(t *testing.T) {
	q := &RightsQuery{Agenda: []byte("A115"), AgendovaRole: []byte("CT239"),
		Ovm: []byte("00007064")}
	for _, items := range [][]RightsItem{nil, {{"Prijmeni", "101-1-1"}, {KodIszr: "Aifo"}}} {
		r, err := ParseRightsReply(AppendRights(nil, true, testInfo(OK), q, items))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(items, r.Items); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	doc, err := os.ReadFile(filepath.Join(sharedFolder(t), "examples", "e227-response.xml"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRightsReply([]byte(soapOpen + string(doc) + soapClose))
	if err != nil || len(r.Items) != 2 {
		t.Errorf("the example: %+v, %v", r, err)
	}
}
