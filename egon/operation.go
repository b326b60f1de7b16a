package egon

import "brana/egon/xmltext"

// An operation is the possible content of the element of the operation. That element
// has the name of the service's request.
type operation struct {
	element
	last *element // the head is known when this one has ended
	open bool     // any other elements may follow the kids
}

// operationOf returns the grammar of a service's operation.
func operationOf(s *Service) *operation {
	if s.message != nil {
		return messageOperations()[s.Namespace]
	}
	switch s.Namespace {
	case NSMedia:
		return &mediaOperation
	case NSRights:
		return &rightsOperation
	case NSAsyncAnswer:
		return &asyncAnswerOperation
	}
	return &anyOperation
}

var (
	mediaOperation = operation{last: elMediaZadost,
		element: element{declared: typeName{NSMedia, "AgendaMediaDataCtiPodleUdajuType"},
			kids: []*element{elInfo, elAuthorization, elMediaZadost}}}
	rightsOperation = operation{last: elRightsZadost,
		element: element{declared: typeName{NSRights, "IszrVypisOpravneniPolozkyType"},
			kids: []*element{elInfo, elAuthorization, elRightsZadost}}}

	anyOperation = operation{element: element{kids: []*element{elInfo, elAuthorization}},
		last: elAuthorization, open: true}
	asyncAnswerOperation = operation{element: element{kids: []*element{elAsyncCode, elAsyncInfo}},
		last: elAsyncInfo, open: true}

	// mismatched reads the request of another service up to its AgendaZadostId, which the
	// refusal echoes.
	mismatched = operation{element: element{kids: []*element{elAsyncCode, elInfo, elAsyncInfo}},
		open: true}
)

// mismatchedBy returns the grammar for the request of another service, which n names.
func mismatchedBy(n xmltext.Name) *operation {
	if s := ServiceByRequest(string(n.Space), string(n.Local)); s != nil && s.message != nil {
		return operationOf(s)
	}
	return &mismatched
}
