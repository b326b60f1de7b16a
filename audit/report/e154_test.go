package report

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"brana/audit"
	"brana/audit/query"
)

// The document is one that the official schema of ROB's reply to E154 admits.
func TestE154FollowsTheSchema(t *testing.T) {
	schema := filepath.Join(cmp.Or(os.Getenv("BRANA_SHARED"), "../../../shared"),
		"schemas/rob/xsd/RobDotazyData.xsd")
	_, missing := os.Stat(schema)
	if missing == nil {
		_, missing = exec.LookPath("xmllint")
	}
	switch {
	case missing == nil:
	case os.Getenv("BRANA_REQUIRE_SHARED") == "1":
		t.Fatal("BRANA_REQUIRE_SHARED=1, but: ", missing)
	default:
		t.Skip("the export is not validated: ", missing)
	}
	for name, uses := range map[string][]*query.Use{
		"none": nil, "given": given(t), "hostile": {hostile()},
	} {
		file := filepath.Join(t.TempDir(), "e154.xml")
		if err := os.WriteFile(file, []byte(e154(t, uses)), 0o600); err != nil {
			t.Fatal(err)
		}
		lint := exec.Command("xmllint", "--nonet", "--noout", "--schema", schema, file)
		if out, err := lint.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// What the schema has no place for stands before each row.
func TestE154InXML(t *testing.T) {
	got := e154(t, given(t))
	_, rows, _ := strings.Cut(got, "</RobAplikacniStatus>\n")
	for _, want := range []string{
		`<?brana sluzba="E05" udaje="Jmeno Doklad ?Nove" ukonceno="ano"?>
<VyuzitiPoskytnuti><VyuzitiPoskytnuti>vyuziti</VyuzitiPoskytnuti><Agenda>X999</Agenda>` +
			`<Ais>999001</Ais><Subjekt>Úřad &lt;práce&gt; &amp; &#34;spol.&#34;</Subjekt>` +
			`<Uzivatel>novakova</Uzivatel><Ovm>12345678</Ovm>` +
			`<CasVyuziti>2026-11-02T08:50:00.123+01:00</CasVyuziti>` +
			`<DuvodUcel>=1+1 žádost č. 7</DuvodUcel><SeznamUdaju>2052</SeznamUdaju>` +
			`<AgendaZadostId>a75167b3-b260-49a0-aac6-4d763538b259</AgendaZadostId>` +
			`<IszrZadostId>99999999-1111-1111-1111-111111111111</IszrZadostId></VyuzitiPoskytnuti>`,
		`<?brana sluzba="E102" udaje="Jmeno" ukonceno="ne" ` +
			`neuvedeno="Subjekt Uzivatel DuvodUcel IszrZadostId"?>`,
	} {
		if !strings.Contains(rows, want) {
			t.Errorf("got\n%s\nwant\n%s", rows, want)
		}
	}
}

// With any record the document is well-formed and has one row for it, with the values as
// they are where XML can hold them.
func TestE154HoldsAnyRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(),
			rapid.StringOf(rapid.SampledFrom([]rune("<>?&\"'-]! \x00\u2028\ufffe"))),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		u := hostile()
		for name, field := range map[string]*string{
			"service": &u.Call.Service, "agenda": &u.Call.Agenda, "ais": &u.Call.Ais,
			"subjekt": &u.Call.Subjekt, "duvod": &u.Call.DuvodUcel, "id": &u.Call.IszrZadostId,
		} {
			*field = text.Draw(rt, name)
		}
		u.Call.Uzivatel = rapid.StringMatching(`[a-z <>&]*[a-z]`).Draw(rt, "uzivatel")
		u.Result.Returned = []string{"Jmeno", text.Draw(rt, "word")}
		var document struct {
			Rows []struct{ Uzivatel string } `xml:"VyuzitiPoskytnuti"`
		}
		if err := xml.Unmarshal([]byte(e154(t, []*query.Use{u})), &document); err != nil {
			rt.Fatal(err)
		}
		if r := document.Rows; len(r) != 1 || r[0].Uzivatel != u.Call.Uzivatel {
			rt.Fatalf("%q became %q", u.Call.Uzivatel, r)
		}
	})
}

// A failure to write is returned, not lost in a buffer.
func TestExportsReturnFailuresToWrite(t *testing.T) {
	for name, w := range map[string]interface {
		Add(*query.Use) error
		Close() error
	}{"xml": NewXMLWriter(full{}, prague), "csv": NewCSVWriter(full{}, prague)} {
		_ = w.Add(hostile())
		if err := w.Close(); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func e154(t *testing.T, uses []*query.Use) string {
	t.Helper()
	var out bytes.Buffer
	w := NewXMLWriter(&out, prague)
	for _, u := range uses {
		if err := w.Add(u); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func given(t *testing.T) []*query.Use {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/given.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if f.Name == "journal" {
			return usesOf(t, f.Data)
		}
	}
	t.Fatal("no journal")
	return nil
}

func hostile() *query.Use {
	return &query.Use{
		Call: &audit.Record{
			Type: audit.TypeIntent, Time: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC),
			Service: `E05"?><x>`, Agenda: "A1", Ovm: "1", Subjekt: "</Subjekt><x>&\x01 ",
			Uzivatel: "\t \n", DuvodUcel: "]]>--><?x?>", AgendaZadostId: "x",
		},
		Result: &audit.Record{Outcome: "ok", Returned: []string{"Jmeno", `?a?><b/>`}},
	}
}
