package registries

import (
	"fmt"
	"slices"
	"strings"

	"brana/egon"
)

// frontItems are the words of a caller's SeznamUdaju as the bus takes them (the rule of
// 2019): those of ROB that the caller may read, in ROB's own names, and the services of
// RUIAN.
type frontItems struct {
	rob              []string
	removed          []string // what the caller may not read, in its words
	readRefs, verify bool     // RUIANCti, RUIANOver
	limit            int      // MaximalniPocetZaznamu; 0: none
}

// items reads AutorizaceInfo. It removes what the caller has no right to. Without items, it
// fills in all to which the caller has one.
func (f *front) items(m *message) (items frontItems) {
	a := m.body.Child(egon.NSAbstract, "AutorizaceInfo")
	items.limit = atoi(a.Child(egon.NSAbstract, "MaximalniPocetZaznamu").Value())
	permitted := f.permitted(m.info.triple())
	for _, word := range strings.Fields(a.Child(egon.NSAbstract, "SeznamUdaju").Value()) {
		item := robItem(word)
		switch _, control := egon.ParseControl(word); {
		case word == "RUIANCti":
			items.readRefs = true
		case word == "RUIANOver":
			items.verify = true
		case control:
		case slices.Contains(permitted, item):
			items.rob = append(items.rob, item)
		case !slices.Contains(items.removed, word):
			items.removed = append(items.removed, word)
		}
	}
	if len(items.rob)+len(items.removed) == 0 {
		items.rob = permitted
	}
	return items
}

// permitted returns the items of ROB that a triple may read.
func (f *front) permitted(triple string) (items []string) {
	for _, r := range f.rights(triple) {
		if item := robItem(r.KodIszr); slices.Contains(knownItems, item) {
			items = append(items, item)
		}
	}
	return items
}

// robItem is the name that an item of a caller has at ROB.
func robItem(word string) string {
	if word == "DatovaSchrankaROB" {
		return "DatovaSchranka"
	}
	return word
}

// outcome adds a warning of each removed item to the status of a reply.
func (f frontItems) outcome(kod string, details []detail) (string, []detail) {
	if len(f.removed) > 0 {
		kod = worse(kod, egon.Varovani)
	}
	return kod, append(details, f.details()...)
}

func (f frontItems) details() (details []detail) {
	for _, word := range f.removed {
		details = append(details, detail{
			subKod:  "NENI OPRAVNENI",
			popis:   fmt.Sprintf("K položce %.100s není oprávnění.", word),
			registr: "ISZR",
		})
	}
	return details
}

// refuse answers a call of which no item is left.
func (f frontItems) refuse(m *message) reply {
	details := f.details()
	if len(details) == 0 {
		details = []detail{{
			subKod:  "NENI OPRAVNENI",
			popis:   "Není oprávnění k žádné položce.",
			registr: "ISZR",
		}}
	}
	return frontRefusal(m, details...)
}

// frontRefusal is a reply of the bus without data.
func frontRefusal(m *message, details ...detail) reply {
	d := newDoc()
	frontRoot(&d, m, m.body.Local+"Response")
	d.odpovedInfo("abs:OdpovedInfo", m, egon.Chyba, details...)
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: egon.Chyba}
}
