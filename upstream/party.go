package upstream

import (
	"strconv"

	"brana/egon"
)

// The registries, as Puvodce names them.
var (
	iszrParty  = egon.Party{Kind: egon.Registr, Code: "ISZR"}
	orgParty   = egon.Party{Kind: egon.Registr, Code: "ORG"}
	robParty   = egon.Party{Kind: egon.Registr, Code: "ROB"}
	ruianParty = egon.Party{Kind: egon.Registr, Code: "RUIAN"}
)

// partyOf returns the party of an evidence.
func partyOf(c *Client) egon.Party {
	return egon.Party{Kind: egon.Ais, Code: strconv.Itoa(c.cfg.Ais)}
}

func agendaOf(c *Client) egon.AgendaAis {
	return egon.AgendaAis{Agenda: c.cfg.Agenda, Ais: strconv.Itoa(c.cfg.Ais)}
}

func callerOf(h *egon.Head) egon.AgendaAis {
	return egon.AgendaAis{Agenda: string(h.Info.Agenda), Ais: string(h.Info.Ais)}
}
