package policy

import (
	"unique"
)

// A Triple is a caller as the matrix knows it. The AIS is no part of it.
type Triple struct {
	Agenda, Role, Ovm string
}

// String returns agenda/role/ovm.
func (t Triple) String() string { return t.Agenda + "/" + t.Role + "/" + t.Ovm }

// handles are a triple in three words of memory: rows share the codes.
type handles [3]unique.Handle[string]

func handlesOf(t Triple) handles {
	return handles{unique.Make(t.Agenda), unique.Make(t.Role), unique.Make(t.Ovm)}
}

func (h handles) triple() Triple { return Triple{h[0].Value(), h[1].Value(), h[2].Value()} }
