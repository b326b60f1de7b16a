package egon

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

// grantedWords are rights to some words. A word with a minus is one to which there is no
// right even where the schema demands the item.
type grantedWords []string

func granted(words string) grantedWords { return strings.Fields(words) }

func (g grantedWords) Permits(_ *Service, word string, always bool) bool {
	return slices.Contains(g, word) || always && !slices.Contains(g, "-"+word)
}

func (g grantedWords) Detail(word string) (Detail, bool) {
	return Detail{SubKod: NeniOpravneni, Popis: word, Puvodce: Party{Registr, "ISZR"}}, true
}

// A relay hands a reply out as it may leave, in windows.
type relay struct {
	r    *ReplyReader
	doc  []byte
	out  []byte
	at   int64 // in doc
	text int   // edits at the head of Edits whose text is out
}

// filter reads a reply in windows of a size under rights and returns what leaves. seal is the
// number of bytes after which the status may leave; 0: when the reply is whole.
func filter(
	r *ReplyReader, code string, doc []byte, e Expectation, size, seal int,
) ([]byte, error) {
	l := relay{r: r, doc: doc}
	r.Reset(replyOf(code))
	r.Expect(e)
	for from := 0; ; from += size {
		to := min(from+size, len(doc))
		err := r.Feed(doc[from:to], to == len(doc))
		if seal > 0 && to >= seal {
			r.Seal()
		}
		l.leave()
		if err != nil || to == len(doc) {
			return l.out, err
		}
	}
}

// leave hands out what may leave now.
func (l *relay) leave() {
	for free := l.r.Releasable(); l.at < free; {
		edits := l.r.Edits()
		if len(edits) == 0 || edits[0].At >= free {
			l.out = append(l.out, l.doc[l.at:free]...)
			l.at = free
			return
		}
		e := edits[0]
		if l.at < e.At {
			l.out = append(l.out, l.doc[l.at:e.At]...)
		}
		if l.text == 0 {
			l.out = append(l.out, e.Text...)
		}
		l.at = max(l.at, min(e.End, free))
		if len(edits) == 1 && e.End == free {
			l.text = 1 // it may grow
			return
		}
		l.text = 0
		l.r.Leave(1)
	}
}

// What becomes of a reply of which items may not leave. In want, {…} are the details of words.
var filteredReplies = []struct {
	name, code      string
	info, inner     string
	granted         string
	wantInfo, want  string
	removed, leaves string
}{
	{"nothing is removed", "E05", okInfo, robReply("RobCtiPodleUdaju", person), personHolds,
		okInfo, robReply("RobCtiPodleUdaju", person), "", personHolds},
	{"an item", "E05", okInfo, osoba(jmeno + prijmeni), "Prijmeni",
		"<abs:OdpovedInfo><reg:Status><reg:VysledekKod>VAROVANI</reg:VysledekKod>{Jmeno}" +
			"</reg:Status></abs:OdpovedInfo>", osoba(prijmeni), "Jmeno", "Prijmeni"},
	{"white space and comments stay", "E05", okInfo,
		osoba("\n <!-- a -->" + jmeno + "\n <!-- b -->" + jmeno + " "), "",
		warnInfo("Jmeno"), osoba("\n <!-- a -->\n <!-- b --> "), "Jmeno", ""},
	{"of two persons", "E08", okInfo, robReply("RobCtiHromadneAifo", person+otherPerson),
		personHolds + " Obcanstvi", warnInfo("DatovaSchrankaROB", "Doklad"),
		robReply("RobCtiHromadneAifo", person+`<rod:Osoba><rod:Aifo>2</rod:Aifo>`+
			`<rod:Obcanstvi>203</rod:Obcanstvi></rod:Osoba>`), "DatovaSchrankaROB Doklad",
		personHolds + " Obcanstvi"},
	{"an element without a value", "E05", okInfo, osoba("<rod:Jmeno/><rod:Jmeno> </rod:Jmeno>"), "",
		okInfo, osoba("<rod:Jmeno/><rod:Jmeno> </rod:Jmeno>"), "", ""},
	{"a value deep inside", "E05", okInfo,
		osoba("<rod:Jmeno><rob:a/><rob:b>&#65;</rob:b>x</rod:Jmeno>" + prijmeni), "Prijmeni",
		warnInfo("Jmeno"), osoba(prijmeni), "Jmeno", "Prijmeni"},
	{"an unknown element", "E05", okInfo, osoba("<rod:Nove>x</rod:Nove><rod:Nove/>" + jmeno), "Jmeno",
		warnInfo("?Nove"), osoba("<rod:Nove/>" + jmeno), "?Nove", "Jmeno"},
	{"an unknown element that may leave", "E05", okInfo, osoba("<rod:Nove>x</rod:Nove>" + jmeno), "?Nove",
		warnInfo("Jmeno"), osoba("<rod:Nove>x</rod:Nove>"), "Jmeno", "?Nove"},
	{"an element that may be nil", "E198", okInfo, eopReply("<se:Fotka>AAAA</se:Fotka>"), "",
		warnInfo("EopFoto"), eopReply(`<Fotka xmlns="urn:cz:isvs:aisse:schemas:AisSeTypy:v1" ` +
			`xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>`), "EopFoto", ""},
	{"a record that is not valid without", "E22", okInfo,
		rosReply("RosCtiPodleUdaju", "<sdo:PravnickaOsoba>"+firm+"</sdo:PravnickaOsoba>"),
		"PravniForma -Ico", warnInfo("Ico", "PravniForma"), rosReply("RosCtiPodleUdaju", ""),
		"Ico PravniForma", ""},
	{"a record that is not valid anyway", "E22", okInfo, rosReply("RosCtiPodleUdaju",
		"<sdo:PravnickaOsoba><dot:PravniForma>121</dot:PravniForma></sdo:PravnickaOsoba>"),
		"PravniForma -Ico", warnInfo("PravniForma"), rosReply("RosCtiPodleUdaju", ""), "PravniForma",
		""},
	{"a record without a value", "E22", okInfo, rosReply("RosCtiPodleUdaju",
		"<sdo:PravnickaOsoba><dot:CasZmeny>x</dot:CasZmeny><dot:Ico/></sdo:PravnickaOsoba>"), "-Ico",
		okInfo, rosReply("RosCtiPodleUdaju",
			"<sdo:PravnickaOsoba><dot:CasZmeny>x</dot:CasZmeny><dot:Ico/></sdo:PravnickaOsoba>"), "", ""},
	{"a record that always has it", "E22", okInfo,
		rosReply("RosCtiPodleUdaju", "<sdo:PravnickaOsoba>"+firm+"</sdo:PravnickaOsoba>"),
		"PravniForma", okInfo,
		rosReply("RosCtiPodleUdaju", "<sdo:PravnickaOsoba>"+firm+"</sdo:PravnickaOsoba>"), "",
		"Ico PravniForma"},
	{"one of a choice", "E20", okInfo, zadost("Lhota"), "-ObchodniNazev", warnInfo("ObchodniNazev"),
		rosReply("RosCtiIco", ""), "ObchodniNazev", ""},
	{"both of a choice", "E20", okInfo, zadost("x</ros:NazevOsoby><ros:FoTextemPobyt>y" +
		"</ros:FoTextemPobyt><ros:NazevOsoby>z"), "-FyzickaOsoba", warnInfo("FyzickaOsoba",
		"ObchodniNazev"), rosReply("RosCtiIco", ""), "FyzickaOsoba ObchodniNazev", ""},
	{"not that one of a choice", "E20", okInfo, zadost("Lhota"), "-FyzickaOsoba", okInfo,
		zadost("Lhota"), "", "ObchodniNazev"},

	{"an item of a document", "E188", okInfo, prukaz("<se2:OPCislo>1</se2:OPCislo>" +
		"<se2:Jmeno>ZORAN</se2:Jmeno>"), "OPCislo Jmeno", warnInfo("JmenoOP"),
		prukaz("<se2:OPCislo>1</se2:OPCislo>"), "JmenoOP", "OPCislo"},
	{"one for which nobody can ask", "E188", okInfo, prukaz("<se2:CisloCipu>1</se2:CisloCipu>"), "",
		okInfo, prukaz("<se2:CisloCipu>1</se2:CisloCipu>"), "", "CisloCipu"},
	{"that one without a right", "E188", okInfo, prukaz("<se2:CisloCipu>1</se2:CisloCipu>"),
		"OPCislo OPCipCislo -CisloCipu", warnInfo("CisloCipu"), prukaz(""), "CisloCipu", ""},
	{"a word of a list", "E183", okInfo, overeno("Aifo\n Jmeno Doklad "), "-Jmeno", warnInfo("Jmeno"),
		overeno("Aifo\n Doklad "), "Jmeno", "Aifo Doklad"},
	{"all words of a list", "E183", okInfo, overeno("Jmeno Doklad"), "-Jmeno -Doklad",
		warnInfo("Jmeno", "Doklad"), overeno(""), "Doklad Jmeno", ""},
	{"an unknown word", "E183", okInfo, overeno("Jmeno VOSÁHLO\r\nDoklad"), "",
		warnInfo("?OvereneUdaje"), overeno("Jmeno \r\nDoklad"), "?OvereneUdaje", "Doklad Jmeno"},
	{"a word in parts", "E183", okInfo, overeno("Jme<!-- a -->no Doklad"), "-Jmeno",
		warnInfo("Jmeno"), overeno("Doklad"), "Jmeno", "Doklad"},
	{"more than text in a list", "E183", okInfo, overeno("<![CDATA[Jmeno Dok]]>&#108;ad"), "-Jmeno",
		warnInfo("Jmeno"), overeno("Doklad "), "Jmeno", "Doklad"},
	{"a list that is too long", "E183", okInfo, overeno(strings.Repeat("Jmeno ", 300)), "",
		warnInfo("Jmeno", "?OvereneUdaje"), robReply("RobOverHromadneAifo", "<rod:Osoba></rod:Osoba>"),
		"?OvereneUdaje Jmeno", ""},

	{"a warning keeps its details", "E05", "<abs:OdpovedInfo><reg:Status><reg:VysledekKod>VAROVANI" +
		"</reg:VysledekKod><reg:VysledekDetail/></reg:Status></abs:OdpovedInfo>", osoba(jmeno), "",
		"<abs:OdpovedInfo><reg:Status><reg:VysledekKod>VAROVANI</reg:VysledekKod>{Jmeno}" +
			"<reg:VysledekDetail/></reg:Status></abs:OdpovedInfo>", osoba(""), "Jmeno", ""},
	{"an error is left alone", "E05", "<abs:OdpovedInfo><reg:Status><reg:VysledekKod>CHYBA" +
		"</reg:VysledekKod></reg:Status></abs:OdpovedInfo>", osoba(jmeno), "",
		"<abs:OdpovedInfo><reg:Status><reg:VysledekKod>CHYBA</reg:VysledekKod></reg:Status>" +
			"</abs:OdpovedInfo>", osoba(""), "Jmeno", ""},
	{"no status", "E05", "", osoba(jmeno), "", "", osoba(""), "Jmeno", ""},
	{"sums go", "E05", summedInfo, osoba(jmeno), "", "<abs:OdpovedInfo><reg:Status><reg:VysledekKod>" +
		"VAROVANI</reg:VysledekKod>{Jmeno}</reg:Status></abs:OdpovedInfo>", osoba(""), "Jmeno", ""},
	{"sums of all that there is stay", "E05", summedInfo, osoba(jmeno), "Jmeno", summedInfo,
		osoba(jmeno), "", "Jmeno"},

	{"of the reply inside", "E100", okInfo, delivered(summedInfo, osoba(jmeno+prijmeni)), "Jmeno",
		okInfo, delivered(warnInfo("Prijmeni"), osoba(jmeno)), "Prijmeni", "Jmeno"},
	{"of the reply inside alone", "E100", "", delivered(okInfo, osoba(jmeno)), "", "",
		delivered(warnInfo("Jmeno"), osoba("")), "Jmeno", ""},
	{"of a reply inside without a status", "E100", okInfo, delivered("", osoba(jmeno)), "",
		warnInfo("Jmeno"), delivered("", osoba("")), "Jmeno", ""},
}

const (
	okInfo = "<abs:OdpovedInfo><reg:Status><reg:VysledekKod>OK</reg:VysledekKod></reg:Status>" +
		"</abs:OdpovedInfo>"
	summedInfo = "<abs:OdpovedInfo><reg:Status><reg:VysledekKod>OK</reg:VysledekKod></reg:Status>" +
		"<reg:AisKontrola>AAAA</reg:AisKontrola><reg:IszrKontrola>AAAA</reg:IszrKontrola>" +
		"</abs:OdpovedInfo>"
	jmeno    = "<rod:Jmeno>ZORAN</rod:Jmeno>"
	prijmeni = "<rod:Prijmeni>VOSÁHLO</rod:Prijmeni>"
)

func warnInfo(words ...string) string {
	return strings.Replace(okInfo, "OK</reg:VysledekKod>",
		"VAROVANI</reg:VysledekKod>{"+strings.Join(words, " ")+"}", 1)
}

func osoba(items string) string {
	return robReply("RobCtiPodleUdaju", "<rod:Osoba>"+items+"</rod:Osoba>")
}

func overeno(words string) string {
	return robReply("RobOverHromadneAifo", "<rod:Osoba><rod:OvereneUdaje>"+words+
		"</rod:OvereneUdaje></rod:Osoba>")
}

func zadost(nazev string) string {
	return rosReply("RosCtiIco", "<sdo:UdajeZadosti><ros:NazevOsoby>"+nazev+
		"</ros:NazevOsoby><ros:KodAgendy>A101</ros:KodAgendy></sdo:UdajeZadosti>")
}

func eopReply(fotka string) string {
	return "<e:EopOdpoved><e:EopOdpoved><eop:EopOdpovedV1><se:Fotky>" + fotka +
		"<se:DatumVydani>2020-01-01</se:DatumVydani></se:Fotky></eop:EopOdpovedV1>" +
		"</e:EopOdpoved></e:EopOdpoved>"
}

func prukaz(udaje string) string {
	return "<e:EopOdpoved><e:EopCtiAifoDataResponse><z1:EopOdpovedV1><z1:KompletniUdaje>" +
		"<se2:ObcanskyPrukaz>" + udaje + "</se2:ObcanskyPrukaz></z1:KompletniUdaje>" +
		"</z1:EopOdpovedV1></e:EopCtiAifoDataResponse></e:EopOdpoved>"
}

// delivered returns the inner part of E100 with a reply of E05.
func delivered(info, inner string) string {
	return "<e:IszrOdpoved><e:IszrAsyncOdpovedZFrontyDataResponse><e:AsyncDotazDataResponse>" +
		string(replyHeaded("E05", info, inner)) + "</e:AsyncDotazDataResponse>" +
		"</e:IszrAsyncOdpovedZFrontyDataResponse></e:IszrOdpoved>"
}

var detailsIn = regexp.MustCompile(`\{[^}]*\}`)

// withDetails writes the details of {words}.
func withDetails(text string) string {
	return detailsIn.ReplaceAllStringFunc(text, func(words string) string {
		return detailsOf(strings.Fields(strings.Trim(words, "{}"))...)
	})
}

func TestFilteredReplies(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	r.scan.SetMemo(xmltext.MemoAll)
	for _, tt := range filteredReplies {
		t.Run(tt.code+" "+tt.name, func(t *testing.T) {
			doc := replyHeaded(tt.code, tt.info, tt.inner)
			want := string(replyHeaded(tt.code, withDetails(tt.wantInfo), withDetails(tt.want)))
			e := Expectation{Rule: FilterReturned, Rights: granted(tt.granted)}
			for _, size := range []int{len(doc), len(doc), 1, 7, 64} {
				got, err := filter(r, tt.code, doc, e, size, 0)
				if diff := difference(string(got), want); err != nil || diff != "" {
					t.Fatalf("in windows of %d bytes: %v %s", size, err, diff)
				}
				removed := inOrder(slices.Collect(r.Removed().Words()))
				leaves := inOrder(slices.Collect(r.Returned().Words()))
				if removed != tt.removed || leaves != inOrder(strings.Fields(tt.leaves)) {
					t.Errorf("in windows of %d bytes: removed %q, want %q; %q leave, want %q", size,
						removed, tt.removed, leaves, tt.leaves)
				}
			}
		})
	}
}

// What leaves has the status as it leaves.
func TestStatusOfAFilteredReply(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	doc := replyHeaded("E05", okInfo, osoba(jmeno))
	_, err := filter(r, "E05", doc, Expectation{FilterReturned, granted(""), nil}, 9, 0)
	if err != nil || r.Kod() != Varovani || r.Bars() ||
		!slices.Equal(r.SubKody(), []string{NeniOpravneni}) {
		t.Errorf("%v, status %s %q, bars %v", err, r.Kod(), r.SubKody(), r.Bars())
	}
}

// What was removed from the request comes into the status under any rule, without a wait.
func TestDetailsOfTheRequest(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	d, _ := granted("").Detail("Email")
	doc := replyHeaded("E05", summedInfo, osoba(jmeno))
	want := warned(string(doc), "Email")
	for _, rule := range []ReturnedRule{ObserveReturned, RefuseReturned, FilterReturned} {
		e := Expectation{rule, granted("Jmeno"), []Detail{d}}
		for _, size := range []int{len(doc), 1} {
			got, err := filter(r, "E05", doc, e, size, 0)
			if diff := difference(string(got), want); err != nil || diff != "" {
				t.Errorf("%s: %v %s", rule, err, diff)
			}
		}
	}
	r.Reset(ServiceByCode("E05"))
	r.Expect(Expectation{Details: []Detail{d}})
	at := strings.Index(string(doc), "<reg:AisKontrola>")
	if err := r.Feed(doc[:at], false); err != nil || r.Releasable() != int64(at) || r.MayEdit() {
		t.Errorf("%v: %d of %d bytes may leave, more edits may come: %v", err, r.Releasable(), at,
			r.MayEdit())
	}
}

// A reply that is too long to be held leaves with the status of what was removed so far.
// Nobody knows what sums are right then.
func TestSealedBeforeItIsWhole(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	first, second := osoba(jmeno), osoba(prijmeni)
	doc := replyHeaded("E05", summedInfo, first+second)
	e := Expectation{FilterReturned, granted(""), nil}
	for _, tt := range []struct {
		name  string
		after string // sealed when the reply is here
		info  string
	}{
		{"in the status", "<reg:Status>", okInfo},
		{"between the sums", "<reg:AisKontrola>AA", okInfo},
		{"after the header", "</abs:OdpovedInfo>", okInfo},
		{"after an item", "ZORAN", warnInfo("Jmeno")},
		{"at the end", string(doc), warnInfo("Jmeno", "Prijmeni")},
	} {
		seal := strings.Index(string(doc), tt.after) + len(tt.after)
		want := string(replyHeaded("E05", withDetails(tt.info), osoba("")+osoba("")))
		for _, size := range []int{1, seal} {
			got, err := filter(r, "E05", doc, e, size, seal)
			if diff := difference(string(got), want); err != nil || diff != "" {
				t.Errorf("sealed %s, in windows of %d bytes: %v %s", tt.name, size, err, diff)
			}
			if got := inOrder(slices.Collect(r.Removed().Words())); got != "Jmeno Prijmeni" {
				t.Errorf("sealed %s: removed %q", tt.name, got)
			}
		}
	}
}

// A Fault is left alone, and so is a reply of a service without a table.
func TestNothingToFilter(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	d, _ := granted("").Detail("Email")
	info := `<OdpovedInfo xmlns="` + NSAbstract + `"><Status xmlns="` + NSReg + `"><VysledekKod>` +
		`OK</VysledekKod></Status></OdpovedInfo>`
	fault := string(AppendFault(nil, FaultServer, "x", "x"))
	for code, doc := range map[string][]byte{
		"E05": []byte(strings.Replace(fault, "</s:Fault>", info+"</s:Fault>", 1)),
		"E45": replyHeaded("E45", "", osoba(jmeno)),
	} {
		got, err := filter(r, code, doc, Expectation{FilterReturned, granted(""), []Detail{d}}, 5, 0)
		if diff := difference(string(got), string(doc)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", code, err, diff)
		}
	}
}

// warned returns a reply with the status OK as it leaves when words were removed.
func warned(reply string, words ...string) string {
	return strings.Replace(reply, "<reg:VysledekKod>OK</reg:VysledekKod>",
		"<reg:VysledekKod>VAROVANI</reg:VysledekKod>"+detailsOf(words...), 1)
}

// detailsOf returns the details of words that were removed.
func detailsOf(words ...string) string {
	var details strings.Builder
	for _, w := range words {
		fmt.Fprintf(&details, `<reg:VysledekDetail xmlns:reg="%s"><reg:VysledekSubKod>%s`+
			`</reg:VysledekSubKod><reg:VysledekPopis>%s</reg:VysledekPopis><reg:Puvodce>`+
			`<reg:Registr>ISZR</reg:Registr></reg:Puvodce></reg:VysledekDetail>`, NSReg,
			NeniOpravneni, w)
	}
	return details.String()
}

// A reply is refused at an item that may not leave, before a byte of it leaves.
func TestRefusedReplies(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	r.scan.SetMemo(xmltext.MemoAll)
	doc := replyWith("E05", robReply("RobCtiPodleUdaju", person))
	at := strings.Index(string(doc), "<rod:Jmeno")
	e := Expectation{Rule: RefuseReturned, Rights: granted("AdresaPobytu MistoNarozeni Prijmeni")}
	for _, size := range []int{len(doc), len(doc), 1, 7, 64} {
		got, err := filter(r, "E05", doc, e, size, 0)
		var o *Offence
		if !errors.As(err, &o) || o.Kind != Unpermitted || o.Offset != int64(at) {
			t.Errorf("in windows of %d bytes: %v, want an offence at byte %d", size, err, at)
		}
		if len(got) > at {
			t.Errorf("in windows of %d bytes: %d bytes left, the element is at byte %d",
				size, len(got), at)
		}
	}
}
