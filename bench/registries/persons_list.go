package registries

import "time"

// Listed is one person as `persons --json` prints it: the keys of all searches, and
// the rule that the person shows.
type Listed struct {
	ID             int              `json:"id"`
	Jmeno          string           `json:"jmeno"`
	Prijmeni       string           `json:"prijmeni"`
	RobPrijmeni    string           `json:"rob_prijmeni,omitempty"` // only when it differs
	RodneCislo     string           `json:"rodne_cislo"`
	DatumNarozeni  string           `json:"datum_narozeni"`
	MistoNarozeni  ListedPlace      `json:"misto_narozeni"`
	TrvalyPobyt    int              `json:"trvaly_pobyt"`
	DorucovaciKod  int              `json:"dorucovaci_adresa,omitempty"`
	Op             []ListedDocument `json:"op,omitempty"` // newest first
	Cd             []ListedDocument `json:"cd,omitempty"` // newest first
	DatovaSchranka string           `json:"datova_schranka,omitempty"`
	Special        string           `json:"special,omitempty"`
}

// ListedPlace is a place of birth in the words of the query.
type ListedPlace struct {
	NarozeniCr int    `json:"narozeni_cr,omitempty"`
	Obec       bool   `json:"obec"` // false: NarozeniCr is a district of Prague, or abroad
	MistoSvet  string `json:"misto_svet,omitempty"`
	Stat       int    `json:"stat,omitempty"`
}

// ListedDocument is a document in the words of the query.
type ListedDocument struct {
	Cislo       string `json:"cislo"`
	Serie       string `json:"serie,omitempty"`
	Druh        string `json:"druh,omitempty"`
	DatumVydani string `json:"datum_vydani"`
}

// List returns all special persons and the first n synthetic ones.
func (p *Population) List(n int) []Listed {
	var listed []Listed
	for _, x := range p.persons {
		if x.Special == "" {
			if n == 0 {
				break
			}
			n--
		}
		listed = append(listed, x.listed())
	}
	return listed
}

func (p *Person) listed() Listed {
	l := Listed{
		ID:            p.ID,
		Jmeno:         p.Jmeno,
		Prijmeni:      p.Prijmeni,
		RodneCislo:    p.RodneCislo,
		DatumNarozeni: p.Narozen.Format(time.DateOnly),
		MistoNarozeni: ListedPlace{p.Narozeni.Kod, p.Narozeni.Obec, p.Narozeni.MistoSvet,
			p.Narozeni.Stat},
		TrvalyPobyt:    p.Pobyt,
		DorucovaciKod:  p.Dorucovaci,
		Op:             listedDocuments(p.OP),
		Cd:             listedDocuments(p.CD),
		DatovaSchranka: p.DatovaSchranka,
		Special:        p.Special,
	}
	if p.RobPrijmeni != p.Prijmeni {
		l.RobPrijmeni = p.RobPrijmeni
	}
	return l
}

func listedDocuments(documents []Document) []ListedDocument {
	var listed []ListedDocument
	for _, d := range documents {
		listed = append(listed, ListedDocument{d.Cislo, d.Serie, d.Druh,
			d.VydanoDne.Format(time.DateOnly)})
	}
	return listed
}
