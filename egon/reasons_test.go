package egon

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A refusal names the fault and its remedy.
func TestRefusalsNameTheRemedy(t *testing.T) {
	want := map[string]string{
		"e198/wrong case":   "Slovo „jmeno“ v SeznamUdaju není známá položka. Mysleli jste Jmeno? Opravte je, nebo je vynechte.",
		"e198/unknown word": "Slovo „Bota“ v SeznamUdaju není známá položka. Opravte je, nebo je vynechte.",
		"e198/two words with a no-break space": "Slovo „EcdFoto[U+00A0]Jmeno“ v SeznamUdaju není známá položka. Obsahuje znak U+00A0, " +
			"který žádná položka nemá; slova oddělujte mezerou. Opravte je, nebo je vynechte.",
		"e198/control word in wrong case": "Slovo „RobCti“ v SeznamUdaju není známá položka. Mysleli jste ROBCti? Opravte je, nebo je vynechte.",
		"e198/item of the other evidence": "Položka „EopFoto“ nepatří k evidenci Ecd, která je v elementu AgendaZdroj. Uveďte EcdFoto nebo EcdPodpis.",
		"zadostinfo/empty Ovm":            "Element ZadostInfo/Ovm je prázdný. Uveďte hodnotu.",
		"zadostinfo/Ais with a letter":    "Hodnota ZadostInfo/Ais není platná: musí to být číslo od 1 do 9999999.",
		"mismatch/the body of another service": "Volána je služba E198, jejíž žádostí je element AgendaMediaDataCtiPodleUdaju z prostoru jmen „" + NSMedia +
			"“, v těle je ale RobCtiPodleUdaju služby E05. Opravte adresu nebo tělo.",
		"malformed/second ZadostInfo beside the first": "Element ZadostInfo je jinde, než kde smí být, nebo je ve zprávě vícekrát. " +
			"Ponechte jediný, na jeho místě a v jeho jmenném prostoru.",
	}
	r := NewReader(DefaultBounds())
	for _, c := range requestCases(t) {
		got := feedRequest(t, r, c.Service, c.Doc, []int{len(c.Doc)})
		if popis, ok := want[c.Name]; ok {
			if got.Popis != popis {
				t.Errorf("%s: %s\nwant %s", c.Name, got.Popis, popis)
			}
			delete(want, c.Name)
		}
		for _, personal := range []string{"Zoran", "Vos", "Kazi", "Karás", "1977-0", "255424486",
			"1925-04"} {
			if strings.Contains(got.Popis+got.Err+got.Path, personal) {
				t.Errorf("%s: the refusal quotes %s", c.Name, personal)
			}
		}
	}
	for name := range want {
		t.Errorf("there is no case %s", name)
	}
}

// Every text about the contract has a case in the corpus, and so has every rule about a
// value of the question of E198. docs/e198.md is made of the corpus, so it has them all.
func TestEveryReasonHasACase(t *testing.T) {
	var popisy, paths []string
	r := NewReader(DefaultBounds())
	for _, c := range requestCases(t) {
		got := feedRequest(t, r, c.Service, c.Doc, []int{len(c.Doc)})
		popisy, paths = append(popisy, got.Popis), append(paths, got.Path)
	}
	held := func(all []string, pattern string) bool {
		re := regexp.MustCompile(pattern)
		for _, s := range all {
			if re.MatchString(s) {
				return true
			}
		}
		return false
	}
	for name, popis := range contractTexts(t) {
		if !held(popisy, "^"+regexp.MustCompile(`%(\\\[\d\\\])?[sd]`).ReplaceAllString(
			regexp.QuoteMeta(popis), "(?s:.*)")+"$") {
			t.Errorf("no case gets %s: %s", name, popis)
		}
	}
	rules := append(append(append([]rule{}, accountRules...), mediaRules...),
		append(bornHere, bornAbroad...)...)
	for _, combination := range queryRules {
		rules = append(rules, combination...)
	}
	for _, r := range rules {
		if !held(paths, regexp.QuoteMeta(r.path)+"$") {
			t.Errorf("no case breaks the rule about %s", r.path)
		}
	}
}

// contractTexts reads the texts of the kinds Mismatch and Invalid from reasons.go, by
// the names of their variables.
func contractTexts(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		value, ok := spec.Values[0].(*ast.CompositeLit)
		if !ok || len(value.Elts) != 3 {
			return true
		}
		kind, ok := value.Elts[0].(*ast.Ident)
		text, ok2 := value.Elts[1].(*ast.BasicLit)
		ofRequest := !slices.Contains([]string{"otherReply", "textBetween"}, spec.Names[0].Name)
		if ok && ok2 && ofRequest && (kind.Name == "Invalid" || kind.Name == "Mismatch") {
			popis, err := strconv.Unquote(text.Value)
			if err != nil {
				t.Fatal(err)
			}
			texts[spec.Names[0].Name] = popis
		}
		return true
	})
	if len(texts) < 20 {
		t.Fatalf("only %d texts found", len(texts))
	}
	return texts
}
