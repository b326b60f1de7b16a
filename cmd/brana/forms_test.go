package main

import (
	"strings"
	"testing"

	"brana/egon"
)

// Messages of clients of many makes, each in the form of one of them. A message that
// keeps to the schemas is served. Another one is refused with the reason, by the
// reply of the service called unless it is no call at all.
func TestFormsOfRealClients(t *testing.T) {
	w := startWorld(t)
	e198 := string(message(t, "E198", byBirth(special(t, "delivery address"), "--items", everything)...))
	e227 := string(message(t, "E227", "--triple", "A1185/CR8359/00372498"))
	e05 := string(message(t, "E05", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", "Jmeno Prijmeni"))
	change := func(message string, pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(message, pairs[i]) {
				t.Fatalf("%s is not in %s", pairs[i], message)
			}
			message = strings.Replace(message, pairs[i], pairs[i+1], 1)
		}
		return message
	}
	between := func(message, from, to string) string {
		return message[strings.Index(message, from) : strings.Index(message, to)+len(to)]
	}
	const xsi = ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" `
	const header = `<s:Header><w:Security xmlns:w="urn:w" s:mustUnderstand="1"><w:Username>x</w:Username></w:Security></s:Header><s:Body>`
	purpose := between(e227, "<reg:DuvodUcel>", "</reg:DuvodUcel>")
	subject := between(e227, "<reg:Subjekt>", "</reg:Subjekt>")
	info, list := between(e198, "<abs:ZadostInfo>", "</abs:ZadostInfo>"), between(e198, "<abs:AutorizaceInfo>", "</abs:AutorizaceInfo>")
	var jaxb strings.Builder
	for i := range 70 {
		jaxb.WriteString(` xmlns:ns` + strings.Repeat("i", i) + `="urn:cz:isvs:` + strings.Repeat("i", i) + `"`)
	}
	for _, tt := range []struct {
		name, service, message string
		outcome, says          string // ok or a kind, and what the refusal says
	}{
		{"xsi:type on Ais", "E227", change(e227, "<reg:Ais>", "<reg:Ais"+xsi+`xsi:type="reg:KodAisType">`), "ok", ""},
		{"xsi:type on ZadostInfo", "E227", change(e227, "<abs:ZadostInfo>", "<abs:ZadostInfo"+xsi+`xsi:type="abs:ZadostInfoIszrType">`),
			"ok", ""},
		{"xsi:type on the question", "E198",
			change(e198, "<d:AisSeMediaCtiPodleUdajuData>",
				"<d:AisSeMediaCtiPodleUdajuData"+xsi+`xsi:type="d:IszrAisSeMediaCtiPodleUdajuDotazDataType">`), "ok", ""},
		{"xsi:type of another", "E227", change(e227, "<reg:Ais>", "<reg:Ais"+xsi+`xsi:type="reg:KodOvmType">`), "invalid-data", "KodAisType"},
		{"CDATA in DuvodUcel", "E227", change(e227, purpose, "<reg:DuvodUcel><![CDATA[z & y]]></reg:DuvodUcel>"), "ok", ""},
		{"comment in DuvodUcel", "E227", change(e227, purpose, "<reg:DuvodUcel>z<!-- k -->y</reg:DuvodUcel>"), "ok", ""},
		{"CDATA in SeznamUdaju", "E198", change(e198, everything, "<![CDATA["+everything+"]]>"), "invalid-data",
			"SeznamUdaju smí obsahovat jen prostý text"},
		{"CDATA in the triple", "E227", change(e227, ">A1185<", "><![CDATA[A1185]]><"), "invalid-data", "Agenda smí obsahovat jen prostý text"},
		{"attribute that the schema lacks", "E227", change(e227, "<reg:Ais>", `<reg:Ais foo="1">`), "invalid-data", "Atribut foo"},
		{"xsi:nil that is false", "E227", change(e227, subject, strings.Replace(subject, ">", xsi+`xsi:nil="false">`, 1)), "ok", ""},
		{"SOAP 1.2", "E227", change(e227, egon.NSEnvelope, "http://www.w3.org/2003/05/soap-envelope"), "version-mismatch", "SOAP 1.1"},
		{"Envelope of its own", "E227", change(e227, egon.NSEnvelope, "http://example.org/soap"), "version-mismatch", "SOAP 1.1"},
		{"WS-Security", "E227", change(e227, "<s:Body>", header), "must-understand", "Security"},
		{"WS-Security, relayed", "E05", change(e05, "<s:Body>", header), "ok", ""},
		{"AutorizaceInfo before ZadostInfo", "E198", change(e198, info+list, list+info), "invalid-data",
			"ZadostInfo chybí nebo není před elementem AutorizaceInfo"},
		{"70 namespaces on the root", "E227", change(e227, "<s:Envelope ", "<s:Envelope"+jaxb.String()+" "), "ok", ""},
		{"a SOAP Header of carriage returns", "E05", change(e05, "<s:Body>", "<s:Header>"+strings.Repeat("\r", 60_000)+"</s:Header><s:Body>"),
			"ok", ""},
		{"misspelt item", "E05", change(e05, ">Jmeno Prijmeni<", ">Jmneo Prijmeni<"), "invalid-data", "nejsou známé položky: Jmneo."},
		{"items with a no-break space", "E05", change(e05, ">Jmeno Prijmeni<", ">Jmeno\u00a0Prijmeni<"), "invalid-data",
			"Jmeno[U+00A0]Prijmeni (obsahuje znak U+00A0)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.journal.exchanges())
			r := w.post(tt.service, []byte(tt.message))
			if got := w.exchangeAfter(before)["outcome"]; got != tt.outcome {
				t.Errorf("outcome %v, want %s: %s", got, tt.outcome, r.body)
			}
			said := text(r.root, "VysledekPopis") + text(r.root, "faultstring")
			if tt.outcome != "ok" && !strings.Contains(said, tt.says) {
				t.Errorf("%q does not say %q", said, tt.says)
			}
			if fault := find(r.root, "Fault") != nil; fault != (tt.outcome == "version-mismatch" || tt.outcome == "must-understand") {
				t.Errorf("a Fault: %v", fault)
			}
		})
	}
}
