package upstream

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"brana/bench/registries"
	"brana/egon"
)

// simulated starts the simulated registries and returns the workflow over them.
func simulated(t *testing.T) (*Media, *registries.Server) {
	t.Helper()
	return simulatedWith(t, func(*Config) {})
}

// simulatedWith is simulated with a change to the configuration of the clients.
func simulatedWith(t *testing.T, change func(*Config)) (*Media, *registries.Server) {
	t.Helper()
	s, err := registries.NewServer(registries.Config{Population: registries.NewPopulation(0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	at := func(name string, of registries.System) *Client {
		c := Config{Name: name, URL: "http://" + l.Addr().String() + "/" + name, Agenda: of.Agenda,
			Ais: of.AIS, Timeout: time.Second}
		change(&c)
		return client(t, c)
	}
	sys := registries.DefaultSystems()
	return &Media{
		Eop: at(registries.EOP, sys.EOP), Ecd: at(registries.ECD, sys.ECD), Rob: at(registries.ROB,
			sys.ROB),
		Org: at(registries.ORG, registries.System{}), Ruian: at(registries.RUIAN,
			registries.System{}),
		NewID: uuid.NewString, Now: time.Now,
	}, s
}

// However a registry misbehaves, the call ends with an error that names it, and
// the next call is served.
func TestMediaOverFailingRegistries(t *testing.T) {
	t.Parallel() // it waits
	for name, party := range map[string]egon.Party{
		registries.EOP:   {Kind: egon.Ais, Code: "2"},
		registries.ORG:   orgParty,
		registries.ROB:   robParty,
		registries.RUIAN: ruianParty,
	} {
		for _, failure := range failures {
			t.Run(name+" "+string(failure), func(t *testing.T) {
				t.Parallel()
				m, s := simulated(t)
				h := everything(t)
				set(t, s, name, registries.Settings{Failure: failure})
				got, err := ask(t, m, h)
				var call *egon.CallError
				if !errors.As(err, &call) {
					t.Fatalf("got %q, %v, want a CallError", got, err)
				}
				late := failure == registries.FailHang
				if call.Party != party || call.Name != name || call.Timeout != late {
					t.Errorf("%v, timeout %v: names %v, want %v", err, call.Timeout, call.Party,
						party)
				}
				allGivenBack(t, m)
				set(t, s, name, registries.Settings{})
				if got, err := ask(t, m, h); err != nil ||
					!strings.HasPrefix(got, "OK\nMapaAifo from 2") {
					t.Errorf("the next call: %q, %v", got, err)
				}
			})
		}
	}
}

// A registry that takes longer than one wait may take, but goes on, is waited for.
func TestMediaOverASlowRegistry(t *testing.T) {
	t.Parallel() // it waits
	m, s := simulated(t)
	set(t, s, registries.RUIAN, registries.Settings{
		Failure: registries.FailSlow,
		Latency: registries.Duration(60 * time.Millisecond),
	})
	if got, err := ask(t, m, everything(t)); err != nil ||
		!strings.HasPrefix(got, "OK\nMapaAifo from 2") {
		t.Errorf("got %q, %v", got, err)
	}
}

// failures are the ways in which a simulated registry fails for good.
var failures = []registries.Failure{
	registries.FailRefuse, registries.FailHang, registries.FailHTTP500, registries.FailCut,
	registries.FailFault, registries.FailMalformed, registries.FailWrongNamespace,
	registries.FailEmpty, registries.FailChyba,
}

// everything is the head of an E198 whose answer takes every step.
func everything(t testing.TB) *egon.Head {
	h := e198Head("EopFoto", "Jmeno", "AdresaPobytu", "ROBCti", "RUIANCti")
	h.Media.Klic = publicKey(t)
	return h
}

// allGivenBack waits until no connection of the workflow carries a call.
func allGivenBack(t *testing.T, m *Media) {
	t.Helper()
	for _, c := range []*Client{m.Eop, m.Ecd, m.Org, m.Rob, m.Ruian} {
		waitFor(t, "the connections to "+c.Name()+" to be given back",
			func() bool { return c.host.ConnsCount() == c.host.IdleConnsCount() })
	}
}

func set(t *testing.T, s *registries.Server, name string, v registries.Settings) {
	t.Helper()
	if err := s.Set(name, v); err != nil {
		t.Fatal(err)
	}
}

// Every message of a call goes out under a number of its own and with the
// caller's.
func TestMediaNumbersItsMessages(t *testing.T) {
	m, s := simulated(t)
	h := everything(t)
	if _, err := ask(t, m, h); err != nil {
		t.Fatal(err)
	}
	numbers := map[string]bool{}
	for _, e := range s.Log() {
		numbers[e.IszrZadostId] = true
		if e.AgendaZadostId != string(h.Info.AgendaZadostId) {
			t.Errorf("%s went out for %s", e.Step, e.AgendaZadostId)
		}
	}
	if n := len(s.Log()); n != 7 || len(numbers) != n {
		t.Errorf("%d messages under %d numbers, want 7", n, len(numbers))
	}
}

// publicKey is a caller's key as KlicProSifrovani has it.
func publicKey(t testing.TB) []byte {
	t.Helper()
	key, err := callersKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(base64.StdEncoding.EncodeToString(der))
}

var callersKey = sync.OnceValues(func() (*rsa.PrivateKey,
	error) {
	return rsa.GenerateKey(rand.Reader, 2048)
})
