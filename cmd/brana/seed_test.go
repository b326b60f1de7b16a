package main

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"image/jpeg"
	"net/http"
	"os"
	"strings"
	"testing"

	"brana/egon"
	"brana/egon/media"
)

// seed is a request of the service's description, with a real key in it.
func seed(t testing.TB, name string) string {
	t.Helper()
	message, err := os.ReadFile("testdata/requests/" + name + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&testKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(message), "KLIC", base64.StdEncoding.EncodeToString(spki))
}

// envelope puts a payload into an Envelope with a header.
func envelope(header, payload string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">` + header + `<s:Body>` + payload + `</s:Body></s:Envelope>`
}

const actionHeader = `<s:Header><Action s:mustUnderstand="1" xmlns="http://schemas.microsoft.com/ws/2005/05/addressing/none">IszrAgendaMediaDataCtiPodleUdaju</Action></s:Header>`

// The call of chapter 10.2 of the description of E198 is answered whole,
// however it is wrapped.
func TestSeedCallByNameAndBirthDate(t *testing.T) {
	w, payload := startWorld(t), seed(t, "e198-10.2")
	for _, tt := range []struct {
		name, message, action string
		enveloped             bool
	}{
		{"with the Action header and SOAPAction", envelope(actionHeader, payload), `"IszrAgendaMediaDataCtiPodleUdaju"`, true},
		{"with the Action header alone", envelope(actionHeader, payload), "", true},
		{"with SOAPAction alone", envelope("", payload), `"IszrAgendaMediaDataCtiPodleUdaju"`, true},
		{"with SOAPAction without quotes", envelope("", payload), "IszrAgendaMediaDataCtiPodleUdaju", true},
		{"with an empty SOAPAction", envelope("", payload), `""`, true},
		{"with an empty Header", envelope("<s:Header/>", payload), "", true},
		{"with neither", envelope("", payload), "", true},
		{"bare", payload, "", false},
		{"bare with a declaration", `<?xml version="1.0" encoding="utf-8"?>` + "\n" + payload, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := w.request("E198", strings.NewReader(tt.message))
			if tt.action != "" {
				r.Header["SOAPAction"] = []string{tt.action}
			}
			got := w.do(r)
			checkZoran(t, got)
			if enveloped := got.root.Local == "Envelope"; enveloped != tt.enveloped {
				t.Errorf("answered with an Envelope: %v, want %v", enveloped, tt.enveloped)
			}
		})
	}
	golden(t, "e198-seed-10.2", w.post("E198", []byte(payload)))
	t.Run("the reply keeps to the schema", func(t *testing.T) {
		newOracle(t).validate(t, schemaOf("E198"), w.post("E198", []byte(payload)).payload())
	})
}

// checkZoran holds a reply to what chapter 12.1 of the description shows.
func checkZoran(t *testing.T, r *reply) {
	t.Helper()
	want := strings.Join([]string{"OK", "MapaAifo next=2 1", "SeznamIdAdres",
		"RobOdpoved RobOverHromadneAifo OK RobCtiPodleUdaju OK", "EopOdpoved OK Fotka 2021-03-15"}, "\n")
	if got := r.outline(); r.status != http.StatusOK || got != want {
		t.Fatalf("HTTP %d\n%s\nwant\n%s\nbody: %s", r.status, got, want, r.body)
	}
	aifo, err := base64.StdEncoding.DecodeString(text(r.root, "GlobalniAifo"))
	if err != nil || len(aifo) != 17 || len(findAll(r.root, "GlobalniAifo")) != 1 {
		t.Errorf("GlobalniAifo is not one AIFO of 17 bytes: %q", text(r.root, "GlobalniAifo"))
	}
	person := find(find(r.root, "RobCtiPodleUdajuDataResponse"), "Osoba")
	if text(person, "Jmeno") != "ZORAN" || text(person, "Prijmeni") != "VOSÁHLO" {
		t.Errorf("person = %s", allText(person))
	}
	if id := text(r.root, "AgendaZadostId"); id != "a75167b3-b260-49a0-aac6-4d763538b259" {
		t.Errorf("AgendaZadostId = %s, want the request's", id)
	}
	checkPhoto(t, r)
}

// checkPhoto decrypts the first photo with the caller's key.
func checkPhoto(t *testing.T, r *reply) {
	t.Helper()
	cipher, err := base64.StdEncoding.DecodeString(text(r.root, "Fotka"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := media.Decrypt(testKey(), cipher)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jpeg.Decode(bytes.NewReader(plain)); err != nil {
		t.Errorf("the photo is no JPEG: %v", err)
	}
}

// The content of chapter 10.1 in its proper root element is served.
func TestSeedCallByRodneCislo(t *testing.T) {
	w, payload := startWorld(t), seed(t, "e198-10.1")
	for _, message := range []string{payload, envelope(actionHeader, payload)} {
		r := w.post("E198", []byte(message))
		want := strings.Join([]string{"OK", "MapaAifo next=2 1", "SeznamIdAdres",
			"RobOdpoved RobOverHromadneAifo OK RobCtiPodleUdaju OK", "EcdOdpoved OK Fotka 2016-05-30"}, "\n")
		if got := r.outline(); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if person := find(find(r.root, "RobCtiPodleUdajuDataResponse"), "Osoba"); text(person, "Prijmeni") != "KARÁSKOVÁ" {
			t.Errorf("person = %s", allText(person))
		}
		checkPhoto(t, r)
	}
	golden(t, "e198-seed-10.1", w.post("E198", []byte(payload)))
	t.Run("the reply keeps to the schema", func(t *testing.T) {
		newOracle(t).validate(t, schemaOf("E198"), w.post("E198", []byte(payload)).payload())
	})
}

// The reference examples: the envelope is answered whole, and the bare request,
// whose key AAAA is none, gets the evidence's refusal.
func TestReferenceExamples(t *testing.T) {
	shared := sharedFolder(t)
	w := startWorld(t)
	read := func(name string) []byte {
		message, err := os.ReadFile(shared + "/examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	whole := w.post("E198", read("e198-envelope.xml"))
	if got := whole.statusLine(); got != egon.OK {
		t.Errorf("e198-envelope.xml: %s, want OK", got)
	}
	if got := w.post("E198", read("e198-request.xml")).statusLine(); !strings.HasPrefix(got, "CHYBA (CHYBA VOLANI AIS by 2)") {
		t.Errorf("e198-request.xml: %s, want CHYBA of the evidence, since AAAA is no key", got)
	}
	if got := w.post("E227", bytes.Replace(read("e227-request.xml"),
		[]byte(">Axxx<"), []byte(">X999<"), 1)).statusLine(); !strings.HasPrefix(got, "CHYBA (NENI OPRAVNENI EGON)") {
		t.Errorf("e227-request.xml, whose caller has no grant: %s", got)
	}
}
