package gateway

import (
	"strings"

	"brana/egon"
	"brana/policy"
)

// An entitlement is which items may leave in the reply of a relayed call: those to which
// its caller has a right, and which it asked for. It is the [egon.Rights] of the reply.
type entitlement struct {
	request *request
	rights  policy.Rights
	reply   *egon.Service // whose reply was judged last, or would be first
}

// entitle makes the entitlement of the call, by the rights by which it was decided.
func (r *request) entitle() entitlement {
	return entitlement{request: r, rights: r.rights(), reply: r.service}
}

// rights are those by which the call was decided.
func (r *request) rights() policy.Rights {
	if r.policy == nil || r.head == nil {
		return policy.Rights{}
	}
	return r.policy.Rights(&r.decision, r.head, r.start)
}

// Permits reports whether an item may leave in a reply of a service. In the reply of E100
// that is another service than the call's. What its own call asked for is no longer known.
// An element that is no known item may be one that the operator has declared.
func (e *entitlement) Permits(s *egon.Service, word string, always bool) bool {
	e.reply = s
	if name, unknown := strings.CutPrefix(word, unknownWord); unknown {
		return e.rights.Of(s).PermitUnlisted(name) && e.wanted(s, name)
	}
	return e.rights.Of(s).Permit(word) && (always || e.wanted(s, word))
}

// wanted reports whether an item was asked for.
func (e *entitlement) wanted(s *egon.Service, word string) bool {
	r := e.request
	return s != r.service || r.decision.Asks(r.head, word)
}

// Detail returns the detail of an item that was taken out of the reply. An item that the
// request has lost, too, is named already.
func (e *entitlement) Detail(word string) (egon.Detail, bool) {
	rights := e.rights.Of(e.reply)
	name, unknown := strings.CutPrefix(word, unknownWord)
	switch {
	case e.request.decision.Removes([]byte(name)):
		return egon.Detail{}, false
	case unknown && !rights.PermitUnlisted(name):
		return egon.Detail{SubKod: egon.NeniOpravneni, Popis: unknownOut + name + unknownGone}, true
	case !rights.Permit(name):
		popis := itemOut + name + unpermittedGone
		if rights.ByMatrix(name) {
			popis += " Pro " + tripleOf(e.request.head) + rangeOfRow
		} else {
			popis += rangeOfGrant
		}
		return egon.Detail{SubKod: egon.NeniOpravneni, Popis: popis}, true
	case e.wanted(e.reply, name) || egon.ComesUnasked(e.reply, word):
		return egon.Detail{SubKod: otherwise, Popis: itemOut + name + wentAlong}, true
	}
	return egon.Detail{SubKod: otherwise, Popis: itemOut + name + unaskedGone}, true
}

// otherwise is the VysledekSubKod of an item to which the caller has a right. The enumeration
// has no code for it (RegTypy 1.23.0).
const otherwise = "SPECIFIKACE V POPISU"

// What was taken out of a reply and what to do about it, around its name.
var (
	itemOut    = ItemNotPermitted.numbered("Údaj ")
	unknownOut = ItemNotPermitted.numbered("Prvek ")
)

const (
	unpermittedGone = " byl z odpovědi odebrán, volající k němu nemá oprávnění."
	unaskedGone     = " byl z odpovědi odebrán, nebyl požadován. " +
		"Potřebujete-li jej, uveďte jej v SeznamUdaju."
	wentAlong   = " byl z odpovědi odebrán s celým záznamem, který bez nepovoleného údaje poslat nelze."
	unknownGone = " byl z odpovědi odebrán, brána jej nezná. Oznamte to správci brány."
)
