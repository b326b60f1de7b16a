package registries

// A System is an information system as ORG has it: an agenda, and the number of a
// system that is registered for it.
type System struct {
	Agenda string
	AIS    int
}

// Systems are the systems of the registries that identify persons.
type Systems struct{ ROB, EOP, ECD, AISEO System }

// DefaultSystems returns made-up agendas and numbers: the real ones are not
// public.
func DefaultSystems() Systems {
	return Systems{
		ROB:   System{"A101", 1},
		EOP:   System{"A102", 2},
		ECD:   System{"A103", 3},
		AISEO: System{"A104", 4},
	}
}

func (v Systems) withDefaults() Systems {
	d := DefaultSystems()
	for _, p := range []struct {
		have *System
		want System
	}{{&v.ROB, d.ROB}, {&v.EOP, d.EOP}, {&v.ECD, d.ECD}, {&v.AISEO, d.AISEO}} {
		if *p.have == (System{}) {
			*p.have = p.want
		}
	}
	return v
}
