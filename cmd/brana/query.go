package main

import (
	"errors"
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// queryFlags are the search inputs of E198, and those of them that E05, E278 and
// the services of AISEO have.
type queryFlags struct {
	Source string `default:"Eop" enum:"Eop,Ecd" help:"E198: evidence, Eop or Ecd." group:"question"`
	Name   string `placeholder:"\"JMENO PRIJMENI\"" help:"Names; the last word is the surname, or what follows a slash." group:"question"`

	Born       string `placeholder:"DATE" help:"DatumNarozeni." group:"question"`
	Rc         string `help:"RodneCislo." group:"question"`
	Birthplace string `placeholder:"CODE" help:"RUIAN code of the municipality of birth." group:"question"`
	District   string `placeholder:"CODE" help:"RUIAN code of the Prague district of birth." group:"question"`
	Abroad     string `placeholder:"PLACE/STATE" help:"Place of birth abroad and the code of its state." group:"question"`
	Address    string `placeholder:"CODE" help:"RUIAN code of the permanent residence." group:"question"`
	Op         string `placeholder:"NUMBER[/SERIES]" help:"Identity card." group:"question"`
	Cd         string `placeholder:"NUMBER[/KIND]" help:"Travel document." group:"question"`

	Aifo string `placeholder:"AIFO" help:"E159, E171, E270: the person's AIFO in the agenda of the caller." group:"question"`

	From    string `placeholder:"DATE" help:"E198: media issued since (DatumOd)." group:"question"`
	To      string `placeholder:"DATE" help:"E198: media issued until (DatumDo)." group:"question"`
	Count   string `placeholder:"N" help:"E198: the greatest number of media (Pocet)." group:"question"`
	Compare string `placeholder:"HOW" help:"typPorovnani: striktni, diakritika or ascii." group:"question"`
	HideLog bool   `help:"znepristupniLog." group:"question"`
}

// names splits a full name.
func (q *queryFlags) names() (jmeno, prijmeni string, err error) {
	at := strings.LastIndexAny(q.Name, "/")
	if at < 0 {
		at = strings.LastIndexByte(q.Name, ' ')
	}
	if at <= 0 || at == len(q.Name)-1 {
		return "", "", errors.New(`--name needs both names, as --name "Zoran Vosáhlo"`)
	}
	return strings.TrimSpace(q.Name[:at]), strings.TrimSpace(q.Name[at+1:]), nil
}

// media is the question of E198. The flags that are set decide its combination.
func (q *queryFlags) media() (*egon.MediaQuery, error) {
	jmeno, prijmeni, err := q.names()
	if err != nil {
		return nil, err
	}
	m := &egon.MediaQuery{
		AgendaZdroj:   []byte(q.Source),
		Queries:       1,
		Jmeno:         []byte(jmeno),
		Prijmeni:      []byte(prijmeni),
		TypPorovnani:  optionalBytes(q.Compare),
		DatumNarozeni: optionalBytes(q.Born),
	}
	if q.HideLog {
		m.ZnepristupniLog = []byte("true")
	}
	criteria := egon.Criteria{
		Used:    q.From+q.To+q.Count != "",
		DatumOd: optionalBytes(q.From),
		DatumDo: optionalBytes(q.To),
		Pocet:   optionalBytes(q.Count),
	}
	m.Photos, m.Signatures = criteria, criteria
	return m, q.combination(m)
}

func (q *queryFlags) combination(m *egon.MediaQuery) error {
	switch {
	case q.Rc != "":
		m.Kind, m.RodneCislo, m.DatumNarozeni = egon.Dotaz1JmPrijRC, []byte(q.Rc), nil
	case q.Op != "":
		number, series, _ := strings.Cut(q.Op, "/")
		m.Kind, m.DatumNarozeni = egon.Dotaz5JmPrijDokladOp, nil
		m.OpCislo, m.OpSerie = []byte(number), optionalBytes(series)
	case q.Cd != "":
		number, kind, _ := strings.Cut(q.Cd, "/")
		m.Kind, m.DatumNarozeni = egon.Dotaz5JmPrijDokladCd, nil
		m.CdCislo, m.CdDruh = []byte(number), optionalBytes(kind)
	case q.Born == "":
		return errors.New("--name needs --born, --rc, --op or --cd beside it")
	case q.Birthplace != "":
		m.Kind, m.NarozeniCr = egon.Dotaz3JmPrijDatNarMN, []byte(q.Birthplace)
	case q.District != "":
		m.Kind = egon.Dotaz3JmPrijDatNarMN
		m.NarozeniCr, m.NarozeniObec = []byte(q.District), []byte("false")
	case q.Abroad != "":
		place, state, _ := strings.Cut(q.Abroad, "/")
		m.Kind, m.MistoSvet, m.Stat = egon.Dotaz3JmPrijDatNarMN, []byte(place), []byte(state)
	case q.Address != "":
		m.Kind, m.TrvalyPobyt = egon.Dotaz4JmPrijDatNarTP, []byte(q.Address)
	default:
		m.Kind = egon.Dotaz2JmPrijDatNar
	}
	return nil
}

// search is the question of E05 and E278 by names and birth date.
func (q *queryFlags) search(s *egon.Service) ([]byte, error) {
	jmeno, prijmeni, err := q.names()
	if err != nil {
		return nil, err
	}
	data := strings.TrimPrefix(s.Action, "Iszr") + "Data"
	dst := []byte(`<z:Zadost xmlns:z="` + s.Namespace + `" xmlns:rod="` + egon.NSRobData + `"><z:` +
		data + `>`)
	if q.Born != "" {
		dst = appendLeaf(dst, "rod:DatumNarozeni", q.Born)
	}
	dst = appendLeaf(dst, "rod:Jmeno", jmeno)
	dst = appendLeaf(dst, "rod:Prijmeni", prijmeni)
	return append(dst, `</z:`+data+`></z:Zadost>`...), nil
}

func appendLeaf(dst []byte, name, value string) []byte {
	dst = append(dst, "<"+name+">"...)
	dst = xmltext.AppendText(dst, value)
	return append(dst, "</"+name+">"...)
}

func optionalBytes(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}
