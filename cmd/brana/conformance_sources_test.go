package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// chapters are the chapters of descriptions that say what a service does, with the
// headings between which they stand.
var chapters = []struct{ service, from, to string }{
	{"E198", "5 Účel služby - detailní popis", "7 Rozpad eGon služby"},
	{"E198", "8 Vstupní údaje Vstupní údaje obsahují", "10 Příklad volání služby"},
	{"E198", "11 Výstupní údaje Výstup obsahuje", "12 Příklad odpovědi"},
	{"E227", "5 Účel služby - detailní popis", "7 Rozpad egon služby"},
	{"E227", "8 Vstupní údaje Vstupní údaje obsahují", "10 Příklad volání služby"},
	{"E227", "11 Výstupní údaje Výstupní údaje obsahují", "12 Příklad odpovědi"},
}

// beside has the parts of those chapters that demand nothing of a service: headings,
// also of tables and lists, and a reference.
var beside = map[string][]string{
	"E198": {
		"5 Účel služby - detailní popis", "6 Věcná pravidla vztahující se ke zpracování služby", "8 Vstupní údaje", "8.1 ZadostInfo",
		"8.2 AutorizaceInfo", "8.2.1 Seznam údajů pro ROB a RUIAN", "8.2.2 Seznam údajů pro evidence EOP a ECD", "8.3 Zadost",
		"8.3.1 Element Dotaz", "9 Kontroly při volání služby", "11 Výstupní údaje", "11.1 OdpovedInfo", "11.1.1 Stavy", "11.2 MapaAifo",
		"11.3 SeznamIdAdres", "11.4 OrgOdpoved", "11.5 RobOdpoved", "11.5.1 RobOverHromadneAifoDataResponse",
		"11.5.2 RobCtiPodleUdajuDataResponse", "11.6 RuianOdpoved", "11.7 EopOdpoved", "11.8 EcdOdpoved",
		"Validní jsou následující hodnoty: Hodnota Poznámka", "Validní hodnoty jsou: Hodnota Popis", "Platí:",
		"Stav VAROVANI nastává v situacích:", "Stav CHYBA nastává v situacích:",
		"Popis dešifrování je uveden v samostatné dokumentaci.",
	},
	"E227": {
		"5 Účel služby - detailní popis", "6 Věcná pravidla vztahující se ke zpracování služby", "8 Vstupní údaje", "8.1 ZadostInfo",
		"8.2 Zadost", "9 Kontroly při volání služby", "11 Výstupní údaje", "11.1 OdpovedInfo", "11.1.1 Stavy", "11.2 IszrOdpoved",
		"Chování pro aplikační status je definováno následovně: Situace",
	},
}

// Each sentence of the chapters is shown by a scenario that quotes it word for
// word. Asynchronous calls apart, nothing is left out.
func TestEverySentenceIsShown(t *testing.T) {
	shared := sharedFolder(t)
	rest := map[string]string{}
	for _, c := range chapters {
		text := seedText(t, filepath.Join(shared, "seeds", strings.ToLower(c.service)+".txt"))
		from := strings.LastIndex(text, c.from)
		chapter, _, found := strings.Cut(text[max(from, 0):], c.to)
		if from < 0 || !found {
			t.Fatalf("%s has no chapter from %q to %q", c.service, c.from, c.to)
		}
		rest[c.service] += " | " + chapter
	}
	whole := map[string]string{"E198": rest["E198"], "E227": rest["E227"]}
	take := func(service, sentence string) {
		if !strings.Contains(whole[service], sentence) {
			t.Errorf("%s does not say: %s", service, sentence)
		}
		rest[service] = strings.Replace(rest[service], sentence, " | ", 1)
	}
	for _, s := range longestFirst(scenarios(t)) {
		take(s.kind, s.text)
	}
	for service, list := range beside {
		for _, words := range list {
			take(service, words)
		}
	}
	for service, text := range rest {
		for _, left := range strings.Split(text, "|") {
			if left = strings.Trim(left, " o•-"); len(left) > 0 {
				t.Errorf("%s: no scenario shows: %s", service, left)
			}
		}
	}
}

// longestFirst returns the sentences that scenarios quote, each once, so that
// one within another is taken after it.
func longestFirst(all []scenario) (sentences []source) {
	for _, s := range all {
		for _, src := range s.shows {
			if (src.kind == "E198" || src.kind == "E227") && !slices.Contains(sentences, src) {
				sentences = append(sentences, src)
			}
		}
	}
	slices.SortStableFunc(sentences, func(a, b source) int { return len(b.text) - len(a.text) })
	return sentences
}

var (
	pageMark = regexp.MustCompile(`(?m)^\(\d+\)\s*$|Na Vápence 14 Strana \d+ z \d+ www\.szrcr\.cz`)
	blanks   = regexp.MustCompile(`\s+`)
)

// seedText is a description as one line, without marks of pages.
func seedText(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return blanks.ReplaceAllString(pageMark.ReplaceAllString(string(text), " "), " ")
}

// Each rule of where the descriptions are short has its scenario, and so has
// each message to a registry.
func TestEveryRuleIsShown(t *testing.T) {
	shown := map[string]int{}
	for _, s := range scenarios(t) {
		for _, src := range s.shows {
			shown[src.kind+" "+src.at]++
		}
	}
	for n := 1; n <= 25; n++ {
		if shown["rule "+strconv.Itoa(n)] == 0 {
			t.Errorf("no scenario shows rule %d", n)
		}
	}
	for _, step := range []string{"X21", "X22", "G27", "G02", "O25", "O08", "A28"} {
		if shown["step "+step] == 0 {
			t.Errorf("no scenario shows message %s", step)
		}
	}
}
