package gateway

import (
	"bytes"
	"strings"
	"time"

	"brana/egon"
)

func replyOf(code, kod string) []byte {
	return egon.AppendReply(nil, egon.ServiceByCode(code), true, &egon.OdpovedInfo{
		CasOdpovedi:    time.Unix(0, 0).UTC(),
		Status:         egon.Status{Kod: kod},
		AgendaZadostId: requestID,
		IszrZadostId:   iszrID,
	})
}

// largeReply is a reply of about size bytes.
func largeReply(size int) []byte {
	doc := replyOf("E05", egon.OK)
	i := bytes.LastIndex(doc, []byte("</e:"))
	if i < 0 {
		i = bytes.LastIndex(doc, []byte("</s:Body>"))
	}
	return insert(doc, i, []byte("<x>"+strings.Repeat("A", size)+"</x>"))
}

func insert(doc []byte, at int, part []byte) []byte {
	return append(append(append([]byte(nil), doc[:at]...), part...), doc[at:]...)
}

// A call describes a request; what is empty takes the value of the caller with
// all rights.
type call struct {
	code   string
	ais    string
	id     string
	items  []string
	inner  string
	bare   bool
	triple *egon.RightsQuery
	queue  *egon.QueueQuery
	time   string // CasZadosti
}

func (c call) message() []byte {
	or := func(s, other string) []byte {
		if s == "" {
			s = other
		}
		return []byte(s)
	}
	inner := []byte(c.inner)
	code := string(or(c.code, "E05"))
	if s := egon.ServiceByCode(code); c.queue != nil {
		inner = egon.AppendQueueQuestion(nil, s, c.queue)
	}
	if code == "E227" && c.inner == "" {
		q := c.triple
		if q == nil {
			q = &egon.RightsQuery{
				Agenda:       []byte("X999"),
				AgendovaRole: []byte("XR1"),
				Ovm:          []byte("12345678"),
			}
		}
		inner = egon.AppendRightsQuestion(nil, q)
	}
	return egon.AppendRequest(nil, &egon.Request{
		Service:   egon.ServiceByCode(code),
		Enveloped: !c.bare,
		Items:     c.items,
		Inner:     inner,
		Info: &egon.ZadostInfo{
			CasZadosti:     or(c.time, "2026-01-02T03:04:05+01:00"),
			Agenda:         []byte("X999"),
			AgendovaRole:   []byte("XR1"),
			Ovm:            []byte("12345678"),
			Ais:            or(c.ais, "999001"),
			AgendaZadostId: or(c.id, requestID),
			Subjekt:        []byte("OVM"),
			Uzivatel:       []byte("test"),
			DuvodUcel:      []byte("test"),
		},
	})
}

// mediaCall is a request of E198 that the caller with all rights may make.
func mediaCall() []byte {
	return call{code: "E198", items: []string{"EopFoto", "Jmeno"}, inner: mediaInner(nil)}.message()
}

// mediaInner is a question of E198 with a change, which may be nil.
func mediaInner(change func(*egon.MediaQuery)) string {
	m := &egon.MediaQuery{
		AgendaZdroj:   []byte("Eop"),
		Kind:          egon.Dotaz2JmPrijDatNar,
		Klic:          []byte(strings.Repeat("MIIB", 98)),
		Jmeno:         []byte("Zoran"),
		Prijmeni:      []byte("Vosáhlo"),
		DatumNarozeni: []byte("1977-05-03"),
	}
	if change != nil {
		change(m)
	}
	return string(egon.AppendMediaQuestion(nil, m))
}

// largeMessage is a request of E05 whose tail is about size bytes.
func largeMessage(size int) []byte {
	return call{inner: "<x>" + strings.Repeat("A", size) + "</x>"}.message()
}
