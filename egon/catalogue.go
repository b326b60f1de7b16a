package egon

import (
	_ "embed"
	"strings"
	"sync"
)

// A Service is one eGON service of the catalogue. Code is unique.
type Service struct {
	Code      string // E198, E67a
	Action    string // SOAPAction and name of the operation, IszrAgendaMediaDataCtiPodleUdaju
	Request   string // local name of the request element
	Response  string // local name of the response element
	Namespace string // of both
	Mode      Mode
}

// ReadsAiseo reports whether a service reads AISEO, whose items have names of
// their own that no schema lists.
func (s *Service) ReadsAiseo() bool { return strings.HasPrefix(s.Action, "IszrAiseo") }

// Mode says how a service may be called.
type Mode uint8

// The modes; for most services the sources do not say.
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
	inOrder []*Service
	byCode  map[string]*Service
}

// readCatalogue trusts the embedded text: its form is a test's matter.
func readCatalogue() serviceIndex {
	index := serviceIndex{byCode: map[string]*Service{}}
	for line := range strings.Lines(servicesText) {
		f := strings.Fields(line)
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		action := "Iszr" + strings.TrimPrefix(f[2], "Iszr")
		s := &Service{
			Code:      f[0],
			Action:    action,
			Request:   f[2],
			Response:  f[2] + "Response",
			Namespace: "urn:cz:isvs:iszr:schemas:" + action + ":v1",
			Mode:      map[string]Mode{"sync": SyncOnly, "async": AsyncOnly, "both": SyncAndAsync}[f[1]],
		}
		index.inOrder = append(index.inOrder, s)
		index.byCode[s.Code] = s
		if letter := s.Code[len(s.Code)-1]; letter >= 'a' && letter <= 'z' {
			index.byCode[strings.ToUpper(s.Code)] = s
		}
	}
	return index
}

// ServiceByCode returns the service with the given code as it stands in the
// path, such as E198 or E34a, or nil when there is none. Letter case matters but
// for the letter at the end: the published contracts write both E67a and E67A.
// It does not allocate. Nobody may change what it returns.
func ServiceByCode[T string | []byte](code T) *Service {
	return catalogue().byCode[string(code)]
}

// ServiceByRequest returns the service whose request element has the given
// name, or nil when there is none. It is slow and meant for tools and refusals.
func ServiceByRequest(space, local string) *Service {
	for _, s := range Services() {
		if s.Request == local && s.Namespace == space {
			return s
		}
	}
	return nil
}

// Services returns all services in the natural order of their codes: E99
// before E100. The slice and the services are shared; nobody may change them.
func Services() []*Service { return catalogue().inOrder }
