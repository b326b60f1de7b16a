package main

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"brana/bench/registries"
)

// A person is found by what persons --json prints; the special ones by what is
// special about them.
func special(t testing.TB, what string) registries.Listed {
	t.Helper()
	list := population().List(0)
	i := slices.IndexFunc(list, func(l registries.Listed) bool { return l.Special == what })
	if i < 0 {
		t.Fatalf("no person is special for %q", what)
	}
	return list[i]
}

// population is that of all worlds: making one takes its time.
var population = sync.OnceValue(func() *registries.Population { return registries.NewPopulation(20, 1) })

// byBirth searches a person by name and birth date, beside other flags.
func byBirth(l registries.Listed, flags ...string) []string {
	return append([]string{"--name", l.Jmeno + "/" + l.Prijmeni, "--born", l.DatumNarozeni}, flags...)
}

const everything = "EopFoto Jmeno Prijmeni DatumNarozeni AdresaPobytu ROBCti RUIANCti"

// failures are those that show before the first byte of the reply.
var failures = []registries.Failure{registries.FailRefuse, registries.FailHTTP500, registries.FailFault,
	registries.FailWrongNamespace, registries.FailEmpty, registries.FailCut, registries.FailChyba}

// A registry that is down is named and nothing is given out; whoever is asked
// before it has been asked.
func TestRegistryDown(t *testing.T) {
	w := startWorld(t)
	for _, tt := range []struct {
		registry string
		source   string
		want     string
	}{
		{registries.EOP, "Eop", "CHYBA (CHYBA VOLANI AIS by 2)"},
		{registries.ECD, "Ecd", "CHYBA (CHYBA VOLANI AIS by 3)"},
		{registries.ORG, "Eop", "CHYBA (CHYBA VOLANI REGISTRU by ORG)"},
		{registries.ROB, "Eop", "CHYBA (CHYBA VOLANI REGISTRU by ROB)"},
		{registries.RUIAN, "Eop", "CHYBA (CHYBA VOLANI REGISTRU by RUIAN)"},
	} {
		for _, failure := range append(failures, registries.FailMalformed) {
			if failure == registries.FailMalformed && tt.registry == strings.ToLower(tt.source) {
				continue // see TestEvidenceThatBreaksInItsTail
			}
			t.Run(tt.registry+" "+string(failure), func(t *testing.T) {
				w.set(tt.registry, registries.Settings{Failure: failure})
				defer w.set(tt.registry, registries.Settings{})
				items := strings.ReplaceAll(everything, "Eop", tt.source)
				r := w.call("E198", byBirth(special(t, "delivery address"), "--source", tt.source, "--items", items)...)
				if got := r.outline(); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") {
					t.Errorf("got %s, want %s and nothing more", got, tt.want)
				}
			})
		}
	}
	if got := w.call("E198", byBirth(special(t, "delivery address"), "--items", everything)...).statusLine(); got != "OK" {
		t.Errorf("afterwards: %s", got)
	}
}

// An evidence whose answer breaks after its media began to leave breaks the
// reply too: the caller never takes it for a complete one.
func TestEvidenceThatBreaksInItsTail(t *testing.T) {
	w := startWorld(t)
	w.set(registries.EOP, registries.Settings{Failure: registries.FailMalformed})
	body := message(t, "E198", byBirth(special(t, "delivery address"), "--items", everything)...)
	response, err := w.client.Do(w.request("E198", bytes.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := readReply(response); err == nil && !strings.HasPrefix(r.outline(), "CHYBA (CHYBA VOLANI AIS by 2)") {
		t.Errorf("got a complete reply: %s", r.outline())
	}
}

// A call that a registry leaves without an answer ends with its deadline and
// names the registry.
func TestRegistryThatHangs(t *testing.T) {
	w := startWorld(t, func(c *config) {
		u := c.Upstreams["rob"]
		u.Timeout = duration(200_000_000)
		c.Upstreams["rob"] = u
	})
	w.set(registries.ROB, registries.Settings{Failure: registries.FailHang})
	r := w.call("E198", byBirth(special(t, "delivery address"), "--items", everything)...)
	if got := r.outline(); got != "CHYBA (PREKROCEN CAS by ROB)" {
		t.Errorf("got %s, want PREKROCEN CAS by ROB", got)
	}
}
