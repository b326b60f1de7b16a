package upstream

import (
	"brana/egon"
	"strconv"
)

var orgParty = egon.Party{Kind: egon.Registr, Code: "ORG"}

var robParty = egon.Party{Kind: egon.Registr, Code: "ROB"}

var ruianParty = egon.Party{Kind: egon.Registr, Code: "RUIAN"}

var iszrParty = egon.Party{Kind: egon.Registr, Code: "ISZR"}

// partyOf is whom an evidence is blamed as.
func partyOf(c *Client) egon.Party {
	return egon.Party{Kind: egon.Ais, Code: strconv.Itoa(c.cfg.Ais)}
}

func agendaOf(c *Client) egon.AgendaAis {
	return egon.AgendaAis{Agenda: c.cfg.Agenda, Ais: strconv.Itoa(c.cfg.Ais)}
}

func callerOf(h *egon.Head) egon.AgendaAis {
	return egon.AgendaAis{Agenda: string(h.Info.Agenda), Ais: string(h.Info.Ais)}
}
