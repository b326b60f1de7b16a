package registries

import (
	"encoding/hex"

	"brana/egon"
)

// answers are the services that the front answers with data. Any other service is
// answered with a bare OdpovedInfo.
func (f *front) answers() map[string]func(*message) reply {
	return map[string]func(*message) reply{
		"E05":  f.robCtiPodleUdaju,
		"E278": f.robCtiPodleUdaju,
		"E183": f.robOverHromadneAifo,
		"E158": f.aiseoZtotozneni,
		"E159": f.aiseoCtiAifo,
		"E171": f.aiseoCtiAifo,
		"E270": f.aiseoCtiAifo,
		"E160": f.aiseoCtiPodleUdaju,
		"E172": f.aiseoCtiPodleUdaju,
		"E227": f.vypisOpravneniPolozky,
	}
}

// front answers one message to /publikace/{code}. answers are those of the front, by
// code of the service.
func (x *exchange) front(code string, answers map[string]func(*message) reply) {
	x.entry.Registry, x.entry.Step, x.entry.Action = Front, code, soapAction(x.rc)
	if string(x.rc.Method()) != "POST" {
		x.text(405, "POST a SOAP 1.1 message")
		return
	}
	limit := frontHeld
	if x.settings.of(Front).Echo {
		limit = frontEcho
	}
	in, err := x.take(limit)
	if err != nil {
		x.text(400, err.Error())
		return
	}
	x.rc.Response.Header.Set("X-Request-Sha256", hex.EncodeToString(in.digest.Sum(nil)))
	if !x.begin() {
		return
	}
	if x.set.Mirror {
		x.set.ReplyBytes = max(x.set.ReplyBytes, in.size)
	}
	if x.set.Echo {
		x.echo(in)
		return
	}
	service := egon.ServiceByCode(code)
	if service == nil {
		x.fault("Client", "Neznámá služba.")
		return
	}
	m, err := in.message()
	if err != nil {
		x.fault("Client", "Zpráva není čitelná: "+err.Error())
		return
	}
	x.serveFront(service, m, answers[service.Code])
}

// serveFront answers a message that was read. A nil answer is that of a service without
// data.
func (x *exchange) serveFront(service *egon.Service, m *message,
	answer func(*message) reply) {
	m.entry, m.action = &x.entry, x.entry.Action
	m.bareItems, m.more, m.aiseoURL = x.set.BareItems, x.set.More, x.set.AiseoURL
	if !isID(m.info.IszrZadostId) {
		m.info.IszrZadostId = newID()
	}
	x.entry.AgendaZadostId, x.entry.IszrZadostId = m.info.AgendaZadostId, m.info.IszrZadostId
	switch {
	case m.body.Local != service.Request || m.body.Space != service.Namespace,
		m.action != "" && m.action != service.Action:
		x.send(
			m,
			frontReply(service, m, egon.Chyba, detail{subKod: "NEVALIDNI ZADOST", registr: "ISZR"}),
		)
	case x.fail == FailChyba:
		x.send(
			m,
			frontReply(service, m, egon.Chyba, detail{subKod: "NENI K DISPOZICI", registr: "ISZR"}),
		)
	case answer == nil || m.partial:
		x.send(m, frontReply(service, m, egon.OK))
	default:
		x.send(m, answer(m))
	}
}
