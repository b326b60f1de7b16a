package upstream

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"brana/egon"
)

// asking is a question for words with criteria for photos: "DatumOd DatumDo
// Pocet", a dash for one that is absent; an empty string for none.
func asking(photos string, words ...string) *egon.Head {
	h := e198Head(words...)
	h.Media.Photos = criteriaOf(photos)
	return h
}

func criteriaOf(text string) egon.Criteria {
	value := func(word string) []byte {
		if word == "-" {
			return nil
		}
		return []byte(word)
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return egon.Criteria{}
	}
	return egon.Criteria{Used: true, DatumOd: value(words[0]), DatumDo: value(words[1]),
		Pocet: value(words[2])}
}

func photoOf(day string) string {
	return strings.Replace(photo, "2016-05-30", day, 1)
}

// answered reads media as the evidence's answer to h, byte by byte. It returns the bytes
// that go out and the elements that were left out.
func answered(h *egon.Head, media string) (given, dropped string, err error) {
	var left []string
	e := answerTo(h, media)
	e.leftOut = func(element string) { left = append(left, element) }
	if err := e.readHead(); err != nil {
		return "", "", err
	}
	b, err := io.ReadAll(e)
	_, given, _ = strings.Cut(string(b), aifo1)
	return strings.TrimSuffix(given, "</EopOdpovedV1>"), strings.Join(left, " "), err
}

// answerTo is an evidence that sends its answer to h byte for byte.
func answerTo(h *egon.Head, media string) *evidence {
	s, _ := egon.SourceOf(h.Media.AgendaZdroj)
	doc := envelope(eop("OK", known, appStatus("OK", "")+aifo1+media))
	return &evidence{
		call: &call{Client: &Client{cfg: Config{Name: "eop"}.withDefaults()}}, src: s, kinds: kindsAsked(h, s),
		leftOut: func(string) {}, tokens: newTokenReader(iotest.OneByteReader(strings.NewReader(doc))),
	}
}

// No more media go out than were asked for, whatever the evidence sends (seed
// E198 §8.3.1): a number of each kind, and only those of the period.
func TestMediaCriteria(t *testing.T) {
	a, b, c := photoOf("2021-03-15"), photoOf("2011-03-12"), photoOf("2001-03-09")
	dayFirst := "<s:Fotky><s:DatumVydani>2011-03-12</s:DatumVydani><s:Fotka>QUJD</s:Fotka></s:Fotky>"
	fotky := func(n int) string { return strings.TrimSpace(strings.Repeat("Fotky ", n)) }
	for _, tt := range []struct {
		name, criteria string
		sent, given    string
		dropped        string
	}{
		{"without criteria the newest, which comes first", "", a + b + c, a, fotky(2)},
		{"without criteria no period", "", c, c, ""},
		{"a count", "- - 2", a + b + c, a + b, fotky(1)},
		{"a count that is not reached", "- - 7", a + b, a + b, ""},
		{"a count of more than there can be", "- - 2147483647", a + b + c, a + b + c, ""},
		{"an empty count is one", "- - +1", a + b, a, fotky(1)},
		{"a period", "2002-01-01 2015-12-31 -", a + b + c, b, fotky(2)},
		{"a period without media", "2002-01-01 2003-12-31 -", a + b + c, "", fotky(3)},
		{"its bounds are in it", "2011-03-12 2021-03-15 -", a + b + c, a + b, fotky(1)},
		{"from a day on", "2011-03-12 - -", a + b + c, a + b, fotky(1)},
		{"until a day", "- 2011-03-12 -", a + b + c, b + c, fotky(1)},
		{"a period of one day", "2011-03-12 2011-03-12 -", a + b + c, b, fotky(2)},
		{"a period and a count: those outside are not counted", "- 2020-12-31 1", a + b + c, b,
			fotky(2)},
		{"zones do not count", "2011-03-12Z 2011-03-12+01:00 -", photoOf("2011-03-12-10:00"),
			photoOf("2011-03-12-10:00"), ""},
		{"white space does not count", "2011-03-12 2011-03-12 -", photoOf("\n 2011-03-12 "),
			photoOf("\n 2011-03-12 "), ""},
		{"the day before the picture", "2011-03-12 - -", dayFirst + c, dayFirst, fotky(1)},
		{"another day before the picture", "2012-01-01 - -", dayFirst + a, a, fotky(1)},
		{"no day, in a period", "2002-01-01 - -", "<s:Fotky><s:Fotka>QUJD</s:Fotka></s:Fotky>" + a,
			a, fotky(1)},
		{"a nil day, in a period", "2002-01-01 - -",
			`<s:Fotky><s:Fotka>QUJD</s:Fotka><s:DatumVydani/></s:Fotky>`, "", fotky(1)},
		{"no valid day, in a period", "2002-01-01 - -", photoOf("2011-03-40"), "", fotky(1)},
		{"a day and more, in a period", "2002-01-01 - -",
			photoOf("2011-03-12" + strings.Repeat(" ", maxDay) + "x"), "", fotky(1)},
		{"a second day is none", "2002-01-01 2015-01-01 -",
			strings.Replace(a, "</s:Fotky>", "<s:DatumVydani>2011-03-12</s:DatumVydani></s:Fotky>",
				1), "", fotky(1)},
		{"an empty medium, in a period", "2002-01-01 - -", "<s:Fotky/>" + a, a, fotky(1)},
		{"a second picture in a medium", "",
			strings.Replace(a, "<s:DatumVydani>", "<s:Fotka>QUJD</s:Fotka><s:DatumVydani>",
				1), a, "Fotka"},
		{"a signature in a photo", "", strings.Replace(a, "<s:DatumVydani>",
			"<s:Podpis>QUJD</s:Podpis><s:DatumVydani>", 1), a, "Podpis"},
		{"text beside the picture", "", strings.Replace(a, "<s:DatumVydani>",
			"RC7705031111<s:DatumVydani>", 1), a, "#text"},
	} {
		given, dropped, err := answered(asking(tt.criteria, "EopFoto"), tt.sent)
		if err != nil || given != tt.given || dropped != tt.dropped {
			t.Errorf("%s: got %s, dropped %q, %v\nwant %s, dropped %q", tt.name, given, dropped,
				err, tt.given, tt.dropped)
		}
	}
}

// Each kind has its own criteria and its own count.
func TestMediaCriteriaOfEachKind(t *testing.T) {
	h := asking("- - 2", "EopFoto", "EopPodpis")
	h.Media.Signatures = criteriaOf("2017-01-01 - -")
	late := strings.Replace(sign, "2016", "2018", 1)
	given, dropped, err := answered(h, photo+photo+photo+sign+late+sign)
	if want := photo + photo + late; err != nil || given != want ||
		dropped != "Fotky Podpisy Podpisy" {
		t.Errorf("got %s, dropped %q, %v\nwant %s", given, dropped, err, want)
	}
}

// A medium that is too long to be held until its day is known goes out as it
// comes, but for its end. If it is of another day, the answer never ends as if it
// were good, and the picture is never whole.
func TestMediaTooLongForTheirDay(t *testing.T) {
	for _, size := range []int{maxHeld, maxHeld + 4, maxHeld + heldBack, 2*maxHeld + 4, 1 << 20} {
		for day, good := range map[string]bool{"2011-03-12": true, "2021-03-15": false, "": false} {
			long := strings.Replace(photoOf(day), "QUJD", strings.Repeat("QUJD", size/4), 1)
			given, dropped, err := answered(asking("- 2020-12-31 1", "EopFoto"), long+photo)
			var call *egon.CallError
			switch {
			case good && (err != nil || given != long || dropped != "Fotky"):
				t.Errorf("%d bytes of %s: %d of %d, dropped %q, %v", size, day, len(given),
					len(long), dropped, err)
			case !good && (!errors.As(err, &call) || len(given) > len(long)-heldBack ||
				!strings.HasPrefix(long, given)):
				t.Errorf("%d bytes of %q: %d went out, %v, want an error of the evidence", size,
					day, len(given), err)
			}
		}
	}
}

// The held bytes are bounded, however long the media are and however many.
func TestMediaHeldAreBounded(t *testing.T) {
	e := answerTo(asking("2011-03-12 - -", "EopFoto"),
		photoOf("2021-03-15")+longPhoto+photo+longPhoto)
	if err := e.readHead(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, e); err != nil {
		t.Fatal(err)
	}
	if n := cap(e.medium.held); n == 0 || n > maxHeld+tokenWindow {
		t.Errorf("%d bytes were held, want at most %d", n, maxHeld+tokenWindow)
	}
}

// Over sockets: the reply is broken off, and a medium that fits is left out whole.
func TestMediaOfAnotherDay(t *testing.T) {
	answer := func(media string) (string, error) {
		m, _ := allWell().with("X21", eop("OK", known, appStatus("OK", "")+aifo1+media)).start(t)
		a, _, err := m.Serve(t.Context(), asking("2020-01-01 - -", "EopFoto"), nil)
		if err != nil {
			return "", err
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		return string(b), err
	}
	if got, err := answer(photo + photoOf("2021-03-15")); err != nil ||
		strings.Count(got, "<s:Fotky>") != 1 || !strings.HasSuffix(got, "Envelope>") {
		t.Errorf("short: %v in %s", err, got)
	}
	var call *egon.CallError
	if got, err := answer(longPhoto); !errors.As(err, &call) || call.Party.Code != "385" ||
		strings.HasSuffix(got, "Envelope>") {
		t.Errorf("long: %v after %d bytes", err, len(got))
	}
}
