package egon

import (
	_ "embed"
	"strings"
	"sync"
)

// A Service is one eGON service of the catalogue: of the external interface, which callers
// use, or an internal message. Code is unique but for the variants of an internal message,
// which differ in Namespace.
type Service struct {
	Code      string // E198, E67a
	Action    string // SOAPAction and name of the operation, IszrAgendaMediaDataCtiPodleUdaju
	Request   string // local name of the request element
	Response  string // local name of the response element
	Namespace string // of both
	Mode      Mode
	// Reads are the registers whose items a caller lists in SeznamUdaju. Empty: the service
	// reads no data of persons, or no source says which.
	Reads Registers
	// Publisher is who gets this internal message, by the word of a URL: aiseo, eop, ecd,
	// rob, org or ruian. Empty: a service of the external interface.
	Publisher string
	// Serves are the codes of the services that the bus composes with this internal message,
	// in their natural order.
	Serves []string

	message *message // nil: not internal
}

// ReadsAiseo reports whether a service reads AISEO. Its items are words of AISEO, also
// where ROB has the same word (seed AISEO, steps 3 and 7).
func (s *Service) ReadsAiseo() bool { return s.Reads.Has(AISEO) }

// A Mode is how a service may be called.
type Mode uint8

// The modes. For most services the sources have none.
const (
	ModeUnknown Mode = iota
	SyncOnly
	AsyncOnly
	SyncAndAsync
)

//go:embed services.txt
var servicesText string

// catalogue is built once and never changed.
var catalogue = sync.OnceValue(readCatalogue)

type serviceIndex struct {
	inOrder  []*Service
	messages []*Service
	byCode   map[string]*Service
}

var modes = map[string]Mode{"sync": SyncOnly, "async": AsyncOnly, "both": SyncAndAsync}

// readCatalogue trusts the embedded text: a test checks its form.
func readCatalogue() serviceIndex {
	index := serviceIndex{byCode: map[string]*Service{}}
	for line := range strings.Lines(servicesText) {
		f := strings.Fields(line)
		if strings.HasPrefix(line, "#") || len(f) < 3 {
			continue
		}
		action := "Iszr" + strings.TrimPrefix(f[2], "Iszr")
		s := &Service{
			Code:      f[0],
			Action:    action,
			Request:   f[2],
			Response:  f[2] + "Response",
			Namespace: "urn:cz:isvs:iszr:schemas:" + action + ":v1",
			Mode:      modes[f[1]],
			Reads:     registersNamed(f[3:]),
		}
		index.inOrder = append(index.inOrder, s)
		index.byCode[s.Code] = s
		if letter := s.Code[len(s.Code)-1]; letter >= 'a' && letter <= 'z' {
			index.byCode[strings.ToUpper(s.Code)] = s
		}
	}
	index.addMessages()
	return index
}

// ServiceByCode returns the service with a code of a path, such as E198, E34a or X11, or
// nil. Letter case matters but for the letter at the end: the published contracts
// write both E67a and E67A. It does not allocate. The result is shared and must not be
// changed.
func ServiceByCode[T string | []byte](code T) *Service {
	return catalogue().byCode[string(code)]
}

// ServiceByRequest returns the service whose request element has that name, or nil. Of
// messages that share an element it returns the family, as [MessageByAction] does. It is
// slow and meant for tools and refusals.
func ServiceByRequest(space, local string) *Service {
	for _, s := range Services() {
		if s.Request == local && s.Namespace == space {
			return s
		}
	}
	for _, s := range Messages() {
		if m := s.called(space, local); m != nil && m.message.family != nil {
			return m.message.family
		} else if m != nil {
			return m
		}
	}
	return nil
}

// Services returns all services of the external interface in the natural order of their
// codes: E99 before E100.
// The slice and the services are shared and must not be changed.
func Services() []*Service { return catalogue().inOrder }
