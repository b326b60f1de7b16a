package egon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// variants returns all that the catalogue knows of internal messages: each variant of each.
func variants() (all []*Service) {
	for _, s := range Messages() {
		if s.message.members == nil {
			all = append(all, s)
		}
		all = append(all, s.message.members...)
	}
	return all
}

func (s *Service) variantName() string {
	return s.Code + s.Namespace[strings.LastIndexByte(s.Namespace, ':'):]
}

func TestMessagesAreUniqueAndInOrder(t *testing.T) {
	last := ""
	for _, s := range Messages() {
		key := regexp.MustCompile(`\d+`).ReplaceAllStringFunc(s.Code, func(n string) string {
			return fmt.Sprintf("%04s", n)
		})
		if key <= last {
			t.Errorf("%s is out of order, or its code is another's too", s.Code)
		}
		last = key
		if ServiceByCode(s.Code) != s || !s.Internal() {
			t.Errorf("ServiceByCode(%s) = %+v", s.Code, ServiceByCode(s.Code))
		}
		if slices.Contains(Services(), s) {
			t.Errorf("%s is a service of the external interface, too", s.Code)
		}
	}
	names := map[string]bool{}
	for _, s := range variants() {
		name := fmt.Sprint(s.Namespace, s.Request, s.message.kody)
		if names[name] {
			t.Errorf("%s: its request is another's too", s.Code)
		}
		names[name] = true
		for _, code := range s.Serves {
			if e := ServiceByCode(code); e == nil || e.Internal() {
				t.Errorf("%s serves %s, which is no service of the external interface", s.Code, code)
			}
		}
		if s.Reads != 0 && !s.Reads.Has(publishers[s.Publisher]) {
			t.Errorf("%s is of %s and does not read it", s.Code, s.Publisher)
		}
	}
}

// A publisher has one URL, at which the SOAPAction names the message.
func TestMessageByAction(t *testing.T) {
	for _, s := range Messages() {
		got := MessageByAction(s.Publisher, s.Action)
		if got != s && got != s.message.family {
			t.Errorf("MessageByAction(%s, %s) = %+v", s.Publisher, s.Action, got)
		}
	}
	family := MessageByAction("rob", ActionRob)
	if family == nil || family.Code != "" || !family.Internal() ||
		family.Response != "RobSyncDotazResponse" {
		t.Fatalf("the family of ROB's messages = %+v", family)
	}
	if got := ServiceByRequest(NSRobEnvelope, "RobSyncDotaz"); got != family {
		t.Errorf("ServiceByRequest of ROB's envelope = %+v", got)
	}
	for _, none := range [][2]string{{"rob", "AiseoSyncCtiAifo"}, {"aiseo", ""}, {"", ActionRob},
		{"", "IszrRobCtiPodleUdaju"}} {
		if got := MessageByAction(none[0], none[1]); got != nil {
			t.Errorf("MessageByAction(%s, %s) = %s", none[0], none[1], got.Code)
		}
	}
}

// messageSchemas returns the schema file of each namespace of internal messages.
func messageSchemas(t *testing.T, o *oracle) map[string]string {
	t.Helper()
	files := map[string]string{NSRobEnvelope: o.robEnvelope(t)}
	target := regexp.MustCompile(`targetNamespace="([^"]*)"`)
	for _, folder := range []string{"aiseo", "aiseop", "aisecd", "org", "ruian"} {
		err := filepath.WalkDir(filepath.Join(o.schemas, folder),
			func(file string, d fs.DirEntry, err error) error {
				if err != nil || filepath.Ext(file) != ".xsd" {
					return err
				}
				text, err := os.ReadFile(file)
				if m := target.FindSubmatch(text); m != nil {
					files[string(m[1])] = file
				}
				return err
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	const x13 = "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju2:v1"
	files[x13] = o.withoutMistoNarozeni(t, files[x13])
	return files
}

// withoutMistoNarozeni returns a copy of a schema file whose element MistoNarozeni may be
// anything: the published set lacks its type, so the schema does not compile.
func (o *oracle) withoutMistoNarozeni(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.NewReplacer(
		`type="aiseo:MistoNarozeniType"`, `type="xs:anyType"`,
		`schemaLocation="`, `schemaLocation="`+filepath.Dir(file)+"/",
	).Replace(string(text)))
	copied := filepath.Join(o.work, filepath.Base(file))
	if err := os.WriteFile(copied, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return copied
}

// questions are what the schemas demand behind the head, by the name of the message. The
// prefixes e (of the message) and reg are bound.
var questions = map[string]string{
	"X10:v1": `<e:Dotaz><e:RC>7755030001</e:RC></e:Dotaz>`,
	"X11:v1": `<e:MapaAifo/>`,
	"X12:v1": `<e:Dotaz typPorovnani="ascii"><e:Jmeno>Zoran</e:Jmeno></e:Dotaz>`,
	"X13:v1": `<e:Dotaz znepristupniLog="false"><e:Parametr9JmPrijDatNar><e:Jmeno>Zoran</e:Jmeno>` +
		`<e:Prijmeni>Vosáhlo</e:Prijmeni><e:DatumNarozeni>1977-05-03</e:DatumNarozeni>` +
		`</e:Parametr9JmPrijDatNar></e:Dotaz>`,
	"X15:v1": `<e:MapaAifo/><e:Dotaz vazaneOsobyCti="true"/>`,
	"X31:v1": `<e:MapaAifo/>`,
	"X21:v1": `<e:Dotaz/>`, "X21:v2": `<e:Dotaz/>`,
	"X22:v1": `<e:Dotaz/>`, "X22:v2": `<e:Dotaz/>`,
	"z3:v2": `<e:Dotaz/>`, "z5:v2": `<e:Dotaz/>`, "z6:v2": `<e:Dotaz/>`,
	"z10a:v1": `<e:Dotaz/>`, "z10a:v2": `<e:Dotaz/>`,
	"z10b:v1": `<e:Dotaz/>`, "z10b:v2": `<e:Dotaz/>`,
	"EopCtiIdFoto:v1": `<e:Dotaz><e:IdFoto>7</e:IdFoto></e:Dotaz>`,
	"EcdCtiIdFoto:v1": `<e:Dotaz><e:IdFoto>7</e:IdFoto></e:Dotaz>`,
	"O03:v1": robQuestion("RobCtiAifoData", "<rod:Aifo>1</rod:Aifo>"+
		"<rod:VyuzitiPoskytnuti>vyuziti</rod:VyuzitiPoskytnuti>"),
	"O05:v1": robQuestion("RobCtiPodleUdajuData", "<rod:Jmeno>Zoran</rod:Jmeno>"),
	"O07:v1": robQuestion("RobCtiZmenyData", "<rod:CasOd>2026-01-01T00:00:00</rod:CasOd>"),
	"O08:v1": robQuestion("RobCtiHromadneAifoData", ""),
	"O25:v1": robQuestion("RobOverHromadneAifoData", "<rod:Osoba><rod:Aifo>1</rod:Aifo></rod:Osoba>"),
	"G02:v1": orgQuestion, "G27:v1": orgQuestion,
	"A28:v1": `<e:Dotaz><e:SeznamIdAdres/></e:Dotaz>`,
	"A28:v2": `<e:Dotaz><e:SeznamIdAdres/></e:Dotaz>`,
}

const orgQuestion = `<e:MapaAifo/><e:OrgAgendaAis xmlns:ot="` + NSOrgTypes + `"><ot:Agenda>A1</ot:Agenda>` +
	`<ot:AIS>1</ot:AIS></e:OrgAgendaAis>`

func robQuestion(data, content string) string {
	return `<e:MapaAifo/><e:SeznamIdAdres/><e:Dotaz verzeSluzby="1.0.0"><rod:` + data +
		` xmlns:rod="` + NSRobData + `">` + content + `</rod:` + data + `></e:Dotaz>`
}

// messageRequest returns a request of a variant. authorization stands where AutorizaceInfo
// does.
func messageRequest(s *Service, authorization string) []byte {
	info := testZadostInfo()
	info.IszrZadostId = []byte(testIszrID)
	return AppendRequest(nil, &Request{Service: s, Info: info,
		Inner: []byte(authorization + questions[s.variantName()])})
}

func authorized(lists string) string {
	return `<e:AutorizaceInfo><reg:MaximalniPocetZaznamu>2</reg:MaximalniPocetZaznamu>` +
		`<reg:SeznamUdaju>` + lists + `</reg:SeznamUdaju></e:AutorizaceInfo>`
}

// ownList writes the list of the publisher's own items.
func ownList(s *Service, words string) string {
	list := s.message.list
	return `<l:` + list.local + ` xmlns:l="` + list.space + `">` + words + `</l:` + list.local + `>`
}

// The reader takes what the schema of a message takes, and nothing else: with the list of
// the publisher, with those of others, without any, and without AutorizaceInfo.
func TestMessagesAreReadAsTheirSchemasAre(t *testing.T) {
	o := newOracle(t)
	files := messageSchemas(t, o)
	for _, s := range variants() {
		own := map[string]string{"aiseo": "Jmeno", "eop": "Foto Podpis", "ecd": "Foto",
			"rob": "Jmeno DatovaSchranka"}[s.Publisher]
		shapes := map[string]string{"no AutorizaceInfo": ""}
		rob := `<reg:RobSeznamUdaju>Jmeno</reg:RobSeznamUdaju>`
		ros := `<reg:RosSeznamUdaju>Ico DatovaSchranka</reg:RosSeznamUdaju>`
		shapes["no list"] = authorized("")
		shapes["lists of base registries"] = authorized(rob + ros)
		shapes["lists in another order"] = authorized(ros + rob)
		shapes["a list twice"] = authorized(rob + rob)
		shapes["a list of RPP"] = authorized(
			`<reg:RppSeznamUdajuPrava>Ovm</reg:RppSeznamUdajuPrava>`)
		shapes["words outside a list"] = authorized("Jmeno")
		shapes["an unknown list"] = authorized("<reg:Seznam>Jmeno</reg:Seznam>")
		if s.message.list != (wordList{}) {
			shapes["own list"] = authorized(ownList(s, own))
			if s.Publisher != "rob" {
				shapes["all lists"] = authorized(rob + ros + ownList(s, own))
				shapes["two lists of AIS"] = authorized(ownList(s, own) +
					"<reg:AisSeznamUdaju/>")
			}
		}
		if list := s.message.list; list.space == NSEvidence2 {
			shapes["own list, version 1"] = authorized(`<l:` + list.local + ` xmlns:l="` + NSEvidence +
				`">Foto</l:` + list.local + `>`)
		}
		t.Run(s.variantName(), func(t *testing.T) {
			t.Parallel()
			var names []string
			var docs [][]byte
			for shape, authorization := range shapes {
				names, docs = append(names, shape), append(docs, messageRequest(s, authorization))
			}
			r := NewReader(DefaultBounds())
			for i, valid := range o.verdicts(t, files[s.Namespace], docs) {
				r.Reset(s)
				err := r.Feed(docs[i], true)
				if err == nil {
					if o := r.Head().Check(); o != nil {
						err = o
					}
				}
				if (err == nil) != valid {
					t.Errorf("%s: the reader says %v, valid by the schema: %v\n%s", names[i], err, valid, docs[i])
				}
			}
		})
	}
}

// Every message can be refused in its own response type.
func TestEveryMessageCanBeRefused(t *testing.T) {
	o := newOracle(t)
	files := messageSchemas(t, o)
	for _, s := range variants() {
		t.Run(s.variantName(), func(t *testing.T) {
			t.Parallel()
			var docs []string
			for _, kod := range []string{OK, Varovani, Chyba} {
				info := refusal()
				info.Status.Kod = kod
				docs = append(docs, string(AppendReply(nil, s, false, info)))
			}
			o.validateAll(t, files[s.Namespace], docs)
			r := NewReplyReader(DefaultBounds())
			r.Reset(s)
			if err := r.Feed(AppendReply(nil, s, true, refusal()), true); err != nil {
				t.Fatal(err)
			}
			if r.Kod() != Chyba || !r.Bars() || r.IszrZadostId() != testIszrID {
				t.Errorf("the refusal is read as %s, number %s", r.Kod(), r.IszrZadostId())
			}
		})
	}
}

// A message that the address names, or only its family or another variant, has one head,
// however it is cut, and its service is what came.
func TestMessagesAreFoundByTheirContent(t *testing.T) {
	r := NewReader(DefaultBounds())
	for _, s := range variants() {
		doc := messageRequest(s, "")
		if s.message.list != (wordList{}) {
			doc = messageRequest(s, authorized(ownList(s, "Jmeno Foto")))
		}
		addressed := []*Service{ServiceByCode(s.Code), MessageByAction(s.Publisher, s.Action),
			ServiceByRequest(s.Namespace, s.Request)}
		for _, a := range addressed {
			r.Reset(a)
			if err := r.Feed(doc, true); err != nil {
				t.Fatalf("%s: %v", s.variantName(), err)
			}
			want := describe(r.Head())
			if r.Head().Service != s || r.Service() != s {
				t.Errorf("%s is read as %s", s.variantName(), r.Service().variantName())
			}
			forEachCut(len(doc), func(cuts ...int) {
				r.Reset(a)
				from := 0
				for _, cut := range cuts {
					if err := r.Feed(doc[from:cut], cut == len(doc)); err != nil {
						t.Fatalf("%s cut at %v: %v", s.variantName(), cuts, err)
					}
					from = cut
				}
				if got := describe(r.Head()); got != want || r.Head().Service != s {
					t.Fatalf("%s cut at %v:\n%s\nwant\n%s", s.variantName(), cuts, got, want)
				}
			})
		}
	}
}

// A family refuses a KodSluzby of no member, in the one response type of its members.
func TestFamilyRefusesUnknownMembers(t *testing.T) {
	family := MessageByAction("rob", ActionRob)
	doc := strings.Replace(string(messageRequest(ServiceByCode("O08"), "")),
		"RobCtiHromadneAifo<", "RobCtiVse<", 1)
	r := NewReader(DefaultBounds())
	r.Reset(family)
	var o *Offence
	if err := r.Feed([]byte(doc), true); !errors.As(err, &o) || o.Kind != Mismatch {
		t.Fatalf("got %v, want a mismatch", err)
	}
	if got := string(r.RequestID()); got != testAgendaID {
		t.Errorf("the refusal echoes %q", got)
	}
	if strings.Contains(o.ForLog, "RobCtiVse") {
		t.Errorf("the log gets what the message says: %s", o.ForLog)
	}
	doc = string(AppendReply(nil, r.Service(), false, refusal()))
	if !strings.HasPrefix(doc, `<e:RobSyncDotazResponse xmlns:e="`+NSRobEnvelope+`"`) {
		t.Errorf("the refusal is %s", doc)
	}
}

// What the bus composes with a message is what the schemas of services say, of those parts
// that only one message can give.
func TestMessagesServeWhatTheSchemasSay(t *testing.T) {
	folder := filepath.Join(sharedFolder(t), "schemas", "egon", "xsd")
	shows := map[string]string{ // by a part of the schema of a service
		`AiseoZtotozneni:v1"`: "X10", `schemas:AiseoCtiAifo:v1"`: "X11",
		`schemas:AiseoCtiPodleUdaju:v1"`: "X12", `schemas:AiseoCtiPodleUdaju2:v1"`: "X13",
		`schemas:AiseoCtiAifo2:v1"`: "X15", `schemas:AiseoCtiAifo3:v1"`: "X31",
		`schemas:AisEopMediaCtiPodleUdaju:v1"`: "X21", `schemas:AisEcdMediaCtiPodleUdaju:v1"`: "X22",
		`schemas:AisEopMediaCtiAifo:v1"`: "z10a", `schemas:AisEcdMediaCtiAifo:v1"`: "z10b",
		`schemas:AisEopCtiAifo:v2"`: "z1", `schemas:AisEopCtiHromadneAifo:v2"`: "z2",
		`schemas:AisEopCtiPodleUdaju:v2"`: "z3", `schemas:AisEcdCtiAifo:v2"`: "z4",
		`schemas:AisEcdCtiHromadneAifo:v2"`: "z5", `schemas:AisEcdCtiPodleUdaju:v2"`: "z6",
		`schemas:AisEopCtiIdFoto:v1"`: "EopCtiIdFoto", `schemas:AisEcdCtiIdFoto:v1"`: "EcdCtiIdFoto",
		`RobCtiAifoDataResponseType"`: "O03", `RobCtiHromadneAifoDataResponseType"`: "O08",
		`RobOverHromadneAifoDataResponseType"`: "O25", `RobCtiZmenyDataResponseType"`: "O07",
		`schemas:CtiProRob:v`: "A28",
	}
	want := map[string][]string{}
	for _, e := range Services() {
		text, err := os.ReadFile(filepath.Join(folder, e.Action+".xsd"))
		if err != nil {
			continue // of a registry that the published set lacks
		}
		for part, code := range shows {
			if strings.Contains(string(text), part) {
				want[code] = append(want[code], e.Code)
			}
		}
	}
	want["O08"] = append(want["O08"], "E198", "E248") // which write its reply as that of O05
	want["O05"] = []string{"E05", "E278"}
	for _, s := range Messages() {
		if s.Publisher == "org" {
			continue
		}
		got, want := slices.Sorted(slices.Values(s.Serves)), slices.Sorted(slices.Values(want[s.Code]))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s serves (-schemas +catalogue):\n%s", s.Code, diff)
		}
	}
}

// The number of the bus is that of an internal message alone: a caller of a service may not
// choose the number of its refusal.
func TestOnlyInternalMessagesHaveANumber(t *testing.T) {
	const id = "2829d020-af4c-13c8-9851-1c37d859c002"
	for code, want := range map[string]string{"E05": "", "X11": id} {
		s := ServiceByCode(code)
		message := AppendRequest(nil, &Request{Service: s, Info: &ZadostInfo{IszrZadostId: []byte(id)}})
		r := NewReader(DefaultBounds())
		r.Reset(s)
		_ = r.Feed(message, false) // its other values are missing
		if got := string(r.MessageID()); got != want {
			t.Errorf("%s: the number is %q, want %q", code, got, want)
		}
	}
}
