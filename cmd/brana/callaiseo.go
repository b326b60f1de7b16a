package main

import (
	"errors"
	"fmt"

	"brana/egon"
	"brana/egon/xmltext"
)

// nsAiseo is the beginning of the namespaces of questions to AISEO.
const nsAiseo = "urn:cz:isvs:aiseo:schemas:"

// asksAiseo reports whether a service is one of AISEO that flags can ask.
func asksAiseo(s *egon.Service) bool {
	switch s.Code {
	case "E158", "E159", "E160", "E171", "E172", "E270":
		return true
	}
	return false
}

// aiseo is the question of a service of AISEO: for persons by names, birth date
// and birth number, or for one person by AIFO.
func (q *queryFlags) aiseo(s *egon.Service) ([]byte, error) {
	switch s.Code {
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
	case s.Code == "E158" && (!complete || q.Rc == ""):
		return nil, errors.New("E158 needs --name, --born and --rc")
	case s.Code == "E160" && !complete && q.Rc == "":
		return nil, errors.New("E160 needs --rc, or --name and --born")
	case s.Code == "E172" && (q.Name == "" || q.Born+q.Rc == ""):
		return nil, errors.New("E172 needs --name, and --born or --rc or both beside it")
	}
	names := [][2]string{{"Jmeno", jmeno}, {"Prijmeni", prijmeni}, {"DatumNarozeni", q.Born}}
	switch s.Code {
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

// aiseoQuestion is the element Zadost with the values that are not empty. They
// are inside a combination if it has a name. schema is the end of their
// namespace.
func (q *queryFlags) aiseoQuestion(s *egon.Service, schema, combination string,
	values [][2]string) []byte {
	dst := fmt.Appendf(nil, `<z:Zadost xmlns:z="%s" xmlns:x="%s%s:v1"><z:%sData%s>`, s.Namespace,
		nsAiseo, schema, s.Request, q.aiseoOptions(s))
	if combination != "" {
		dst = fmt.Appendf(dst, "<x:%s>", combination)
	}
	for _, v := range values {
		if v[1] != "" {
			dst = appendLeaf(dst, "x:"+v[0], v[1])
		}
	}
	if combination != "" {
		dst = fmt.Appendf(dst, "</x:%s>", combination)
	}
	return fmt.Appendf(dst, "</z:%sData></z:Zadost>", s.Request)
}

// aiseoOptions are the attributes of a question that the service has.
func (q *queryFlags) aiseoOptions(s *egon.Service) (attrs string) {
	if q.Compare != "" && (s.Code == "E160" || s.Code == "E172") {
		attrs = fmt.Sprintf(` typPorovnani="%s"`, xmltext.AppendAttr(nil, q.Compare))
	}
	if q.HideLog && s.Code != "E160" {
		attrs += ` znepristupniLog="true"`
	}
	return attrs
}

// aiseoRead is a MapaAifo with the person to be read, and the element Zadost,
// which E159 does not have.
func (q *queryFlags) aiseoRead(s *egon.Service) ([]byte, error) {
	if q.Aifo == "" {
		return nil, fmt.Errorf(
			"%s needs --aifo, the AIFO of a person in the agenda of the caller; "+
				"E158, E160 and E172 return it",
			s.Code,
		)
	}
	dst := []byte("<abs:MapaAifo><reg:PrevodAifo><reg:LokalniAifo>1</reg:LokalniAifo>")
	dst = append(appendLeaf(dst, "reg:GlobalniAifo", q.Aifo), "</reg:PrevodAifo></abs:MapaAifo>"...)
	if s.Code == "E159" {
		return dst, nil
	}
	return fmt.Appendf(
		dst, `<z:Zadost xmlns:z="%s"><z:%sData%s/></z:Zadost>`,
		s.Namespace, s.Request, q.aiseoOptions(s),
	), nil
}
