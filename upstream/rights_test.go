package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"brana/bench/registries"
	"brana/egon"
)

// busRights asks a simulated bus.
func busRights(t *testing.T) (*Rights, *registries.Server) {
	t.Helper()
	m, s := simulated(t)
	r := rightsOver(client(t, Config{Name: "iszr", URL: "http://" + m.Eop.to.addr + "/publikace",
		Timeout: time.Second}))
	return r, s
}

func rightsOver(c *Client) *Rights {
	return &Rights{Client: c, Caller: egon.Quadruple{Agenda: "X999", Role: "XR1", Ovm: "12345678",
		Ais: "999001"}, NewID: uuid.NewString, Now: time.Now}
}

// rightsOf asks for a triple and returns its items as words, or the error.
func rightsOf(t *testing.T, r *Rights, triple string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	q := strings.Split(triple, "/")
	items, err := r.Fetch(ctx, &egon.RightsQuery{Agenda: []byte(q[0]), AgendovaRole: []byte(q[1]),
		Ovm: []byte(q[2])})
	return fmt.Sprint(items), err
}

func TestRightsOfATriple(t *testing.T) {
	r, s := busRights(t)
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	const few = "[{Prijmeni 101-1-1} {Jmeno 101-1-2} {DatumNarozeni 101-1-5}]"
	for _, bare := range []bool{false, true} {
		set(t, s, registries.Front, registries.Settings{BareItems: bare})
		if got, err := rightsOf(t, r, "X999/XR2/12345678"); err != nil || got != few {
			t.Errorf("bare %v: %s, %v", bare, got, err)
		}
	}
	if got, err := rightsOf(t, r, "A115/CT239/00007064"); err != nil || got != "[]" {
		t.Errorf("without rights: %s, %v", got, err)
	}
	if got, err := rightsOf(t, r, "A&1/<R>/"); err != nil || got != "[]" {
		t.Errorf("of what is no triple: %s, %v", got, err)
	}
	for _, e := range s.Log() {
		if e.Step != "E227" || e.Action != "IszrVypisOpravneniPolozky" {
			t.Errorf("the bus got %+v", e)
		}
	}
}

// However the bus misbehaves, the answer is an error that names it, never an
// empty row, and the next question is answered.
func TestRightsOverAFailingBus(t *testing.T) {
	t.Parallel() // it waits
	r, s := busRights(t)
	for _, f := range failures {
		t.Run(string(f), func(t *testing.T) {
			set(t, s, registries.Front, registries.Settings{Failure: f})
			got, err := rightsOf(t, r, "X999/XR2/12345678")
			var call *egon.CallError
			if !errors.As(err, &call) {
				t.Fatalf("got %s, %v, want a CallError", got, err)
			}
			if call.Party != iszrParty || call.Name != "iszr" ||
				call.Timeout != (f == registries.FailHang) {
				t.Errorf("%v, timeout %v: blames %v", err, call.Timeout, call.Party)
			}
			set(t, s, registries.Front, registries.Settings{})
			if got, err := rightsOf(t, r, "X999/XR2/12345678"); err != nil ||
				!strings.HasPrefix(got, "[{Prijmeni") {
				t.Errorf("the next question: %s, %v", got, err)
			}
		})
	}
}

// An answer to another question is no row.
func TestRightsOfAnotherQuestion(t *testing.T) {
	body := string(egon.AppendRights(nil, true, &egon.OdpovedInfo{AgendaZadostId: uuid.NewString()},
		&egon.RightsQuery{},
		[]egon.RightsItem{{KodIszr: "Jmeno"}}))
	url := answering(ok(body)).listen(t)
	if got, err := rightsOf(t, rightsOver(client(t, Config{URL: url})),
		"X999/XR2/12345678"); err == nil || !strings.Contains(err.Error(), "another question") {
		t.Errorf("got %s, %v", got, err)
	}
}

// The gateway asks under its own name, whatever is asked.
func TestRightsAreAskedUnderTheOwnName(t *testing.T) {
	asked := make(chan string, 1)
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		req, body, err := takeRequest(br)
		if err == nil {
			asked <- req.URL.Path + body
		}
		io.WriteString(nc, "HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")
	}).listen(t)
	if _, err := rightsOf(t, rightsOver(client(t, Config{URL: url + "/publikace/"})),
		"A1/R1/00000001"); err == nil {
		t.Error("an empty answer is a row")
	}
	got := <-asked
	for _, want := range []string{"/publikace/E227<",
		"<reg:Agenda>X999</reg:Agenda><reg:AgendovaRole>XR1</reg:AgendovaRole><reg:Ovm>12345678</reg:Ovm><reg:Ais>999001</reg:Ais>",
		"<d:Agenda>A1</d:Agenda><d:AgendovaRole>R1</d:AgendovaRole><d:Ovm>00000001</d:Ovm>"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if err := (&Rights{}).Validate(); err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("Validate = %v, want all five mistakes", err)
	}
}
