package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"brana/egon"
	"brana/egon/xmltext"
)

// The steps run while the photos are not even there yet, and a photo of any
// size passes through a window.
func TestMediaStreams(t *testing.T) {
	const size = 8 << 20
	answer := envelope(eop("OK", known,
		appStatus("OK", "")+aifo1+strings.Replace(photo, "QUJD", strings.Repeat("QUJD", size/4),
			1)))
	at := strings.Index(answer, "<s:Fotky>")
	robAsked := make(chan struct{})
	evidence := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s",
			len(answer), answer[:at])
		<-robAsked
		io.WriteString(nc, answer[at:])
	})
	m, _ := allWell().start(t)
	m.Eop = client(t, Config{Name: "eop", URL: evidence.listen(t), Agenda: "A385", Ais: 385})
	verify := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		close(robAsked)
		io.WriteString(nc, ok(envelope(allWell()["O25"])))
	})
	m.Rob = client(t, Config{Name: "rob", URL: verify.listen(t), Agenda: "A999", Ais: 1})

	a, _, err := m.Serve(t.Context(), e198Head("EopFoto"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.Length != -1 || a.Kod != egon.OK {
		t.Errorf("answer %+v", a)
	}
	b, err := io.ReadAll(a.Body)
	if err != nil || strings.Count(string(b), "QUJD") != size/4 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// An evidence that breaks breaks the reply: before its first byte when all that
// came is held, later without its end.
func TestMediaBreaksOff(t *testing.T) {
	for _, size := range []struct {
		name, photo string
		leaves      bool // a part of the reply has left by then
	}{{"short", photo, false}, {"long", longPhoto, true}} {
		answer := envelope(eop("OK", known, appStatus("OK", "")+aifo1+size.photo))
		for _, tt := range []struct{ name, body string }{
			{"cut in a photo", answer[:strings.LastIndex(answer, "QUJD")+2]},
			{"cut after the block", answer[:strings.Index(answer, "</EopOdpoved>")]},
			{"malformed tail", strings.Replace(answer, "</s:Body>", "<x></s:Body>", 1)},
			{"second document", answer + "<a/>"},
		} {
			t.Run(size.name+", "+tt.name, func(t *testing.T) {
				m, _ := allWell().start(t)
				m.Eop = client(t, Config{Name: "eop", URL: answering(ok(tt.body)).listen(t),
					Agenda: "A385", Ais: 385})
				a, _, err := m.Serve(t.Context(), e198Head("EopFoto"), nil)
				if (err == nil) != size.leaves {
					t.Fatalf("Serve() = %v, %v", a, err)
				}
				var b []byte
				if err == nil {
					defer a.Body.Close()
					b, err = io.ReadAll(a.Body)
				}
				var call *egon.CallError
				if !errors.As(err, &call) || call.Party.Code != "385" {
					t.Errorf("error = %v, want a CallError of the evidence", err)
				}
				if strings.HasSuffix(string(b), "Envelope>") {
					t.Error("the reply was closed")
				}
			})
		}
	}
}

// Elements that an evidence sends unasked are counted. Its connection is kept when the
// reply was read to its end, and closed otherwise.
func TestMediaGivesBack(t *testing.T) {
	spoilt := strings.Replace(photo, "<s:DatumVydani>",
		"<s:OPCislo>1<s:Fotka/></s:OPCislo><s:DatumVydani>", 1)
	w := allWell().with("X21", eop("OK", known, appStatus("OK", "")+aifo1+sign+spoilt+sign))
	m, _ := w.start(t)
	var dropped []string
	m.Dropped = func(element string) { dropped = append(dropped, element) }
	for range 3 {
		if _, err := ask(t, m, e198Head("EopFoto")); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(dropped,
		" "); got != strings.TrimSpace(strings.Repeat("Podpisy OPCislo Podpisy ", 3)) {
		t.Errorf("dropped %s", got)
	}
	if n := m.Eop.host.ConnsCount(); n != 1 {
		t.Errorf("%d connections after three replies, want 1", n)
	}
	long := strings.Replace(photo, "QUJD", strings.Repeat("QUJD", 1<<20), 1)
	m, _ = w.with("X21", eop("OK", known, appStatus("OK", "")+aifo1+long)).start(t)
	a, _, err := m.Serve(t.Context(), e198Head("EopFoto"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if _, err := io.Copy(io.Discard, a.Body); !errors.Is(err, errClosed) {
		t.Errorf("reading on gives %v", err)
	}
	if n := m.Eop.host.ConnsCount(); n != 0 {
		t.Errorf("%d connections after an unread reply, want 0", n)
	}
}

// A reply that is closed while it waits for a photo ends, and not as if it were
// whole.
func TestMediaCloseWhileReading(t *testing.T) {
	answer := envelope(eop("OK", known, appStatus("OK", "")+aifo1+longPhoto))
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s",
			len(answer), answer[:len(answer)/2])
		br.ReadByte()
	}).listen(t)
	m, _ := allWell().start(t)
	m.Eop = client(t, Config{Name: "eop", URL: url, Agenda: "A385", Ais: 385})
	a, _, err := m.Serve(t.Context(), e198Head("EopFoto"), nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	reading := make(chan struct{})
	go func() {
		first := make([]byte, 1)
		_, err := a.Body.Read(first)
		close(reading)
		if err == nil {
			_, err = io.Copy(io.Discard, a.Body)
		}
		done <- err
	}()
	<-reading
	a.Body.Close()
	if err := <-done; err == nil {
		t.Error("the reply ended as if it were whole")
	}
	if n := m.Eop.host.ConnsCount(); n != 0 {
		t.Errorf("%d connections, want 0", n)
	}
}

// ECD and a bare payload: only the names differ.
func TestMediaEcdBare(t *testing.T) {
	w := allWell()
	w["X22"] = strings.NewReplacer("Eop", "Ecd", egon.NSEop, egon.NSEcd).Replace(w["X21"])
	m, c := w.without("X21").start(t)
	h := e198Head("EcdFoto")
	h.Enveloped, h.Media.AgendaZdroj = false, []byte("Ecd")
	a, _, err := m.Serve(t.Context(), h, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	root, err := xmltext.Parse(b, xmltext.DefaultBounds())
	if err != nil || root.Local != "AgendaMediaDataCtiPodleUdajuResponse" ||
		c.steps() != "G27 ROB G27 caller O25 X22" {
		t.Errorf("%v, took %s: %s", err, c.steps(), b)
	}
}
