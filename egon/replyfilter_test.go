package egon

import (
	"errors"
	"fmt"
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
func filter(r *ReplyReader, code string, doc []byte, e Expectation, size, seal int) ([]byte, error) {
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

func TestFilteredReplies(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	r.scan.SetMemo(xmltext.MemoAll)
	for _, tt := range []struct {
		name, code, inner string
		granted           string
		want, removed     string
	}{
		{"all is permitted", "E05", robReply("RobCtiPodleUdaju", person), personHolds,
			robReply("RobCtiPodleUdaju", person), ""},
		{"one is not", "E05", robReply("RobCtiPodleUdaju", person),
			"AdresaPobytu MistoNarozeni Prijmeni",
			robReply("RobCtiPodleUdaju", strings.Replace(person,
				`<rod:Jmeno stav="spravny">ZORAN</rod:Jmeno>`, "", 1)), "Jmeno"},
	} {
		t.Run(tt.code+" "+tt.name, func(t *testing.T) {
			doc := replyWith(tt.code, tt.inner)
			want := strings.Replace(string(doc), tt.inner, tt.want, 1)
			if tt.removed != "" {
				want = warned(want, strings.Fields(tt.removed)...)
			}
			e := Expectation{Rule: FilterReturned, Rights: granted(tt.granted)}
			for _, size := range []int{len(doc), len(doc), 1, 7, 64} {
				got, err := filter(r, tt.code, doc, e, size, 0)
				if err != nil || string(got) != want {
					t.Fatalf("in windows of %d bytes: %v\n got %s\nwant %s", size, err, got, want)
				}
				if got := inOrder(slices.Collect(r.Removed().Words())); got != tt.removed {
					t.Errorf("in windows of %d bytes: removed %q, want %q", size, got, tt.removed)
				}
			}
		})
	}
}

// warned returns a reply with the status OK as it leaves when words were removed.
func warned(reply string, words ...string) string {
	var details strings.Builder
	for _, w := range words {
		fmt.Fprintf(&details, `<reg:VysledekDetail xmlns:reg="%s"><reg:VysledekSubKod>NENI OPRAVNENI`+
			`</reg:VysledekSubKod><reg:VysledekPopis>%s</reg:VysledekPopis><reg:Puvodce>`+
			`<reg:Registr>ISZR</reg:Registr></reg:Puvodce></reg:VysledekDetail>`, NSReg, w)
	}
	return strings.Replace(reply, "<reg:VysledekKod>OK</reg:VysledekKod>",
		"<reg:VysledekKod>VAROVANI</reg:VysledekKod>"+details.String(), 1)
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
