package upstream

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The steps of E198 and the blocks of its reply, rule by rule.
func TestMediaRules(t *testing.T) {
	const (
		person  = "MapaAifo from 2 1=GGGGGGGGGGGGGGGGGGGGGGG= verified:true"
		photos  = "EopOdpoved AisAplikacniStatus Aifo Fotky"
		over1   = "RobOdpoved RobOverHromadneAifoDataResponse"
		overCti = over1 + " RobCtiPodleUdajuDataResponse"
	)
	whole := []string{"EopFoto", "AdresaPobytu", "Prijmeni", "ROBCti", "RUIANCti"}
	lines := func(l ...string) string { return strings.Join(l, "\n") }
	detail := func(sub, popis string) string {
		return `<s:VysledekDetail><s:VysledekSubKod>` + sub +
			`</s:VysledekSubKod><s:VysledekPopis>` + popis + `</s:VysledekPopis></s:VysledekDetail>`
	}
	for _, tt := range []struct {
		name  string
		words []string
		world answers
		took  string
		want  string
	}{
		{
			"media alone", []string{"EopFoto"}, allWell(), "G27 ROB G27 caller O25 X21",
			lines("OK", person, "SeznamIdAdres", over1, photos),
		},
		{
			"everything", whole, allWell(), "A28 G27 ROB G27 caller O08 O25 X21",
			lines("OK", person, "SeznamIdAdres 14492253:existuje", overCti,
				"RuianOdpoved RuianCtiProRobDataResponse", photos),
		},
		{
			"places are only verified", []string{"EopFoto", "AdresaPobytu", "ROBCti",
				"RUIANOver"}, allWell(), "A28 G27 ROB G27 caller O08 O25 X21",
			lines("OK", person, "SeznamIdAdres 14492253:existuje", overCti, photos),
		},
		{
			"references without RUIAN", []string{"EopFoto", "AdresaPobytu",
				"ROBCti"}, allWell(), "G27 ROB G27 caller O08 O25 X21",
			lines("OK", person, "SeznamIdAdres 14492253:", overCti, photos),
		},
		{
			"RUIAN without ROBCti (5)", []string{"EopFoto", "Jmeno",
				"RUIANCti"}, allWell(), "G27 ROB G27 caller O25 X21",
			lines("OK", person, "SeznamIdAdres", over1, photos),
		},
		{
			"RUIAN, but the person has no reference (5)", whole, allWell().with("O08",
				cti(`<rod:Jmeno>ZORAN</rod:Jmeno>`)),
			"G27 ROB G27 caller O08 O25 X21",
			lines("OK", person, "SeznamIdAdres", overCti, photos),
		},
		{
			"nobody found (14)", whole,
			allWell().with("X21", eop("VAROVANI", "",
				appStatus("VAROVANI", detail("SPECIFIKACE V POPISU", "nikdo")))), "X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by 385)", "SeznamIdAdres",
				"EopOdpoved AisAplikacniStatus"),
		},
		{
			"nobody found, and no word why (14)", whole, allWell().with("X21",
				eop("OK", "", appStatus("VAROVANI", ""))), "X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by 385)", "SeznamIdAdres",
				"EopOdpoved AisAplikacniStatus"),
		},
		{
			"nobody found, and no block at all (14)", whole, allWell().with("X21",
				withoutBlock(eop("VAROVANI", "", ""))), "X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by 385)", "SeznamIdAdres",
				"EopOdpoved AisAplikacniStatus"),
		},
		{
			"nobody found, and media in no block", whole,
			allWell().with("X21",
				strings.ReplaceAll(eop("VAROVANI", known, appStatus("VAROVANI", "")+aifo1+photo),
					"EopOdpoved>", "Jine>")), "X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by 385)", "SeznamIdAdres",
				"EopOdpoved AisAplikacniStatus"),
		},
		{
			"no photo (15)", whole, allWell().with("X21",
				eop("OK", known, appStatus("OK", "")+aifo1)), "A28 G27 ROB G27 caller O08 O25 X21",
			lines("OK", person, "SeznamIdAdres 14492253:existuje", overCti,
				"RuianOdpoved RuianCtiProRobDataResponse", "EopOdpoved AisAplikacniStatus Aifo"),
		},
		{
			"a kind that was not asked, and a second photo (15)", []string{"EopFoto"},
			allWell().with("X21", eop("OK", known,
				appStatus("OK", "")+aifo1+photo+"<s:Jine/>"+sign+photo)), "G27 ROB G27 caller O25 X21",
			lines("OK", person, "SeznamIdAdres", over1, photos),
		},
		{
			"warning of the evidence (16)", []string{"EopFoto"},
			allWell().with("X21", eop("OK", known,
				appStatus("VAROVANI", detail("UDAJ NEVYDAN",
					"x"))+aifo1+photo)), "G27 ROB G27 caller O25 X21",
			lines("VAROVANI", person, "SeznamIdAdres", over1, photos),
		},
		{
			"unknown to ROB (17)", whole, allWell().with("O25",
				over(robStatus("VAROVANI", "PARCIALNI ZAZNAM NENALEZEN"), "")),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI", "SeznamIdAdres", over1, photos),
		},
		{
			"untranslatable to ROB (18)", whole, allWell().with("G27 ROB",
				org("OrgCtiAifo", "VAROVANI", invalid, orgStatus("OSOBA SPOJENA"))),
			"G27 ROB G27 caller X21",
			lines("VAROVANI (ZIFO ZRUSENO by ORG)", "SeznamIdAdres",
				"OrgOdpoved OrgCtiAifoDataResponse", photos),
		},
		{
			"untranslatable to ROB, status CHYBA (18)", whole, allWell().with("G27 ROB",
				org("OrgCtiAifo", "CHYBA", invalid, orgStatus("AIFO NENALEZENO"))),
			"G27 ROB G27 caller X21",
			lines("VAROVANI (AIFO NEEXISTUJE by ORG)", "SeznamIdAdres",
				"OrgOdpoved OrgCtiAifoDataResponse", photos),
		},
		{
			"ORG has no such person, status CHYBA (18)", whole, allWell().with("G27 ROB",
				org("OrgCtiAifo", "CHYBA", invalid,
					`<o:OrgStatus><ot:OrgStatusDetail>ZAZNAM NENALEZEN</ot:OrgStatusDetail></o:OrgStatus>`)), "G27 ROB G27 caller X21",
			lines("VAROVANI (AIFO NEEXISTUJE by ORG)", "SeznamIdAdres",
				"OrgOdpoved OrgCtiAifoDataResponse", photos),
		},
		{
			"untranslatable to ROB by the map alone, status CHYBA (18)", whole, allWell().with("G27 ROB", org("OrgCtiAifo", "CHYBA", invalid, "")),
			"G27 ROB G27 caller X21",
			lines("VAROVANI (AIFO NEEXISTUJE by ORG)", "SeznamIdAdres", photos),
		},
		{
			"untranslatable to ROB, and no word why (18)", whole, allWell().with("G27 ROB",
				org("OrgCtiAifo", "VAROVANI", invalid, "")),
			"G27 ROB G27 caller X21",
			lines("VAROVANI (AIFO NEEXISTUJE by ORG)", "SeznamIdAdres", photos),
		},
		{
			"untranslatable to the caller (19)", []string{"EopFoto", "AdresaPobytu", "ROBCti"},
			allWell().with("G27 caller", org("OrgCtiAifo", "VAROVANI", invalid,
				orgStatus("AIFO ZNEPLATNENO"))), "G27 ROB G27 caller O08 O25 X21",
			lines("VAROVANI (AIFO ZRUSENO by ORG)", "SeznamIdAdres 14492253:",
				"OrgOdpoved OrgCtiAifoDataResponse", overCti, photos),
		},
		{
			"the caller has no AIFO yet", []string{"EopFoto"},
			allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""), "G02",
				org("OrgZalozAifo", "OK", known, "")), "G02 G27 ROB G27 caller O25 X21",
			lines("OK", person, "SeznamIdAdres", over1, photos),
		},
		{
			"no AIFO is made for whom ROB does not know", []string{"EopFoto"},
			allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""), "O25",
				over(robStatus("VAROVANI", "PARCIALNI ZAZNAM NENALEZEN"), "")),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI", "SeznamIdAdres", over1, photos),
		},
		{
			"ORG makes no AIFO (19)", []string{"EopFoto"},
			allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""), "G02",
				org("OrgZalozAifo", "VAROVANI", invalid, orgStatus("OSOBA ROZDELENA"))),
			"G02 G27 ROB G27 caller O25 X21",
			lines("VAROVANI (ZIFO ZRUSENO by ORG)", "SeznamIdAdres",
				"OrgOdpoved OrgCtiAifoDataResponse", over1, photos),
		},
		{
			"an input does not agree (20)", whole,
			allWell().with("O25", over(robStatus("VAROVANI", "PARCIALNI ZAZNAM NEOVEREN"),
				`<rod:OvereneUdaje>Aifo Jmeno</rod:OvereneUdaje><rod:NeovereneUdaje>Prijmeni</rod:NeovereneUdaje>`)),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI", "SeznamIdAdres", over1, photos),
		},
		{
			"an input agrees in part, though ROB says OK (20)", whole,
			allWell().with("O25", over(robStatus("OK", ""),
				`<rod:OvereneUdaje>Aifo Jmeno</rod:OvereneUdaje><rod:CastecneOvereneUdaje>Prijmeni</rod:CastecneOvereneUdaje>`)),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by ROB)", "SeznamIdAdres", over1, photos),
		},
		{
			"ROB says OK and nothing of an input (20)", whole,
			allWell().with("O25", over(robStatus("OK", ""),
				`<rod:OvereneUdaje>Aifo Jmeno DatumNarozeni</rod:OvereneUdaje>`)),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by ROB)", "SeznamIdAdres", over1, photos),
		},
		{
			"ROB says OK and not that it knows the AIFO (20)", whole,
			allWell().with("O25", over(robStatus("OK", ""),
				`<rod:OvereneUdaje>Prijmeni Jmeno DatumNarozeni</rod:OvereneUdaje>`)),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by ROB)", "SeznamIdAdres", over1, photos),
		},
		{
			"ROB says OK, but the AIFO is not verified (17)", whole,
			allWell().with("O25", withMapa(allWell()["O25"],
				`<reg:LokalniAifo stavOvereniAifo="false">1</reg:LokalniAifo>`)),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by ROB)", "SeznamIdAdres", over1, photos),
		},
		{
			"ROB says that the AIFO is verified", []string{"EopFoto"},
			allWell().with("O25", withMapa(allWell()["O25"],
				strings.Replace(known, "<reg:LokalniAifo>", `<reg:LokalniAifo stavOvereniAifo="1">`,
					1))),
			"G27 ROB G27 caller O25 X21",
			lines("OK", person, "SeznamIdAdres", over1, photos),
		},
		{
			"the system of ROB warns, its application does not", []string{"EopFoto"},
			allWell().with("O25", warned(allWell()["O25"])), "G27 ROB G27 caller O25 X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by ROB)", "SeznamIdAdres", over1, photos),
		},
		{
			"no AIFO is made for whom ROB does not verify in full", []string{"EopFoto"},
			allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""), "O25",
				over(robStatus("OK",
					""), `<rod:OvereneUdaje>Aifo Jmeno Prijmeni</rod:OvereneUdaje>`)),
			"G27 ROB G27 caller O25 X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by ROB)", "SeznamIdAdres", over1, photos),
		},
		{
			"ROB does not know the AIFO any more when it is read", []string{"EopFoto", "Jmeno",
				"ROBCti"},
			allWell().with("O08",
				withMapa(rob("VAROVANI", "RobCtiHromadneAifoData",
					robStatus("VAROVANI", "PARCIALNI ZAZNAM NENALEZEN"), ""),
					`<reg:LokalniAifo stavOvereniAifo="false">1</reg:LokalniAifo>`)),
			"G27 ROB G27 caller O08 O25 X21",
			lines("VAROVANI", "SeznamIdAdres", overCti, photos),
		},
		{
			"ORG gives an AIFO and says that it is not valid", []string{"EopFoto"},
			allWell().with("G27 ROB", org("OrgCtiAifo", "OK", known,
				orgStatus("ZMENA ALGORITMU AIFO"))), "G27 ROB G27 caller X21",
			lines("VAROVANI (AIFO ZRUSENO by ORG)", "SeznamIdAdres",
				"OrgOdpoved OrgCtiAifoDataResponse", photos),
		},
		{
			"no AIFO is made of whom ORG says to be merged", []string{"EopFoto"},
			allWell().with("G27 caller", org("OrgCtiAifo", "VAROVANI", lacking,
				orgStatus("OSOBA SPOJENA"))), "G27 ROB G27 caller O25 X21",
			lines("VAROVANI (ZIFO ZRUSENO by ORG)", "SeznamIdAdres",
				"OrgOdpoved OrgCtiAifoDataResponse", over1, photos),
		},
		{
			"ORG gives an AIFO and says that there is none", []string{"EopFoto"},
			allWell().with("G27 caller", org("OrgCtiAifo", "OK",
				known+"</reg:PrevodAifo><reg:PrevodAifo>"+invalid, "")), "G27 ROB G27 caller O25 X21",
			lines("VAROVANI (AIFO NEEXISTUJE by ORG)", "SeznamIdAdres", over1, photos),
		},
		{
			"ORG and RUIAN give what they were asked for, and warn", whole,
			allWell().with("G27 caller", warned(allWell()["G27 caller"]), "A28",
				warned(allWell()["A28"])), "A28 G27 ROB G27 caller O08 O25 X21",
			lines("VAROVANI (SPECIFIKACE V POPISU by ORG) (SPECIFIKACE V POPISU by RUIAN)", person,
				"SeznamIdAdres 14492253:existuje", overCti,
				"RuianOdpoved RuianCtiProRobDataResponse", photos),
		},
		{
			"dead references (21)", []string{"EopFoto", "AdresaPobytu", "MistoNarozeni", "ROBCti",
				"RUIANOver"},
			allWell().with(
				"O08", cti(`<rod:AdresaPobytu>14492253</rod:AdresaPobytu><rod:MistoNarozeni><rob:NarozeniCr obec="false">500054</rob:NarozeniCr></rod:MistoNarozeni>`),
				"A28", ruian(`<reg:AdresniMisto stavOvereniPrvku="nenalezen">14492253</reg:AdresniMisto><reg:AdresniLokalita typPrvku="MP" stavOvereniPrvku="zrusen">500054</reg:AdresniLokalita>`)),
			"A28 G27 ROB G27 caller O08 O25 X21",
			lines("VAROVANI (ADRESA NEEXISTUJE by RUIAN) (ADRESA SMAZANA by RUIAN)", person,
				"SeznamIdAdres 14492253:nenalezen 500054:zrusen", overCti, photos),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, c := tt.world.start(t)
			got, err := ask(t, m, e198Head(tt.words...))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("reply (-want +got):\n%s", d)
			}
			if c.steps() != tt.took {
				t.Errorf("took %s, want %s", c.steps(), tt.took)
			}
		})
	}
}

// The messages of the steps.
func TestMediaRequests(t *testing.T) {
	w := allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""), "G02",
		org("OrgZalozAifo", "OK", known, ""))
	m, c := w.start(t)
	if _, err := ask(t, m, e198Head("EopFoto", "DatovaSchrankaROB", "AdresaPobytu", "ROBCti",
		"RUIANOver")); err != nil {
		t.Fatal(err)
	}
	for service, parts := range map[string][]string{
		"X21": {">Foto<", ">Zoran<", ">a75167b3-b260-49a0-aac6-4d763538b259<",
			">5b7cbb6e-7d0a-4a3f-9d5c-0123456789ab<"},
		"G27 ROB":    {`agenda="A385"`, `ais="385"`, ">A999<", ">1<", ">GGGGGGGGGGGGGGGGGGGGGGG=<"},
		"G27 caller": {`agenda="A385"`, `ais="385"`, ">X999<", ">999001<"},
		"G02":        {`agenda="A385"`, `ais="385"`, ">X999<", ">999001<"},
		"O25":        {">Zoran<", ">1977-05-03<", ">GGGGGGGGGGGGGGGGGGGGGGG=<"},
		"O08":        {">DatovaSchranka AdresaPobytu<", `nacistData="true"`},
		"A28":        {`nacistData="false"`, ">14492253<"},
	} {
		for _, part := range parts {
			if !strings.Contains(c.asked[service], part) {
				t.Errorf("%s does not ask with %s: %s", service, part, c.asked[service])
			}
		}
	}
}

func TestMediaValidate(t *testing.T) {
	m := &Media{Eop: client(t, Config{URL: "http://127.0.0.1:1"})}
	want := "workflow of E198: upstream eop needs agenda and ais\nworkflow of E198: upstream ecd is missing\n" +
		"workflow of E198: upstream org is missing\nworkflow of E198: upstream rob is missing\n" +
		"workflow of E198: upstream ruian is missing\nworkflow of E198: a source of ids and a clock are needed"
	if err := m.Validate(); err == nil || err.Error() != want {
		t.Errorf("Validate() = %v", err)
	}
}
