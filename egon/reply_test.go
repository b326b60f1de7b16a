package egon

import (
	"strings"
	"testing"
	"time"
)

const (
	testAgendaID = "a75167b3-b260-49a0-aac6-4d763538b259"
	testIszrID   = "2829d020-af4c-13c8-9851-1c37d859c002"
)

func testInfo(kod string, details ...Detail) *OdpovedInfo {
	return &OdpovedInfo{
		CasOdpovedi:    time.Date(2026, 9, 6, 7, 31, 55, 991340700, time.FixedZone("", 2*3600)),
		Status:         Status{Kod: kod, Details: details},
		AgendaZadostId: testAgendaID,
		IszrZadostId:   testIszrID,
	}
}

func refusal() *OdpovedInfo {
	return testInfo(Chyba,
		Detail{SubKod: "NENI OPRAVNENI", Popis: "BR_102: Položka Jmeno není povolena.",
			Puvodce: Party{Registr, "ISZR"}},
		Detail{SubKod: "CHYBA VOLANI AIS", Puvodce: Party{Ais, "999001"}},
		Detail{SubKod: "SPECIFIKACE V POPISU", Popis: "a < b & \"c\"\r\n",
			Puvodce: Party{Agenda, "A115"}},
	)
}

func TestAppendReply(t *testing.T) {
	for name, doc := range map[string][]byte{
		"reply-e198":      AppendReply(nil, ServiceByCode("E198"), true, refusal()),
		"reply-e198-bare": AppendReply(nil, ServiceByCode("E198"), false, refusal()),
		"reply-e100":      AppendReply(nil, ServiceByCode("E100"), true, refusal()),
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, doc) })
	}
}

// Every service of the catalogue can be refused in its own response element.
// IszrAsyncPushOdpovedZFronty and IszrZmenDataCiselniku have no code, so no caller can
// call them.
func TestEveryServiceCanBeRefused(t *testing.T) {
	o := newOracle(t)
	compiled := make(chan bool, len(Services()))
	t.Run("services", func(t *testing.T) {
		for _, s := range Services() {
			t.Run(s.Code, func(t *testing.T) {
				t.Parallel()
				lines := o.complaints("egon/xsd/"+s.Action+".xsd",
					AppendReply(nil, s, false, refusal()))
				if len(lines) > 0 && strings.Contains(lines[0], "Schemas parser error") {
					if err := o.headerAlone(s); err != nil {
						t.Errorf("%s: %v", s.Action, err)
					}
					return
				}
				compiled <- true
				for _, line := range lines {
					t.Error(line)
				}
			})
		}
	})
	t.Logf("%d of %d schemas compile", len(compiled), len(Services()))
	if len(compiled) < 230 {
		t.Errorf("only %d schemas were of use", len(compiled))
	}
}

func TestAppendReplyKeepsToTheSchema(t *testing.T) {
	tests := []struct {
		name string
		info func(*OdpovedInfo)
		want string
	}{
		{"an id that is none", func(i *OdpovedInfo) { i.AgendaZadostId = "pet" },
			"<reg:AgendaZadostId>" + nilUUID + "</reg:AgendaZadostId>"},
		{"an id one digit short", func(i *OdpovedInfo) {
			i.AgendaZadostId = testAgendaID[1:] +
				"-"
		},
			"<reg:AgendaZadostId>" + nilUUID + "</reg:AgendaZadostId>"},
		{"an id in capitals", func(i *OdpovedInfo) {
			i.AgendaZadostId = strings.ToUpper(
				testAgendaID)
		},
			"<reg:AgendaZadostId>" + strings.ToUpper(testAgendaID) + "</reg:AgendaZadostId>"},
		{"a text too long", func(i *OdpovedInfo) {
			i.Status.Details[0].Popis = strings.Repeat("ř",
				1025)
		},
			"<reg:VysledekPopis>" + strings.Repeat("ř", 1024) + "</reg:VysledekPopis>"},
		{"a text just long enough",
			func(i *OdpovedInfo) { i.Status.Details[0].Popis = strings.Repeat("ř", 1024) },
			"<reg:VysledekPopis>" + strings.Repeat("ř", 1024) + "</reg:VysledekPopis>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			info := refusal()
			tt.info(info)
			got := string(AppendReply(nil, ServiceByCode("E05"), false, info))
			if !strings.Contains(got, tt.want) {
				t.Errorf("reply = %s, want in it %s", got, tt.want)
			}
		})
	}
}

func TestAppendFault(t *testing.T) {
	golden(t, "fault-client", AppendFault(nil, FaultClient, "BR_501: Zpráva není <XML>.",
		"malformed"))
	golden(t, "fault-server", AppendFault(nil, FaultServer, "BR_599: Vnitřní chyba.", "internal"))
}

func TestAppendRights(t *testing.T) {
	q := &RightsQuery{Agenda: []byte("A115"), AgendovaRole: []byte("CT239"),
		Ovm: []byte("00007064")}
	items := []RightsItem{{"Prijmeni", "101-1-1"}, {"Obcanstvi", "101-1-10"}, {KodIszr: "Aifo"}}
	some := AppendRights(nil, true, testInfo(Chyba), q, items)
	none := AppendRights(nil, false, testInfo(Chyba), q, nil)
	golden(t, "rights", some)
	golden(t, "rights-none", none)

	o := newOracle(t)
	const schema = "egon/xsd/IszrVypisOpravneniPolozky.xsd"
	o.validate(t, schema, payload(some))
	for _, line := range o.complaints(schema, none) {
		// The documented answer is not in the enumeration of the schema.
		if !strings.Contains(line, "VysledekSubKod") ||
			!strings.Contains(line, "ZAZNAM NENALEZEN") {
			t.Error(line)
		}
	}
}

// The status of the system has only codes of its enumeration.
func TestSystemic(t *testing.T) {
	for _, tt := range []struct{ got, want Detail }{
		{Detail{SubKod: "NENI OPRAVNENI", Popis: "x"},
			Detail{SubKod: "NENI OPRAVNENI", Popis: "x"}},
		{Detail{SubKod: "UDAJ NEVYDAN", Popis: "x"},
			Detail{SubKod: "SPECIFIKACE V POPISU", Popis: "UDAJ NEVYDAN: x"}},
		{Detail{SubKod: "NEPOVOLENA KOMBINACE"},
			Detail{SubKod: "SPECIFIKACE V POPISU", Popis: "NEPOVOLENA KOMBINACE"}},
		{Detail{Popis: "x"}, Detail{SubKod: "SPECIFIKACE V POPISU", Popis: "x"}},
		{Detail{}, Detail{SubKod: "SPECIFIKACE V POPISU"}},
	} {
		if got := tt.got.Systemic(); got != tt.want {
			t.Errorf("%+v is %+v, want %+v", tt.got, got, tt.want)
		}
	}
}
