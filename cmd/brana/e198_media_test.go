package main

import (
	"bytes"
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"brana/bench/registries"
)

// The photo that a caller gets is the one that the evidence encrypted for it,
// also when it is large and arrives slowly; whatever else there was to ask had
// been asked by then.
func TestLargeSlowPhotoOfE198(t *testing.T) {
	w := startWorld(t)
	w.set(registries.EOP, registries.Settings{Photo: 4 << 20, Transfer: registries.Duration(time.Second)})
	r := w.call("E198", byBirth(special(t, "delivery address"), "--items", everything)...)
	if got := r.statusLine(); got != "OK" {
		t.Fatal(got)
	}
	der, err := base64.StdEncoding.DecodeString(find(r.root, "Fotka").Value())
	if err != nil {
		t.Fatal(err)
	}
	picture, err := registries.Decrypt(testKey(), der)
	if err != nil {
		t.Fatal(err)
	}
	all := registries.NewPopulation(0, 1).All()
	p := all[slices.IndexFunc(all, func(p *registries.Person) bool { return p.Special == "delivery address" })]
	if !bytes.Equal(picture, registries.Portrait(p, p.OP[0].VydanoDne, 4<<20)) {
		t.Error("the photo is another")
	}
	w.awaitSteps(7)
	log := w.registries.Log()
	media := log[slices.IndexFunc(log, func(e registries.Entry) bool { return e.Step == "X21" })]
	for _, e := range log {
		if e.End.After(media.End) {
			t.Errorf("%s ended after the photo had arrived", e.Step)
		}
	}
}
