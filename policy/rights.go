package policy

import (
	"time"

	"brana/egon"
)

// Rights are the items that a caller may have of a service, by the snapshot and the grant
// of a decision. The zero value permits nothing.
type Rights struct {
	rights
	service *egon.Service
}

// Rights returns the rights on which d rests: of the caller and the service of h, as they
// were when d was made. They judge an item that came back as [Snapshot.Decide] judged one
// that was asked for.
func (s *Snapshot) Rights(d *Decision, h *egon.Head, now time.Time) Rights {
	i := &h.Info
	row, _ := s.row(i.Agenda, i.AgendovaRole, i.Ovm, now)
	return Rights{rights{grant: d.Grant, row: row, policy: s}, h.Service}
}

// Of returns the rights to the items of another service, whose reply one of the decision's
// delivers (E100).
func (r Rights) Of(s *egon.Service) Rights {
	r.service = s
	return r
}

// PermitUnlisted is Permit of an item that no published list has, such as one of the policy's
// vocabulary. It is false for any other.
func (r Rights) PermitUnlisted(word string) bool { return !egon.ListedItem(word) && r.Permit(word) }

// Permit reports whether the caller may have an item, by its word. It does not allocate
// for words of up to 32 bytes.
func (r Rights) Permit(word string) bool {
	return r.grant != nil && r.service != nil && r.permits(r.service, []byte(word))
}

// ByMatrix reports whether a row of the matrix, and no grant, could give an item.
func (r Rights) ByMatrix(word string) bool {
	return r.service != nil && sourceFor(r.service, word) == matrixOnly
}
