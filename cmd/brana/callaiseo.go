package main

import (
	"fmt"

	"brana/egon"
	"brana/egon/xmltext"
)

// nsAiseo is the beginning of the namespaces of questions to AISEO.
const nsAiseo = "urn:cz:isvs:aiseo:schemas:"

// asksAiseo reports whether flags can ask a service of AISEO, or send the message by which
// the bus asks AISEO for it.
func asksAiseo(s *egon.Service) bool {
	switch aiseoCode(s) {
	case "E158", "E159", "E160", "E171", "E172", "E270":
		return s.Publisher == "" || s.Publisher == "aiseo"
	}
	return false
}

// aiseoCode is the code of a service, and of a message that of the first service that the
// bus composes with it.
func aiseoCode(s *egon.Service) string {
	if s.Internal() && len(s.Serves) > 0 {
		return s.Serves[0]
	}
	return s.Code
}

// aiseo is the question of a service or message of AISEO: for persons by names, birth date
// and birth number, or for one person by AIFO.
func (q *queryFlags) aiseo(s *egon.Service) ([]byte, error) {
	code := aiseoCode(s)
	switch code {
	case "E159", "E171", "E270":
		return q.aiseoRead(s)
	}
	var jmeno, prijmeni string
	if q.Name != "" {
		var err error
		if jmeno, prijmeni, err = q.names(); err != nil {
			return nil, err
		}
	}
	complete := q.Name != "" && q.Born != ""
	switch {
	case code == "E158" && (!complete || q.Rc == ""):
		return nil, fmt.Errorf("%s needs --name, --born and --rc", s.Code)
	case code == "E160" && !complete && q.Rc == "":
		return nil, fmt.Errorf("%s needs --rc, or --name and --born", s.Code)
	case code == "E172" && (q.Name == "" || q.Born+q.Rc == ""):
		return nil, fmt.Errorf("%s needs --name, and --born or --rc or both beside it", s.Code)
	}
	names := [][2]string{{"Jmeno", jmeno}, {"Prijmeni", prijmeni}, {"DatumNarozeni", q.Born}}
	switch code {
	case "E158":
		return q.aiseoQuestion(s, "AiseoZtotozneni", "", append(names, [2]string{"RC", q.Rc})), nil
	case "E160":
		values := append(names, [2]string{"RodneCislo", q.Rc})
		return q.aiseoQuestion(s, "AiseoCtiPodleUdaju", "", values), nil
	}
	combination := "Parametr12RCJmPrijDatNar"
	switch {
	case q.Rc == "":
		combination = "Parametr9JmPrijDatNar"
	case q.Born == "":
		combination = "Parametr1RCJmPrij"
	}
	values := append([][2]string{{"RodneCislo", q.Rc}}, names...)
	return q.aiseoQuestion(s, "AiseoCtiPodleUdaju2", combination, values), nil
}

// aiseoQuestion is the element with the values that are not empty: Zadost of a service,
// Dotaz of a message. They are inside a combination if it has a name. schema is the end of
// their namespace.
func (q *queryFlags) aiseoQuestion(s *egon.Service, schema, combination string,
	values [][2]string) []byte {
	dst := q.openAiseo(nil, s)
	space := nsAiseo + schema + ":v1"
	if combination != "" {
		dst = fmt.Appendf(dst, `<x:%s xmlns:x="%s">`, combination, space)
	}
	for _, v := range values {
		switch {
		case v[1] == "":
		case combination != "":
			dst = appendLeaf(dst, "x:"+v[0], v[1])
		default:
			dst = fmt.Appendf(dst, `<x:%s xmlns:x="%s">%s</x:%[1]s>`, v[0], space,
				xmltext.AppendText(nil, v[1]))
		}
	}
	if combination != "" {
		dst = fmt.Appendf(dst, "</x:%s>", combination)
	}
	return shutAiseo(dst, s)
}

// openAiseo opens the element of a question, with its attributes.
func (q *queryFlags) openAiseo(dst []byte, s *egon.Service) []byte {
	if s.Internal() {
		return fmt.Appendf(dst, "<e:Dotaz%s>", q.aiseoOptions(s))
	}
	return fmt.Appendf(dst, `<z:Zadost xmlns:z="%s"><z:%sData%s>`, s.Namespace, s.Request,
		q.aiseoOptions(s))
}

func shutAiseo(dst []byte, s *egon.Service) []byte {
	if s.Internal() {
		return append(dst, "</e:Dotaz>"...)
	}
	return fmt.Appendf(dst, "</z:%sData></z:Zadost>", s.Request)
}

// aiseoOptions are the attributes of a question that the service or message has.
func (q *queryFlags) aiseoOptions(s *egon.Service) (attrs string) {
	code := aiseoCode(s)
	if q.Compare != "" && (code == "E160" || code == "E172") {
		attrs = fmt.Sprintf(` typPorovnani="%s"`, xmltext.AppendAttr(nil, q.Compare))
	}
	if q.HideLog && code != "E160" && s.Code != "X10" {
		attrs += ` znepristupniLog="true"`
	}
	return attrs
}

// aiseoRead is a MapaAifo with the person to be read, and the element of the question, which
// E159 and X11 do not have.
func (q *queryFlags) aiseoRead(s *egon.Service) ([]byte, error) {
	agenda := "the caller"
	if s.Internal() {
		agenda = "AISEO"
	}
	if q.Aifo == "" {
		return nil, fmt.Errorf("%s needs --aifo, the AIFO of a person in the agenda of %s; "+
			"E158, E160 and E172 return that of the caller", s.Code, agenda)
	}
	name := "abs:MapaAifo"
	if s.Internal() {
		name = "e:MapaAifo"
	}
	dst := fmt.Appendf(nil, "<%s><reg:PrevodAifo><reg:LokalniAifo>1</reg:LokalniAifo>", name)
	dst = appendLeaf(dst, "reg:GlobalniAifo", q.Aifo)
	dst = fmt.Appendf(dst, "</reg:PrevodAifo></%s>", name)
	if aiseoCode(s) == "E159" {
		return dst, nil
	}
	return shutAiseo(q.openAiseo(dst, s), s), nil
}
