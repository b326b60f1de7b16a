package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/egon/media"
)

// The photo that a caller gets is the one that the evidence encrypted for it,
// also when it is large and arrives slowly; whatever else there was to ask had
// been asked by then.
func TestLargeSlowPhotoOfE198(t *testing.T) {
	t.Parallel() // it waits
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
	picture, err := media.Decrypt(testKey(), der)
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

// The time in which a caller takes a large photo is not the registries': one
// that pauses for longer than a call may take gets all of it.
func TestSlowCallerOfE198(t *testing.T) {
	t.Parallel() // it waits
	w := startWorld(t, func(c *config.Config) { c.Listen.CallTimeout = config.Duration(4 * time.Second) })
	w.set(registries.EOP, registries.Settings{Photo: 8 << 20})
	w.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		nc, err := d.DialContext(ctx, network, address)
		if err == nil {
			err = nc.(*net.TCPConn).SetReadBuffer(64 << 10) // or the sockets hold most of it
		}
		return nc, err
	}
	response, err := w.client.Do(w.request("E198",
		bytes.NewReader(message(t, "E198", byBirth(special(t, "delivery address"), "--items", everything)...))))
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 1<<20)
	if _, err := io.ReadFull(response.Body, first); err != nil {
		t.Fatal(err)
	}
	time.Sleep(4500 * time.Millisecond) // the pause is the subject
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first), response.Body), response.Body}
	r, err := readReply(response)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.statusLine(); got != "OK" || len(find(r.root, "Fotka").Value()) < 8<<20*4/3 {
		t.Errorf("got %s and a photo of %d bytes", got, len(find(r.root, "Fotka").Value()))
	}
}
