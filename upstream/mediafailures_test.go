package upstream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
)

// A registry that is down, or breaks its contract, is named; nothing is
// answered.
func TestMediaFailures(t *testing.T) {
	eopAis := egon.Party{Kind: egon.Ais, Code: "385"}
	chyba := func(answer string) string {
		return strings.Replace(answer, "<reg:VysledekKod>OK</reg:VysledekKod>",
			"<reg:VysledekKod>CHYBA</reg:VysledekKod><reg:VysledekDetail><reg:VysledekSubKod>NENI K DISPOZICI</reg:VysledekSubKod><reg:VysledekPopis>db01 down</reg:VysledekPopis></reg:VysledekDetail>", 1)
	}
	well := allWell()
	whole := []string{"EopFoto", "AdresaPobytu", "ROBCti", "RUIANCti"}
	for _, tt := range []struct {
		name   string
		world  answers
		party  egon.Party
		detail []egon.Detail
	}{
		{"evidence down", allWell().with("X21", down), eopAis, nil},
		{"ORG down", allWell().with("G27 ROB", down), orgParty, nil},
		{"ORG down for the caller", allWell().with("G27 caller", down), orgParty, nil},
		{"ORG down for G02", allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""),
			"G02", down), orgParty, nil},
		{"ROB down for O25", allWell().with("O25", down), robParty, nil},
		{"ROB down for O08", allWell().with("O08", down), robParty, nil},
		{"RUIAN down", allWell().with("A28", down), ruianParty, nil},
		{"CHYBA of the evidence's system", allWell().with("X21", chyba(well["X21"])), eopAis,
			[]egon.Detail{{SubKod: "NENI K DISPOZICI", Puvodce: eopAis}}},
		{
			"CHYBA of the evidence's application (16)",
			allWell().with("X21", eop("OK", "",
				appStatus("CHYBA", `<s:VysledekDetail><s:VysledekSubKod>SPECIFIKACE V POPISU</s:VysledekSubKod><s:VysledekPopis>kriteria</s:VysledekPopis></s:VysledekDetail>`))),
			eopAis,
			[]egon.Detail{{SubKod: "SPECIFIKACE V POPISU", Popis: "kriteria", Puvodce: eopAis}},
		},
		{
			"CHYBA of both the evidence's system and application",
			allWell().with("X21",
				chyba(eop("OK", "", appStatus("CHYBA",
					`<s:VysledekDetail><s:VysledekSubKod>SPECIFIKACE V POPISU</s:VysledekSubKod><s:VysledekPopis>kriteria</s:VysledekPopis></s:VysledekDetail>`)))),
			eopAis,
			[]egon.Detail{{SubKod: "SPECIFIKACE V POPISU", Popis: "kriteria", Puvodce: eopAis}},
		},
		{"CHYBA of ORG", allWell().with("G27 ROB", chyba(well["G27 ROB"])), orgParty,
			[]egon.Detail{{SubKod: "NENI K DISPOZICI", Puvodce: orgParty}}},
		{"CHYBA of ROB", allWell().with("O25", chyba(well["O25"])), robParty,
			[]egon.Detail{{SubKod: "NENI K DISPOZICI", Puvodce: robParty}}},
		{"CHYBA of ROB's application", allWell().with("O08",
			rob("OK", "RobCtiHromadneAifoData", robStatus("CHYBA", "NENI OPRAVNENI"),
				"")), robParty, []egon.Detail{{SubKod: "NENI OPRAVNENI", Puvodce: robParty}}},
		{
			"CHYBA of both ROB's system and application", allWell().with("O25",
				chyba(rob("OK", "RobOverHromadneAifoData", robStatus("CHYBA", "NENI OPRAVNENI"),
					""))),
			robParty, []egon.Detail{{SubKod: "NENI K DISPOZICI", Puvodce: robParty},
				{SubKod: "NENI OPRAVNENI", Puvodce: robParty}},
		},
		{"CHYBA of RUIAN", allWell().with("A28", chyba(well["A28"])), ruianParty,
			[]egon.Detail{{SubKod: "NENI K DISPOZICI", Puvodce: ruianParty}}},
		{"the AIFO is not in the evidence's map (22)",
			allWell().with("X21", eop("OK", strings.Replace(known, ">1<", ">2<", 1),
				appStatus("OK", "")+aifo1+photo)), eopAis, nil},
		{"the AIFO has no value (22)", allWell().with("X21",
			eop("OK", lacking, appStatus("OK", "")+aifo1+photo)), eopAis, nil},
		{"OK without an AIFO", allWell().with("X21", eop("OK", "", appStatus("OK", ""))), eopAis,
			nil},
		{"media before the AIFO", allWell().with("X21",
			eop("OK", known, appStatus("OK", "")+photo+aifo1)), eopAis, nil},
		{"two AIFO", allWell().with("X21", eop("OK", known, appStatus("OK", "")+aifo1+aifo1+photo)),
			eopAis, nil},
		{"two statuses", allWell().with("X21",
			eop("OK", known, appStatus("OK", "")+appStatus("CHYBA", "")+aifo1+photo)), eopAis, nil},
		{"an element in the AIFO", allWell().with("X21",
			eop("OK", known, appStatus("OK", "")+strings.Replace(aifo1, "1<",
				"1<s:RC>7705033237</s:RC><", 1)+photo)), eopAis, nil},
		{"another answer", allWell().with("X21", well["O25"]), eopAis, nil},
		{"a Fault", allWell().with("X21", "<s:Fault><faultcode>s:Server</faultcode></s:Fault>"),
			eopAis, nil},
		{"a Fault of ROB", allWell().with("O25",
			"<s:Fault><faultcode>s:Server</faultcode></s:Fault>"), robParty, nil},
		{"an evidence answers another question", allWell().with("X21", another(well["X21"])),
			eopAis, nil},
		{"ORG answers another question", allWell().with("G27 ROB", another(well["G27 ROB"])),
			orgParty, nil},
		{"ROB verifies for another question", allWell().with("O25", another(well["O25"])), robParty,
			nil},
		{"ROB reads for another question", allWell().with("O08", another(well["O08"])), robParty,
			nil},
		{"RUIAN answers another question", allWell().with("A28", another(well["A28"])), ruianParty,
			nil},
		{"ROB answers another step of the call",
			allWell().with("O25", strings.Replace(well["O25"], "</reg:AgendaZadostId>",
				"</reg:AgendaZadostId><reg:IszrZadostId>5b7cbb6e-7d0a-4a3f-9d5c-0123456789ac</reg:IszrZadostId>", 1)), robParty, nil},
		{"RUIAN says two things of a place", allWell().with("A28", ruian(
			`<reg:AdresniMisto stavOvereniPrvku="existuje">14492253</reg:AdresniMisto><reg:AdresniMisto stavOvereniPrvku="zrusen">14492253</reg:AdresniMisto>`)), ruianParty, nil},
		{"ORG gives an AIFO of another agenda",
			allWell().with("G27 caller", strings.Replace(well["G27 caller"], "<reg:PrevodAifo>",
				`<reg:PrevodAifo agenda="A385">`, 1)), orgParty, nil},
		{"ORG gives two AIFO", allWell().with("G27 ROB",
			strings.Replace(well["G27 ROB"], "</o:MapaAifo>",
				"<reg:PrevodAifo>"+strings.ReplaceAll(known, "GG",
					"HH")+"</reg:PrevodAifo></o:MapaAifo>", 1)), orgParty, nil},
		{"ROB speaks of another AIFO", allWell().with("O25",
			withMapa(well["O25"], strings.ReplaceAll(known, "GG", "HH"))), robParty, nil},
		{"ROB verifies somebody else", allWell().with("O25",
			strings.Replace(well["O25"], "<rod:Aifo>1<", "<rod:Aifo>2<", 1)), robParty, nil},
		{"ROB says two things of a person",
			allWell().with("O25", strings.Replace(well["O25"], "</rod:Osoba>",
				"</rod:Osoba><rod:Osoba><rod:Aifo>1</rod:Aifo><rod:NeovereneUdaje>Jmeno</rod:NeovereneUdaje></rod:Osoba>", 1)), robParty, nil},
		{"ROB reads somebody else", allWell().with("O08",
			strings.Replace(well["O08"], "<rod:Aifo>1<", "<rod:Aifo>2<", 1)), robParty, nil},
		{"ROB reads somebody else, too", allWell().with("O08",
			strings.Replace(well["O08"], "</rod:Osoba>",
				"</rod:Osoba><rod:Osoba><rod:Aifo>1</rod:Aifo></rod:Osoba>", 1)), robParty, nil},
		{"ROB reads nobody, with status OK",
			allWell().with("O08", rob("OK", "RobCtiHromadneAifoData", robStatus("OK", ""),
				"")), robParty, nil},
		{"ROB reads a person whose AIFO it does not know",
			allWell().with("O08", withMapa(well["O08"],
				`<reg:LokalniAifo stavOvereniAifo="false">1</reg:LokalniAifo>`)), robParty, nil},
		{"RUIAN forgets a place", allWell().with("A28", ruian("")), ruianParty, nil},
		{"cut answer of ORG", allWell().with("G27 ROB", "<a>"), orgParty, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := tt.world.start(t)
			got, err := ask(t, m, e198Head(whole...))
			var call *egon.CallError
			if !errors.As(err, &call) {
				t.Fatalf("got %q, %v, want a CallError", got, err)
			}
			if d := cmp.Diff(tt.party, call.Party); d != "" {
				t.Errorf("%v blames the wrong party (-want +got):\n%s", err, d)
			}
			if d := cmp.Diff(tt.detail, call.Detail); d != "" {
				t.Errorf("detail (-want +got):\n%s", d)
			}
		})
	}
}

// A panic in a step, on whichever goroutine, ends the call and nothing else.
func TestMediaStepPanics(t *testing.T) {
	boom := func(context.Context) error { panic("boom") }
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, err := range map[string]error{"first": both(t.Context(), boom, wait),
		"second": both(t.Context(), wait, boom)} {
		if err == nil || !strings.HasPrefix(err.Error(), "serve E198: panic: string\n") {
			t.Errorf("%s step: error = %v", name, err)
		}
	}
}

// The error of a call whose deadline passes says so, and names the registry that is late.
func TestMediaDeadline(t *testing.T) {
	m, _ := allWell().start(t)
	m.Rob = client(t, Config{Name: "rob", URL: silent().listen(t), Agenda: "A999", Ais: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, _, err := m.Serve(ctx, e198Head("EopFoto"), nil)
	var call *egon.CallError
	if !errors.As(err, &call) || !call.Timeout || call.Party != robParty {
		t.Errorf("error = %#v, want a timeout of ROB", err)
	}
}
