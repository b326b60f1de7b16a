package gateway

import (
	"slices"
	"strings"

	"brana/egon"
)

// messages are the internal messages that are offered, by the publisher in the path of
// their common address and the SOAPAction.
type messages map[string]map[string]*egon.Service

// newMessages indexes the messages that have a route, and gives those that share an
// address a route to be read by: any of theirs, since all are relayed.
func newMessages(routes routes) messages {
	m := messages{}
	for _, s := range egon.Messages() {
		if routes[s].Kind == RefuseRoute {
			continue
		}
		if m[s.Publisher] == nil {
			m[s.Publisher] = map[string]*egon.Service{}
		}
		shared := egon.MessageByAction(s.Publisher, s.Action)
		m[s.Publisher][s.Action] = shared
		if _, known := routes[shared]; !known {
			routes[shared] = routes[s]
		}
	}
	return m
}

// named returns the message with an action at the address of a publisher. Any other name
// is of no service.
func (m messages) named(publisher string, action []byte) (*egon.Service, *Refusal) {
	actions, offered := m[publisher]
	switch s := actions[string(action)]; {
	case s != nil:
		return s, nil
	case !offered:
		return nil, noService(publisher)
	case len(action) == 0:
		return nil, refuse(UnknownService, "Na adrese /"+publisher+
			" určuje zprávu hlavička SOAPAction; v požadavku chybí.")
	}
	return nil, refuse(UnknownService,
		"SOAPAction není žádná ze zpráv, které přijímá adresa /"+publisher+".")
}

// noService refuses a code that is not in the catalogue.
func noService(code string) *Refusal {
	for _, s := range slices.Concat(egon.Services(), egon.Messages()) {
		if strings.EqualFold(s.Code, code) {
			return refuse(UnknownService, "Kód služby se píše "+s.Code+".")
		}
	}
	return refuse(UnknownService, "Služba s tímto kódem v katalogu není.")
}
