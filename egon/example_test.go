package egon_test

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"brana/egon"
)

// A request arrives in two windows. Its head is known before all of it is here, and
// only bytes that Releasable covers go on to the registry.
func ExampleReader() {
	message, err := os.ReadFile("testdata/requests/e05.xml")
	if err != nil {
		fmt.Println(err)
		return
	}
	end := bytes.Index(message, []byte("<Zadost>"))
	first, rest := message[:end], message[end:]

	r := egon.NewReader(egon.DefaultBounds())
	r.Reset(egon.ServiceByCode("E05"))
	if err := r.Feed(first, false); err != nil {
		fmt.Println(err)
		return
	}
	head := r.Head()
	fmt.Printf("%s by AIS %s\n", head.Service.Code, head.Info.Ais)
	for _, word := range head.Items {
		fmt.Printf("item %s\n", word.Text)
	}
	fmt.Println("offence of a value:", head.Check() != nil)

	err = r.Feed(rest, true)
	fmt.Println(err, r.Done(), r.Releasable() == int64(len(message)))
	// Output:
	// E05 by AIS 999001
	// item Jmeno
	// item Prijmeni
	// offence of a value: false
	// <nil> true true
}

// A refusal is a reply of the service with nothing but its header.
func ExampleAppendReply() {
	reply := egon.AppendReply(nil, egon.ServiceByCode("E05"), false, &egon.OdpovedInfo{
		CasOdpovedi:    time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
		AgendaZadostId: "22baf59b-a397-4835-8d9a-83e9116a7fc4",
		IszrZadostId:   "a75167b3-b260-49a0-aac6-4d763538b259",
		Status: egon.Status{
			Kod:     egon.Chyba,
			Details: []egon.Detail{{SubKod: egon.NeniOpravneni, Popis: "BR_103: Služba není povolena."}},
		},
	})

	r := egon.NewReplyReader(egon.DefaultBounds())
	r.Reset(egon.ServiceByCode("E05"))
	fmt.Println(r.Feed(reply, true), r.Kod(), r.Bars())
	// Output:
	// <nil> CHYBA true
}
