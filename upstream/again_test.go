package upstream

import (
	"errors"
	"strings"
	"testing"

	"brana/egon"
)

// An upstream that takes a request on a connection used before and cuts it may
// have acted on it, or may have closed the connection before. What leaves a
// trace, in a log, a record of use or a new AIFO, is sent once and the call
// fails; a translation and a look at places are sent once more, and the caller
// does not notice.
func TestWhatLeavesATraceIsSentOnce(t *testing.T) {
	nobody := egon.Party{}
	for _, tt := range []struct {
		cut, zdroj string
		party      egon.Party // who is named; nobody: the call is served
	}{
		{"X21", "Eop", egon.Party{Kind: egon.Ais, Code: "385"}},
		{"X22", "Ecd", egon.Party{Kind: egon.Ais, Code: "386"}},
		{"O25", "Eop", robParty},
		{"G02", "Eop", orgParty},
		{"O08", "Eop", robParty},
		{"G27 ROB", "Eop", nobody},
		{"G27 caller", "Eop", nobody},
		{"A28", "Eop", nobody},
	} {
		t.Run(tt.cut, func(t *testing.T) {
			w := allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""), "G02",
				org("OrgZalozAifo", "OK", known, ""))
			w["X22"] = strings.NewReplacer("Eop", "Ecd", egon.NSEop, egon.NSEcd).Replace(w["X21"])
			m, c := w.start(t)
			one := m.Org.cfg // one connection, so that every translation takes the used one
			one.MaxConns = 1
			m.Org = client(t, one)
			h := e198Head(tt.zdroj+"Foto", "AdresaPobytu", "ROBCti", "RUIANCti")
			h.Media.AgendaZdroj = []byte(tt.zdroj)
			if _, err := ask(t, m, h); err != nil {
				t.Fatalf("before: %v", err)
			}
			allGivenBack(t, m)
			c.cutNext(tt.cut)

			_, err := ask(t, m, h)
			var call *egon.CallError
			if named := errors.As(err, &call); tt.party == nobody && err != nil ||
				tt.party != nobody && (!named || call.Party != tt.party || !call.Sent) {
				t.Errorf("got %v, want the blame on %q", err, tt.party.Code)
			}
			allGivenBack(t, m)
			for service, n := range c.counts() {
				most := 1
				if tt.party == nobody && service == tt.cut {
					most = 2
				}
				if n > most || service == tt.cut && n != most {
					t.Errorf("%s was sent %d times, want %d", service, n, most)
				}
			}
			if c.cut != "" {
				t.Errorf("%s came on no used connection", c.cut)
			}
		})
	}
}

// cutNext empties the record. The next request of a service on a used connection will be
// taken and not answered.
func (c *record) cutNext(service string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls, c.cut = nil, service
}

// counts returns how often each service was called.
func (c *record) counts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := map[string]int{}
	for _, service := range c.calls {
		n[service]++
	}
	return n
}
