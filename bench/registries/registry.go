package registries

import "fmt"

// maxMessage is the largest request to a registry in bytes. It is read whole.
const maxMessage = 64 << 20

// registry is one registry: its messages by root element, and its reply when it
// breaks down.
type registry struct {
	name  string
	serve func(m *message) reply // a reply without head: the message is not one of the registry
	extra func(*message, *doc)   // writes what the schema demands beside OdpovedInfo; may be nil
}

// registry answers one message to a registry.
func (x *exchange) registry(r registry) {
	x.entry.Registry = r.name
	if string(x.rc.Method()) != "POST" {
		x.text(405, "POST a SOAP 1.1 message")
		return
	}
	body, err := x.readBody(maxMessage)
	if err != nil {
		x.text(413, err.Error())
		return
	}
	m, err := readMessage(body)
	if err == nil {
		x.entry.AgendaZadostId, x.entry.IszrZadostId = m.info.AgendaZadostId, m.info.IszrZadostId
	}
	if !x.begin() {
		return
	}
	if err != nil {
		x.fault("Client", "Zpráva není čitelná: "+err.Error())
		return
	}
	x.answer(r, m)
}

func (x *exchange) answer(r registry, m *message) {
	m.action = soapAction(x.rc)
	m.entry, m.media = &x.entry, x.staging()
	x.entry.Action, m.more = m.action, x.set.More
	if want := actionOf(m.body); m.action != want {
		x.fault("Client", fmt.Sprintf("SOAPAction neodpovídá zprávě, očekává se %.60q.", want))
		return
	}
	answer := r.serve(m)
	if answer.head == nil {
		x.fault("Client", fmt.Sprintf("Zprávu %.60q registr %s nezná.", m.body.Local, r.name))
		return
	}
	if x.fail == FailChyba {
		answer = m.chyba(r.extra)
	}
	x.send(m, answer)
}

func (x *exchange) staging() staging {
	return staging{photo: x.set.Photo, withheld: x.fail == FailWithheld, more: x.set.More}
}

// step enters the code of the step that r answers.
func (m *message) step(code string, r reply) reply {
	if r.head != nil {
		m.entry.Step = code
	}
	return r
}
