package egon

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A treeList is a list of SeznamUdaju in the tree of a message: its name and its words, as
// they are written.
type treeList struct {
	Name  string
	Words []string
}

// takeLists empties the lists of an internal message and returns them.
func (n *requestNode) takeLists(space string) (lists []treeList) {
	auth, _ := n.operation().child(space + " AutorizaceInfo")
	if auth == nil {
		return nil
	}
	all, _ := auth.child(NSReg + " SeznamUdaju")
	for _, list := range all.kids {
		if list.name == "" || list.name == "!" {
			continue
		}
		text := ""
		for _, k := range list.kids {
			text += k.text
		}
		list.kids = nil
		lists = append(lists, treeList{list.name, strings.Fields(text)})
	}
	return lists
}

// dropAdded removes what an edit put into a message that had these lists: the list of the
// publisher, or AutorizaceInfo with nothing but that.
func (n *requestNode) dropAdded(space string, had []treeList, now []treeList) string {
	operation := n.operation()
	auth, at := operation.child(space + " AutorizaceInfo")
	if len(now) == len(had) {
		return ""
	}
	all, _ := auth.child(NSReg + " SeznamUdaju")
	if had == nil && len(auth.kids) == 1 && len(all.kids) == 1 {
		if _, info := operation.child(space + " ZadostInfo"); info == at-1 {
			operation.drop(at)
			return ""
		}
	}
	for i, list := range now {
		if i == len(had) || had[i].Name != list.Name {
			_, at := all.child(list.Name)
			all.drop(at)
			return ""
		}
	}
	return "nothing was added"
}

// ownNames writes external words as the publisher of a message does, by the table of items.
func ownNames(s *Service, words []string) (names []string) {
	for _, w := range words {
		for _, it := range items {
			if it.word == w && it.internal != "" && it.register == publishers[s.Publisher] {
				w = it.internal
			}
		}
		names = append(names, w)
	}
	return names
}

// externalWord is the word of a name in a list of that name.
func externalWord(s *Service, list, name string) string {
	of := map[string]Register{"RobSeznamUdaju": ROB, "RosSeznamUdaju": ROS, "AisEopSeznamUdaju": EOP,
		"AisEcdSeznamUdaju": ECD, "AisSeznamUdaju": publishers[s.Publisher],
	}[list[strings.IndexByte(list, ' ')+1:]]
	for _, it := range items {
		if it.register == of && it.internal == name {
			return it.word
		}
	}
	return name
}

// rewriteMessage is rewriteRequest of an internal message.
func rewriteMessage(t rapid.TB, addressed *Service, doc []byte, removed uint64, added []string) {
	t.Helper()
	r := NewReader(DefaultBounds())
	r.Reset(addressed)
	if r.Feed(doc, true) != nil {
		return
	}
	before, err := parseRequest(doc)
	h := r.Head()
	if err != nil || len(h.Items)+len(added) > r.bounds.Items {
		return
	}
	s := h.Service
	gone := func(word []byte) bool { return removed>>(len(word)%64)&1 != 0 }
	edits := h.Without(gone)
	if added != nil {
		edits = []Edit{h.With(added)}
	}
	out := edited(t, doc, edits...)
	after, err := parseRequest(out)
	if err != nil {
		t.Fatalf("%v in\n%s\nmade of\n%s", err, out, doc)
	}
	had, now := before.takeLists(s.Namespace), after.takeLists(s.Namespace)
	if diff := cmp.Diff(wantedLists(s, had, gone, added), now); diff != "" {
		t.Fatalf("lists (-want +got):\n%s\n%s\nmade of\n%s", diff, out, doc)
	}
	if added != nil {
		if wrong := after.dropAdded(s.Namespace, had, now); wrong != "" {
			t.Fatalf("%s in\n%s\nmade of\n%s", wrong, out, doc)
		}
	}
	if diff := cmp.Diff(before.lines(nil), after.lines(nil)); diff != "" {
		t.Fatalf("more than the lists has changed (-before +after):\n%s\n%s", diff, out)
	}
	r.Reset(addressed)
	if err := r.Feed(out, true); err != nil || r.Head().Service != s {
		t.Fatalf("the Reader refuses %s: %v", out, err)
	}
	var want []string
	for _, list := range now {
		for _, name := range list.Words {
			want = append(want, externalWord(s, list.Name, name))
		}
	}
	if got := wordsOf(r.Head()); !slices.Equal(got, want) {
		t.Fatalf("the Reader finds %q, want %q in\n%s", got, want, out)
	}
}

// wantedLists are the lists of a message without the words that are gone, or with those
// that were added to the publisher's own list.
func wantedLists(s *Service, had []treeList, gone func([]byte) bool, added []string) []treeList {
	var want []treeList
	own, removes := s.message.list, added == nil
	for _, list := range had {
		isOwn := list.Name == own.space+" "+own.local ||
			s.Publisher != "rob" && list.Name == NSReg+" AisSeznamUdaju"
		words := []string{}
		for _, name := range list.Words {
			if !removes || !gone([]byte(externalWord(s, list.Name, name))) {
				words = append(words, name)
			}
		}
		if added != nil && isOwn {
			words, added = append(words, ownNames(s, added)...), nil
		}
		want = append(want, treeList{list.Name, words})
	}
	if added == nil {
		return want
	}
	list := treeList{own.space + " " + own.local, ownNames(s, added)}
	if s.Publisher == "rob" {
		return append([]treeList{list}, want...)
	}
	return append(want, list)
}

// Lists of internal messages are edited word by word, each in itself, and filled in the
// publisher's own names where the schema has its list.
func TestMessageListsAreEdited(t *testing.T) {
	const rob = `<reg:RobSeznamUdaju>Jmeno DatovaSchranka</reg:RobSeznamUdaju>`
	for _, tt := range []struct{ name, code, lists, removed, added, want string }{
		{"one of two", "X11", "<reg:AisSeznamUdaju>Jmeno DatumUmrti</reg:AisSeznamUdaju>", "Jmeno", "",
			"<reg:AisSeznamUdaju>DatumUmrti</reg:AisSeznamUdaju>"},
		{"by the external word", "O08", rob, "DatovaSchrankaROB", "",
			"<reg:RobSeznamUdaju>Jmeno</reg:RobSeznamUdaju>"},
		{"not by the registry's own name", "O08", rob, "DatovaSchranka", "", rob},
		{"in each list", "X11", rob + "<reg:AisSeznamUdaju>Jmeno</reg:AisSeznamUdaju>", "Jmeno", "",
			"<reg:RobSeznamUdaju>DatovaSchranka</reg:RobSeznamUdaju><reg:AisSeznamUdaju></reg:AisSeznamUdaju>"},
		{"the last of one and the first of the next", "X11",
			rob + "<reg:AisSeznamUdaju>Foto Jmeno</reg:AisSeznamUdaju>", "DatovaSchrankaROB Foto", "",
			"<reg:RobSeznamUdaju>Jmeno</reg:RobSeznamUdaju><reg:AisSeznamUdaju>Jmeno</reg:AisSeznamUdaju>"},
		{"photos", "X21", `<l:AisEopSeznamUdaju xmlns:l="` + NSEvidence + `">Foto Podpis</l:AisEopSeznamUdaju>`,
			"EopFoto", "",
			`<l:AisEopSeznamUdaju xmlns:l="` + NSEvidence + `">Podpis</l:AisEopSeznamUdaju>`},

		{"an empty tag", "X11", "<reg:AisSeznamUdaju/>", "", "Jmeno DatumUmrti",
			"<reg:AisSeznamUdaju>Jmeno DatumUmrti</reg:AisSeznamUdaju>"},
		{"an empty list", "O08", "<reg:RobSeznamUdaju></reg:RobSeznamUdaju>", "",
			"Jmeno DatovaSchrankaROB", rob},
		{"no list", "X11", "", "", "Jmeno",
			`<l:AisSeznamUdaju xmlns:l="` + NSReg + `">Jmeno</l:AisSeznamUdaju>`},
		{"the list of ROB comes first", "O08", "<reg:RosSeznamUdaju/>", "", "DatovaSchrankaROB",
			`<l:RobSeznamUdaju xmlns:l="` + NSReg + `">DatovaSchranka</l:RobSeznamUdaju><reg:RosSeznamUdaju/>`},
		{"the list of an AIS comes last", "X21", "<reg:RobSeznamUdaju/>", "", "EopFoto",
			`<reg:RobSeznamUdaju/><l:AisEopSeznamUdaju xmlns:l="` + NSEvidence + `">Foto</l:AisEopSeznamUdaju>`},
		{"the list of any AIS stands for that of EOP", "X21", "<reg:AisSeznamUdaju/>", "",
			"EopFoto EopPodpis", "<reg:AisSeznamUdaju>Foto Podpis</reg:AisSeznamUdaju>"},
		{"words stay", "X22", "<reg:AisSeznamUdaju>Foto</reg:AisSeznamUdaju>", "", "EcdPodpis",
			"<reg:AisSeznamUdaju>Foto Podpis</reg:AisSeznamUdaju>"},
	} {
		t.Run(tt.code+" "+tt.name, func(t *testing.T) {
			s := ServiceByCode(tt.code)
			doc := messageRequest(s, authorized(tt.lists))
			r := NewReader(DefaultBounds())
			r.Reset(s)
			if err := r.Feed(doc, true); err != nil {
				t.Fatal(err)
			}
			edits := r.Head().Without(among(tt.removed))
			if tt.added != "" {
				edits = append(edits, r.Head().With(strings.Fields(tt.added)))
			}
			got, want := string(edited(t, doc, edits...)), string(messageRequest(s, authorized(tt.want)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A filled message is valid by its schema, also where it had no list.
func TestFilledMessagesAgainstTheSchemas(t *testing.T) {
	o := newOracle(t)
	files := messageSchemas(t, o)
	words := map[string][]string{"aiseo": {"Jmeno", "DatumUmrti"}, "eop": {"EopFoto"},
		"ecd": {"EcdPodpis"}, "rob": {"Jmeno", "DatovaSchrankaROB"}}
	for _, s := range variants() {
		if s.Reads == 0 {
			continue
		}
		shapes := map[string]string{
			"no list":    authorized(""),
			"own list":   authorized(ownList(s, "")),
			"other list": authorized("<reg:RosSeznamUdaju/>"),
			"one tag":    `<e:AutorizaceInfo><reg:SeznamUdaju/></e:AutorizaceInfo>`,
		}
		if s.message.list.optional {
			shapes["no AutorizaceInfo"] = ""
		}
		t.Run(s.variantName(), func(t *testing.T) {
			t.Parallel()
			r := NewReader(DefaultBounds())
			added := words[s.Publisher]
			var docs []string
			for shape, authorization := range shapes {
				doc := messageRequest(s, authorization)
				r.Reset(s)
				if err := r.Feed(doc, true); err != nil {
					t.Fatal(err)
				}
				doc = edited(t, doc, r.Head().With(added))
				docs = append(docs, string(doc))
				r.Reset(s)
				if err := r.Feed(doc, true); err != nil {
					t.Fatal(err)
				}
				if got := wordsOf(r.Head()); !slices.Equal(got, added) {
					t.Errorf("%s: the message asks for %q, want %q:\n%s", shape, got, added, doc)
				}
			}
			o.validateAll(t, files[s.Namespace], docs)
		})
	}
}

// Edited lists of any writing have exactly the words that were wanted.
func TestEditedMessagesReadAsWanted(t *testing.T) {
	names := []string{"Jmeno", "Foto", "Podpis", "DatovaSchranka", "DatumUmrti", "Aifo"}
	blank := rapid.SampledFrom([]string{" ", "\n", "\r\n", "&#32;", "\t\t"})
	messages := slices.DeleteFunc(variants(), func(s *Service) bool { return s.Reads == 0 })
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(messages).Draw(t, "message")
		list := func(label string) string {
			var b strings.Builder
			for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 6).Draw(t, label) {
				b.WriteString(blank.Draw(t, "blank"))
				b.Write(appendReference(nil, name[0]))
				b.WriteString(name[1:])
			}
			return b.String()
		}
		lists := ""
		if rapid.Bool().Draw(t, "rob") {
			lists += "<reg:RobSeznamUdaju>" + list("of ROB") + "</reg:RobSeznamUdaju>"
		}
		if rapid.Bool().Draw(t, "ros") {
			lists += "<reg:RosSeznamUdaju >" + list("of ROS") + "</reg:RosSeznamUdaju\n>"
		}
		if s.Publisher != "rob" && rapid.Bool().Draw(t, "own") {
			lists += ownList(s, list("own"))
		}
		authorization := authorized(lists)
		if s.message.list.optional && rapid.Bool().Draw(t, "none") {
			authorization = ""
		}
		var added []string
		if rapid.Bool().Draw(t, "add") {
			added = []string{"Prijmeni", "EopFoto"}
		}
		rewriteMessage(t, s, messageRequest(s, authorization), rapid.Uint64().Draw(t, "removed"), added)
	})
}
