package gateway

import (
	"net/netip"
	"slices"
	"unicode/utf8"

	"brana/audit"
	"brana/egon"
	"brana/policy"
)

// A use is one record of use while it is made. It borrows from its request, and is used
// again, so that a record allocates nothing.
type use struct {
	call   audit.Call
	result audit.Result

	head       egon.Head   // of a call that was not granted, censored
	items      []egon.Word // of head
	refused    []audit.Refused
	removed    []audit.Refused
	parameters []string
	subKody    []string
	returned   []string
	registries []audit.Registry
}

// An intent is what the record of use has of a call that goes on. An exchange has it, and
// an asynchronous call's job has it too; each records one outcome of it.
type intent struct {
	number uint64 // of its record; 0: there is none
	late   bool   // it could not be written: the call is recorded whole at its end
}

// An origin is where a request came from.
type origin struct {
	peer        netip.AddrPort
	certificate string // serial number of the caller's certificate, hex
}

// clear lets go of what the record borrowed.
func (u *use) clear() {
	clear(u.items)
	*u = use{
		items:      u.items[:0],
		refused:    u.refused[:0],
		removed:    u.removed[:0],
		parameters: u.parameters[:0],
		subKody:    u.subKody[:0],
		returned:   u.returned[:0],
		registries: u.registries[:0],
	}
}

// prefix returns the first characters of a text, most at most.
func prefix(text []byte, most int) []byte {
	if len(text) <= most {
		return text
	}
	end := 0
	for range most {
		_, n := utf8.DecodeRune(text[end:])
		end += n
	}
	return text[:end]
}

func (u *use) parametersOf(m *egon.MediaQuery) []string {
	if m == nil {
		return nil
	}
	if m.Photos.Used || m.Signatures.Used {
		u.parameters = append(u.parameters, policy.MediaCriteria)
	}
	if m.HideLog() {
		u.parameters = append(u.parameters, policy.HideLog)
	}
	return u.parameters
}

// subKodyOf are the sub-codes of a refusal, each once.
func (u *use) subKodyOf(r *Refusal) []string {
	if r == nil || r.Kind.SubKod == "" {
		return nil
	}
	u.subKody = append(u.subKody, r.Kind.SubKod)
	for i := range r.Details {
		if sub := r.Details[i].SubKod; !slices.Contains(u.subKody, sub) {
			u.subKody = append(u.subKody, sub)
		}
	}
	return u.subKody
}

func (u *use) returnedOf(items *egon.Returned) []string {
	u.returned = slices.AppendSeq(u.returned, items.Words())
	return u.returned
}

func (u *use) registriesOf(tr *egon.Trace) []audit.Registry {
	for _, s := range tr.Spans() {
		u.registries = append(u.registries, audit.Registry{
			Name:    s.Registry,
			Message: s.Message,
			Result:  string(s.Result),
			Took:    s.Took,
		})
	}
	return u.registries
}
