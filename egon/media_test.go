package egon

import "testing"

func source(t testing.TB, zdroj string) *Source {
	t.Helper()
	src, ok := SourceOf([]byte(zdroj))
	if !ok {
		t.Fatalf("SourceOf(%q) found none", zdroj)
	}
	return src
}

func TestSourceOf(t *testing.T) {
	for zdroj, step := range map[string]string{"Eop": "X21", "Ecd": "X22"} {
		if src := source(t, zdroj); src.Step != step || src.Zdroj != zdroj {
			t.Errorf("SourceOf(%s) = %+v", zdroj, src)
		}
	}
	for _, zdroj := range []string{"", "EOP", "Rrc"} {
		if src, ok := SourceOf([]byte(zdroj)); ok {
			t.Errorf("SourceOf(%q) = %+v, want none", zdroj, src)
		}
	}
}

// mediaReply writes a whole reply around the block of an evidence.
func mediaReply(info *OdpovedInfo, b *MediaBlocks, block string) []byte {
	doc := AppendMediaHead(nil, true, info, b)
	doc = append(doc, block...)
	return AppendMediaTail(doc, true, b.Source)
}

const (
	ecdBlock = `<EcdOdpovedV1 xmlns="` + NSEcd + `" xmlns:a="` + NSEvidence + `">` +
		`<a:AisAplikacniStatus><a:VysledekAisKod>OK</a:VysledekAisKod></a:AisAplikacniStatus><a:Aifo>1</a:Aifo>` +
		`<a:Fotky><a:Fotka>AAAA</a:Fotka><a:DatumVydani>2016-05-30</a:DatumVydani></a:Fotky></EcdOdpovedV1>`
	eopNobody = `<x:EopOdpovedV1 xmlns:x="` + NSEop + `"><AisAplikacniStatus xmlns="` + NSEvidence +
		`">` +
		`<VysledekAisKod>VAROVANI</VysledekAisKod><VysledekDetail><VysledekSubKod>SPECIFIKACE V POPISU</VysledekSubKod>` +
		`</VysledekDetail></AisAplikacniStatus></x:EopOdpovedV1>`
)

// The replies of E198 are valid, one for each end of the workflow (seed E198 §11).
func TestMediaReply(t *testing.T) {
	eop, ecd := source(t, "Eop"), source(t, "Ecd")
	verified := must[VerifyReply](t)(ParseVerifyReply(answer(t, "o25")))
	unknown := must[VerifyReply](t)(ParseVerifyReply(answer(t, "o25-unknown")))
	differs := must[VerifyReply](t)(ParseVerifyReply(answer(t, "o25-differs")))
	read := must[ReadReply](t)(ParseReadReply(answer(t, "o08"), robItems))
	v1 := must[PlacesReply](t)(ParsePlacesReply(answer(t, "a28-v1")))
	v2 := must[PlacesReply](t)(ParsePlacesReply(answer(t, "a28-v2")))
	merged := must[TranslateReply](t)(ParseTranslateReply(answer(t, "g27-merged"), OrgCtiAifo))
	person := []PrevodAifo{{Local: 1, Global: testAifo, Overeno: Yes}}
	gone := Detail{SubKod: "ADRESA SMAZANA", Puvodce: Party{Registr, "RUIAN"}}

	tests := []struct {
		name   string
		info   *OdpovedInfo
		blocks MediaBlocks
		block  string
	}{
		{"media-verified", testInfo(OK),
			MediaBlocks{Map: person, Verified: verified.Block, Source: ecd}, ecdBlock},
		{"media-read", testInfo(OK), MediaBlocks{Map: person, Places: v1.Places,
			Verified: verified.Block, Read: read.Block, Ruian: v1.Block, Source: ecd}, ecdBlock},
		{"media-read-v2", testInfo(Varovani, gone), MediaBlocks{Map: person, Places: v2.Places,
			Verified: verified.Block, Read: read.Block, Ruian: v2.Block, Source: ecd}, ecdBlock},
		{"media-unknown-to-rob", testInfo(Varovani),
			MediaBlocks{Verified: unknown.Block, Source: ecd}, ecdBlock},
		{"media-differs-at-rob", testInfo(Varovani),
			MediaBlocks{Verified: differs.Block, Source: ecd}, ecdBlock},
		{"media-untranslatable", testInfo(Varovani),
			MediaBlocks{Map: []PrevodAifo{{Local: 1}}, Org: merged.Org, Source: ecd}, ecdBlock},
		{"media-nobody", testInfo(Varovani,
			Detail{SubKod: "SPECIFIKACE V POPISU", Popis: "BR_000: Nikdo."}),
			MediaBlocks{Source: eop}, eopNobody},
		{"media-no-block", testInfo(Varovani), MediaBlocks{Source: eop}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := mediaReply(tt.info, &tt.blocks, tt.block)
			golden(t, tt.name, doc)
			newOracle(t).validate(t, "egon/xsd/IszrAgendaMediaDataCtiPodleUdaju.xsd", payload(doc))
		})
	}
}
