package egon

import (
	"slices"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

const (
	codes = `<abs:SeznamIdAdres nacistData="true"><reg:AdresniMisto>4711</reg:AdresniMisto>` +
		`</abs:SeznamIdAdres>`
	noCodes   = `<abs:SeznamIdAdres nacistData="true"></abs:SeznamIdAdres>`
	adresa    = "<rod:AdresaPobytu>4711</rod:AdresaPobytu>"
	addresses = "<e:RuianOdpoved><e:RuianCtiProRobDataResponse><a>Lhota 1</a>" +
		"</e:RuianCtiProRobDataResponse></e:RuianOdpoved>"
	allReferences = " AdresaPobytu DorucovaciAdresa MistoNarozeni MistoUmrti"
)

// What RUIAN has at a reference leaves as long as all items that may hold one do.
func TestAddressesOfRemovedReferences(t *testing.T) {
	both := codes + osoba(adresa+jmeno) + addresses
	tests := []struct {
		name, code  string
		info, inner string
		granted     string
		wantInfo    string
		want        string
	}{
		{"the reference leaves", "E05", okInfo, both, "Jmeno AdresaPobytu", okInfo, both},
		{"it is removed", "E05", okInfo, both, "Jmeno", warnInfo("AdresaPobytu"),
			noCodes + osoba(jmeno)},
		{"one of two is removed", "E05", okInfo, codes +
			osoba(adresa+"<rod:MistoUmrti>1</rod:MistoUmrti>") + addresses, "AdresaPobytu",
			warnInfo("MistoUmrti"), noCodes + osoba(adresa)},
		{"another item is removed", "E05", okInfo, both, "AdresaPobytu", warnInfo("Jmeno"),
			codes + osoba(adresa) + addresses},
		{"an unknown element is removed", "E05", okInfo, codes + osoba("<rod:Nove>x</rod:Nove>") +
			addresses, "AdresaPobytu", warnInfo("?Nove"), noCodes + osoba("")},
		{"a record is removed whole", "E20", okInfo, codes + zadost("x</ros:NazevOsoby>"+
			"<ros:FoTextemPobyt>y</ros:FoTextemPobyt><ros:NazevOsoby>") + addresses, "-ObchodniNazev",
			warnInfo("FyzickaOsoba", "ObchodniNazev"), noCodes + rosReply("RosCtiIco", "")},
		{"no status", "E05", "", codes + osoba(adresa) + addresses, "", "", noCodes + osoba("")},
		{"lists without codes", "E05", okInfo, "<abs:SeznamIdAdres/>" + osoba(adresa) +
			"<e:RuianOdpoved/>", "", warnInfo("AdresaPobytu"), "<abs:SeznamIdAdres/>" + osoba("")},
		{"a second list", "E05", okInfo, codes + codes + osoba(adresa), "AdresaPobytu", okInfo,
			codes + noCodes + osoba(adresa)},
		{"other places", "E05", okInfo, osoba("<e:RuianOdpoved/>"+adresa) +
			"<RuianOdpoved xmlns='urn:cizi'>x</RuianOdpoved>", "", warnInfo("AdresaPobytu"),
			osoba("<e:RuianOdpoved/>") + "<RuianOdpoved xmlns='urn:cizi'>x</RuianOdpoved>"},
		{"of the reply inside", "E100", okInfo,
			delivered(okInfo, both), "Jmeno", okInfo,
			delivered(warnInfo("AdresaPobytu"), noCodes+osoba(jmeno))},
		{"a service without RUIAN", "E45", "", codes + addresses, "", "", codes + addresses},
	}
	r := NewReplyReader(DefaultBounds())
	r.scan.SetMemo(xmltext.MemoAll)
	for _, tt := range tests {
		t.Run(tt.code+" "+tt.name, func(t *testing.T) {
			doc := replyHeaded(tt.code, tt.info, tt.inner)
			want := string(replyHeaded(tt.code, withDetails(tt.wantInfo), withDetails(tt.want)))
			e := Expectation{Rule: FilterReturned, Rights: granted(tt.granted)}
			for _, size := range []int{len(doc), len(doc), 1, 7, 64} {
				got, err := filter(r, tt.code, doc, e, size, 0)
				if diff := difference(string(got), want); err != nil || diff != "" {
					t.Fatalf("in windows of %d bytes: %v %s", size, err, diff)
				}
			}
			e.Rule = ObserveReturned
			got, err := filter(r, tt.code, doc, e, 7, 0)
			if diff := difference(string(got), string(doc)); err != nil || diff != "" {
				t.Errorf("observed: %v %s", err, diff)
			}
		})
	}
}

// A reply that is too long to be held leaves without the codes unless all references may leave.
// The addresses come behind the data, so for them it is known.
func TestAddressesOfALongReply(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	doc := replyHeaded("E05", okInfo, codes+osoba(adresa+jmeno)+addresses)
	for _, tt := range []struct {
		name    string
		granted string
		codes   string
		osoba   string
		behind  string
	}{
		{"all may leave", "Jmeno" + allReferences, codes, adresa + jmeno, addresses},
		{"all references may leave", allReferences, codes, adresa, addresses},
		{"one may not that is absent", "Jmeno AdresaPobytu DorucovaciAdresa MistoUmrti", noCodes,
			adresa + jmeno, addresses},
		{"that of the reply may not", "Jmeno", noCodes, jmeno, ""},
	} {
		e := Expectation{Rule: FilterReturned, Rights: granted(tt.granted)}
		want := string(replyHeaded("E05", okInfo, tt.codes+osoba(tt.osoba)+tt.behind))
		for _, after := range []string{"<reg:Status>", "</abs:OdpovedInfo>", `nacistData="true">`,
			"<reg:AdresniMisto>47", "</abs:SeznamIdAdres>", "<rod:Osoba>"} {
			seal := strings.Index(string(doc), after) + len(after)
			for _, size := range []int{1, seal} {
				got, err := filter(r, "E05", doc, e, size, seal)
				if diff := difference(string(got), want); err != nil || diff != "" {
					t.Errorf("%s, sealed behind %s, in windows of %d bytes: %v %s", tt.name, after,
						size, err, diff)
				}
			}
		}
	}
}

// Each message with a list of codes leaves without them when it is sealed too early and a
// reference may not leave.
func TestCodesOfEachLongReply(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	lists := 0
	for _, c := range replyCases(t) {
		if c.codes == "" || !slices.ContainsFunc(c.words(), mayRefer) {
			continue
		}
		lists++
		for _, rights := range []grantedWords{granted(""), ReturnedWords()} {
			got, err := filter(r, c.code, []byte(c.doc), Expectation{FilterReturned, rights, nil}, 7, 1)
			if err != nil || strings.Contains(string(got), c.codes) != (len(rights) > 0) {
				t.Errorf("%s with rights to %d items: %v, it leaves as %s", c.code, len(rights), err, got)
			}
		}
	}
	if lists < 20 {
		t.Errorf("only %d replies have lists", lists)
	}
}

// The codes wait for the seal, also where the reply has no status.
func TestCodesWaitForTheSeal(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	doc := replyHeaded("E05", "", codes+osoba(adresa))
	at := strings.Index(string(doc), "<reg:AdresniMisto>")
	r.Reset(ServiceByCode("E05"))
	r.Expect(Expectation{Rule: FilterReturned, Rights: granted("")})
	if err := r.Feed(doc[:len(doc)-5], false); err != nil || r.Releasable() != int64(at) {
		t.Errorf("%v: %d bytes may leave, the codes are at byte %d", err, r.Releasable(), at)
	}
	r.Seal()
	if r.Releasable() <= int64(at) {
		t.Errorf("%d bytes may leave after the seal", r.Releasable())
	}
}
