package egon

import (
	_ "embed"
	"strings"
)

//go:embed messages.txt
var messagesText string

// A message is what the reader and the writers know of an internal message besides.
type message struct {
	reply    string // the name of its replies in returned.txt
	list     wordList
	demanded []step     // elements of its reply, each inside the one before
	kody     []string   // the values of KodSluzby; nil: there is no KodSluzby
	members  []*Service // what may arrive where this one is addressed; nil: this one
	family   *Service   // of those that KodSluzby tells apart; nil: none
}

// A wordList is the list of the publisher's own items in AutorizaceInfo. The zero wordList
// is that of a message without AutorizaceInfo.
type wordList struct {
	step
	register Register // whose names its words are
	optional bool     // AutorizaceInfo may be absent
}

// A step is an element of a path.
type step struct{ space, local string }

// Internal reports whether a service is an internal message: one that the bus sends to a
// publisher of data.
func (s *Service) Internal() bool { return s.Publisher != "" }

// Messages returns the internal messages in the natural order of their codes. The slice
// and the messages are shared and must not be changed.
func Messages() []*Service { return catalogue().messages }

// MessageByAction returns the message that a SOAPAction names at the one URL of a
// publisher, or nil. Several messages of ROB have the same SOAPAction. It returns their
// family then: a service without a code, whose member [Head.Service] is as soon as the
// head is known.
func MessageByAction(publisher, action string) *Service {
	for _, s := range Messages() {
		if s.Publisher != publisher || s.Action != action {
			continue
		}
		if s.message.family != nil {
			return s.message.family
		}
		return s
	}
	return nil
}

// called returns the variant of the message s with that request element, or nil.
func (s *Service) called(space, local string) *Service {
	if s.Request == local && s.Namespace == space {
		return s
	}
	for _, v := range s.message.members {
		if v.Request == local && v.Namespace == space {
			return v
		}
	}
	return nil
}

// isOf reports whether a value of KodSluzby is the message's.
func (m *message) isOf(kod []byte) bool {
	for _, k := range m.kody {
		if k == string(kod) {
			return true
		}
	}
	return false
}

// spacePrefixes are those of the columns LIST and REPLY of messages.txt.
var spacePrefixes = map[string]string{
	"reg":  NSReg,
	"se":   NSEvidence,
	"se2":  NSEvidence2,
	"iszd": NSAiseoData,
}

// publishers are the registers of a publisher's own items.
var publishers = map[string]Register{"aiseo": AISEO, "eop": EOP, "ecd": ECD, "rob": ROB}

// addMessages adds the rows of messages.txt. It trusts the embedded text: a test checks
// its form.
func (x *serviceIndex) addMessages() {
	families := map[string]*Service{}
	for line := range strings.Lines(messagesText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		root, kody, shared := strings.Cut(f[3], "=")
		stem := strings.TrimSuffix(root, "Request")
		s := &Service{
			Code:      f[0],
			Action:    root,
			Request:   root,
			Response:  stem + "Response",
			Namespace: spaceOf(f[2]),
			Mode:      SyncOnly,
			Reads:     registersNamed(f[6:7]),
			Publisher: f[1],
			Serves:    x.served(f[7]),
			message:   &message{demanded: stepsOf(f[5], spaceOf(f[2]))},
		}
		if s.Publisher == "org" {
			s.Action = stem
		}
		if shared {
			s.message.kody = strings.Split(kody, ",")
			x.join(families, s)
		}
		if column, optional := strings.CutSuffix(f[4], "?"); column != "-" {
			s.message.list = wordList{stepsOf(column, "")[0], publishers[f[1]], optional}
		}
		x.addMessage(s)
	}
}

// addMessage adds a message, or a variant to the message with its code.
func (x *serviceIndex) addMessage(s *Service) {
	first := x.byCode[s.Code]
	s.message.reply = s.Code
	if first == nil {
		x.messages = append(x.messages, s)
		x.byCode[s.Code] = s
		return
	}
	if first.message.members == nil {
		first.message.members = []*Service{first}
	}
	first.message.members = append(first.message.members, s)
	s.message.reply += s.Namespace[strings.LastIndexByte(s.Namespace, ':'):]
}

// replyOf returns the service with the name of a reply in returned.txt, or nil: its code, and
// behind a colon the version of a variant that is not the first.
func replyOf(name string) *Service {
	code, version, later := strings.Cut(name, ":")
	s := ServiceByCode(code)
	if !later || s == nil {
		return s
	}
	for _, v := range s.variants() {
		if v.message.reply == code+":"+version {
			return v
		}
	}
	return nil
}

// variants are those of a message in other namespaces, itself included, if it has any.
func (s *Service) variants() []*Service {
	if s.message == nil {
		return nil
	}
	return s.message.members
}

// replyName returns the name of the service's replies in returned.txt.
func (s *Service) replyName() string {
	if s.message != nil {
		return s.message.reply
	}
	return s.Code
}

// join makes a message a member of the family with its request element.
func (x *serviceIndex) join(families map[string]*Service, s *Service) {
	f := families[s.Request]
	if f == nil {
		f = &Service{
			Action:    s.Action,
			Request:   s.Request,
			Response:  s.Response,
			Namespace: s.Namespace,
			Mode:      s.Mode,
			Publisher: s.Publisher,
			message:   &message{demanded: s.message.demanded},
		}
		families[s.Request] = f
	}
	f.message.members = append(f.message.members, s)
	s.message.family = f
}

// served reads the column SERVES.
func (x *serviceIndex) served(column string) (codes []string) {
	if column != "*" {
		return strings.Split(column, ",")
	}
	for _, s := range x.inOrder {
		if s.Reads != 0 {
			codes = append(codes, s.Code)
		}
	}
	return codes
}

// spaceOf reads the column SPACE.
func spaceOf(column string) string {
	f := strings.Split(column, ":")
	return "urn:cz:isvs:" + f[0] + ":schemas:" + f[1] + ":" + f[2]
}

// stepsOf reads the column REPLY of a message in that namespace.
func stepsOf(column, space string) (steps []step) {
	if column == "-" {
		return nil
	}
	for name := range strings.SplitSeq(column, "/") {
		at := step{space, name}
		if prefix, local, ok := strings.Cut(name, ":"); ok {
			at = step{spacePrefixes[prefix], local}
		}
		steps = append(steps, at)
	}
	return steps
}
