package egon

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

// Every element of the head and of the questions may have an xsi:type with the type of
// the schemas, and no other.
func TestEveryElementMaySayItsDeclaredType(t *testing.T) {
	o := newOracle(t)
	r, said := NewReader(DefaultBounds()), map[*element]bool{}
	for _, file := range typedRequests(t) {
		code, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(file), "request-"), "-")
		code, _, _ = strings.Cut(strings.ToUpper(code), ".")
		service, doc := ServiceByCode(code), withEveryValue(t, file)
		typed := sayTypes(service, doc, func(
			el *element) typeName {
			said[el] = true
			return el.declared
		})
		if got := feedRequest(t, r, code, typed, []int{len(typed)}); got.verdict() != "accept" {
			t.Errorf("%s: %s", file, got.verdict())
		}
		o.validate(t, "egon/xsd/"+service.Action+".xsd", payload(typed))
		eachElement(service, doc, func(wrong *element) {
			other := sayTypes(service, doc, func(el *element) typeName {
				if el == wrong {
					return typeName{NSSchema, "string"}
				}
				return typeName{}
			})
			var offence *Offence
			r.Reset(service)
			if err := r.Feed(other, true); !errors.As(err, &offence) || offence.Kind != Invalid ||
				!strings.Contains(offence.Err.Error(), "xsi:type of ") {
				t.Errorf("%s: %s of another type: %v", file, wrong.name, err)
			}
		})
	}
	for _, g := range []*operation{&mediaOperation, &rightsOperation, &asyncAnswerOperation} {
		checkSaid(t, &g.element, said, !g.open)
	}
}

// checkSaid reports the elements with a named type that no request had in xsi:type.
func checkSaid(t *testing.T, el *element, said map[*element]bool, self bool) {
	t.Helper()
	if self && el.declared != (typeName{}) && !said[el] {
		t.Errorf("no request has said the type of %s", el.name)
	}
	for _, kid := range el.kids {
		checkSaid(t, kid, said, true)
	}
}

func typedRequests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/request-e*.golden.xml")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d requests, %v", len(files), err)
	}
	return files
}

// withEveryValue adds to a request the optional values that it lacks.
func withEveryValue(t *testing.T, file string) []byte {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc = bytes.TrimSpace(doc)
	sum := strings.Repeat("A", 86) + "=="
	for mark, more := range map[string]string{
		"<abs:PrioritaAis>": "<reg:IszrZadostId>2829d020-af4c-13c8-9851-1c37d859c002</reg:IszrZadostId><reg:AisKontrola>" + sum +
			"</reg:AisKontrola><reg:IszrKontrola>AAAA</reg:IszrKontrola>",
		"<abs:SeznamUdaju>":                          "<abs:MaximalniPocetZaznamu>5</abs:MaximalniPocetZaznamu>",
		"<d:Pocet>1</d:Pocet></d:KriteriaProPodpis>": "<d:DatumOd>2020-01-01</d:DatumOd><d:DatumDo>2021-01-01</d:DatumDo>",
	} {
		doc = bytes.Replace(doc, []byte(mark), []byte(more+mark), 1)
	}
	if !bytes.Contains(doc, []byte("<d:Ais>")) {
		doc = bytes.Replace(doc, []byte("</d:AgendaZdroj>"),
			[]byte("</d:AgendaZdroj><d:Ais>999001</d:Ais>"), 1)
	}
	return doc
}

// sayTypes writes xsi:type into the start tag of each element for which said returns a
// name.
func sayTypes(s *Service, doc []byte, said func(*element) typeName) []byte {
	var typed []byte
	from := 0
	walk(s, doc, func(el *element, tok *xmltext.Token) {
		t := said(el)
		if t.local == "" {
			return
		}
		at := int(tok.Start) + bytes.IndexAny(doc[tok.Start:], " />")
		typed = append(append(typed, doc[from:at]...),
			` xmlns:xsi="`+NSXSI+`" xmlns:type="`+t.space+`" xsi:type="type:`+t.local+`"`...)
		from = at
	})
	return append(typed, doc[from:]...)
}

func eachElement(s *Service, doc []byte, visit func(*element)) {
	walk(s, doc, func(el *element, _ *xmltext.Token) { visit(el) })
}

// walk calls visit for each element of a request that has a grammar.
func walk(s *Service, doc []byte, visit func(*element, *xmltext.Token)) {
	scan, g := xmltext.NewScanner(xmltext.DefaultBounds()), operationOf(s)
	var open []*element
	for rest := doc; ; {
		tok, n, err := scan.Next(rest, true)
		rest = rest[n:]
		switch {
		case err != nil || tok.Kind == xmltext.End:
			return
		case tok.Kind == xmltext.StartElement:
			var el *element
			if tok.Name.Is(s.Namespace, s.Request) {
				el = &g.element
			} else if len(open) > 0 && open[len(open)-1] != nil {
				for _, kid := range open[len(open)-1].kids {
					if tok.Name.Is(kid.space, kid.name) {
						el = kid
					}
				}
			}
			if el != nil && (el != &g.element || !g.open) {
				visit(el, &tok)
			}
			open = append(open, el)
		case tok.Kind == xmltext.EndElement:
			open = open[:len(open)-1]
		}
	}
}

// White space around the name and around false means nothing.
func TestXSIAttributesAreCollapsed(t *testing.T) {
	r := NewReader(DefaultBounds())
	doc := bytes.Replace(requestFile(t, "e227.xml"), []byte("<reg:Ais>"),
		[]byte("<reg:Ais xmlns:xsi='"+NSXSI+"' xsi:type='\n reg:KodAisType&#9;' xsi:nil=' 0\n'>"),
		1)
	if got := feedRequest(t, r, "E227", doc, []int{len(doc)}); got.verdict() != "accept" {
		t.Error(got.verdict())
	}
}
