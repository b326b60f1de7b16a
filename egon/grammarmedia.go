package egon

// The question of E198. The element of the data has no second "Data" in the
// middle of its name, unlike its type and the prose of the seed.
var elMediaZadost = &element{space: NSMedia, name: "Zadost", rank: 4, required: true,
	kids: []*element{
		{space: NSMedia, name: "IszrAgendaMediaCtiPodleUdajuData", rank: 1, required: true,
			declared: typeName{NSMediaData, "IszrAgendaMediaDataCtiPodleUdajuDataType"},
			kids: []*element{
				{space: NSMediaData, name: "AgendaZdroj", rank: 1, text: plain,
					declared: typeName{NSMediaData, "AgendaZdrojMediaDataType"},
					value:    func(h *Head) *[]byte { return &h.Media.AgendaZdroj }},
				{space: NSMediaData, name: "Ais", rank: 2, text: collapsedText,
					declared: typeName{NSReg, "KodAisType"},
					value:    func(h *Head) *[]byte { return &h.Media.Ais }},
				{space: NSMediaData, name: "Dotaz", rank: 3, required: true,
					declared: typeName{NSMediaData, "IszrAisSeMediaCtiPodleUdajuDataType"},
					kids:     []*element{elMediaData},
					attrs: []attribute{{name: "verzeSluzby",
						value: func(h *Head) *[]byte { return &h.Media.VerzeSluzby }}}},
			}},
	}}

var elMediaData = &element{space: NSMediaData, name: "AisSeMediaCtiPodleUdajuData", rank: 1,
	required: true,
	declared: typeName{NSMediaData, "IszrAisSeMediaCtiPodleUdajuDotazDataType"},
	kids: []*element{
		{space: NSMediaData, name: "KriteriaProFotky", rank: 1, kids: []*element{
			{space: NSMediaData, name: "DatumOd", rank: 1, text: collapsedText,
				declared: typeName{NSEvidence, "DatumType"},
				value:    func(h *Head) *[]byte { return &h.Media.Photos.DatumOd }},
			{space: NSMediaData, name: "DatumDo", rank: 2, text: collapsedText,
				declared: typeName{NSEvidence, "DatumType"},
				value:    func(h *Head) *[]byte { return &h.Media.Photos.DatumDo }},
			{space: NSMediaData, name: "Pocet", rank: 3, text: collapsedText,
				declared: typeName{NSSchema, "int"},
				fallback: "1", value: func(h *Head) *[]byte { return &h.Media.Photos.Pocet }},
		}},
		{space: NSMediaData, name: "KriteriaProPodpis", rank: 2, kids: []*element{
			{space: NSMediaData, name: "DatumOd", rank: 1, text: collapsedText,
				declared: typeName{NSEvidence, "DatumType"},
				value:    func(h *Head) *[]byte { return &h.Media.Signatures.DatumOd }},
			{space: NSMediaData, name: "DatumDo", rank: 2, text: collapsedText,
				declared: typeName{NSEvidence, "DatumType"},
				value:    func(h *Head) *[]byte { return &h.Media.Signatures.DatumDo }},
			{space: NSMediaData, name: "Pocet", rank: 3, text: collapsedText,
				declared: typeName{NSSchema, "int"},
				fallback: "1", value: func(h *Head) *[]byte { return &h.Media.Signatures.Pocet }},
		}},
		{space: NSMediaData, name: "KlicProSifrovani", rank: 3, text: rawText,
			declared: typeName{NSSchema, "base64Binary"},
			value:    func(h *Head) *[]byte { return &h.Media.Klic }},
		elDotaz1, elDotaz2, elDotaz3, elDotaz4, elDotaz5,
	},
	attrs: []attribute{
		{name: "typPorovnani", value: func(h *Head) *[]byte { return &h.Media.TypPorovnani }},
		{name: "znepristupniLog", value: func(h *Head) *[]byte { return &h.Media.ZnepristupniLog },
			collapse: true},
	},
}

// The five combinations of search inputs. They are alternatives. Two of them are read,
// so that Check can refuse the second.
var (
	elDotaz1 = &element{space: NSMediaData, name: "Dotaz1JmPrijRC", rank: 4, many: true,
		kind: Dotaz1JmPrijRC,
		kids: []*element{elJmeno, elPrijmeni, elRodneCislo}}
	elDotaz2 = &element{space: NSMediaData, name: "Dotaz2JmPrijDatNar", rank: 4, many: true,
		kind: Dotaz2JmPrijDatNar,
		kids: []*element{elJmeno, elPrijmeni, elDatumNarozeni}}
	elDotaz3 = &element{space: NSMediaData, name: "Dotaz3JmPrijDatNarMN", rank: 4, many: true,
		kind: Dotaz3JmPrijDatNarMN,
		kids: []*element{elJmeno, elPrijmeni, elDatumNarozeni, elMistoNarozeni}}
	elDotaz4 = &element{space: NSMediaData, name: "Dotaz4JmPrijDatNarTP", rank: 4, many: true,
		kind: Dotaz4JmPrijDatNarTP,
		kids: []*element{elJmeno, elPrijmeni, elDatumNarozeni, elTrvalyPobyt}}
	elDotaz5 = &element{space: NSMediaData, name: "Dotaz5JmPrijDoklad", rank: 4, many: true,
		kind: Dotaz5JmPrijDokladEmpty,
		kids: []*element{elJmeno, elPrijmeni, elOp, elCd}}
)

// The search inputs.
var (
	elJmeno = &element{space: NSMediaData, name: "Jmeno", rank: 1, text: rawText,
		declared: typeName{NSEvidence, "JmenoType"},
		value:    func(h *Head) *[]byte { return &h.Media.Jmeno }}
	elPrijmeni = &element{space: NSMediaData, name: "Prijmeni", rank: 2, text: rawText,
		declared: typeName{NSEvidence, "PrijmeniType"},
		value:    func(h *Head) *[]byte { return &h.Media.Prijmeni }}
	elRodneCislo = &element{space: NSMediaData, name: "RodneCislo", rank: 3, text: rawText,
		declared: typeName{NSEvidence, "RodneCisloType"},
		value:    func(h *Head) *[]byte { return &h.Media.RodneCislo }}
	elDatumNarozeni = &element{space: NSMediaData, name: "DatumNarozeni", rank: 3, text: rawText,
		declared: typeName{NSEvidence, "DatumType"},
		value:    func(h *Head) *[]byte { return &h.Media.DatumNarozeni }}
	elTrvalyPobyt = &element{space: NSMediaData, name: "TrvalyPobyt", rank: 4, text: rawText,
		declared: typeName{NSReg, "KodAdresniMistoType"},
		value:    func(h *Head) *[]byte { return &h.Media.TrvalyPobyt }}
	elMistoNarozeni = &element{space: NSMediaData, name: "MistoNarozeni", rank: 4,
		declared: typeName{NSRobTypes, "MistoNarozeniType"}, kids: []*element{
			{space: NSRobTypes, name: "NarozeniCr", rank: 1, text: rawText,
				declared: typeName{NSRobTypes, "MistoCrType"},
				value:    func(h *Head) *[]byte { return &h.Media.NarozeniCr },
				attrs: []attribute{{name: "obec", value: func(
					h *Head) *[]byte {
					return &h.Media.NarozeniObec
				}, collapse: true}}},
			{space: NSRobTypes, name: "NarozeniSvet", rank: 1,
				declared: typeName{NSRobTypes, "MistoSvetType"},
				kids: []*element{
					{space: NSRobTypes, name: "MistoSvet", rank: 1, text: rawText,
						value: func(h *Head) *[]byte { return &h.Media.MistoSvet }},
					{space: NSRobTypes, name: "Stat", rank: 2, text: rawText,
						declared: typeName{NSReg, "KodStatType"},
						value:    func(h *Head) *[]byte { return &h.Media.Stat }},
				}},
		}}
	elOp = &element{space: NSMediaData, name: "Op", rank: 3, kind: Dotaz5JmPrijDokladOp,
		kids: []*element{
			{space: NSMediaData, name: "OpCislo", rank: 1, text: rawText,
				declared: typeName{NSEvidence, "OPCisloType"},
				value:    func(h *Head) *[]byte { return &h.Media.OpCislo }},
			{space: NSMediaData, name: "OpSerie", rank: 2, text: rawText,
				declared: typeName{NSEvidence, "OPSerieType"},
				value:    func(h *Head) *[]byte { return &h.Media.OpSerie }},
		}}
	elCd = &element{space: NSMediaData, name: "Cd", rank: 3, kind: Dotaz5JmPrijDokladCd,
		kids: []*element{
			{space: NSMediaData, name: "CdCislo", rank: 1, text: rawText,
				declared: typeName{NSEvidence, "CDCisloType"},
				value:    func(h *Head) *[]byte { return &h.Media.CdCislo }},
			{space: NSMediaData, name: "CdDruh", rank: 2, text: rawText,
				declared: typeName{NSEvidence, "DruhCestovnihoDokladuType"},
				value:    func(h *Head) *[]byte { return &h.Media.CdDruh }},
		}}
)
