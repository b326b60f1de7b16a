package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// lint gives the gate's verdict with the byte, whole or in pieces.
func TestLint(t *testing.T) {
	dir := t.TempDir()
	good := seed(t, "e198-10.2")
	at := func(text string) string { return "at byte " + strconv.Itoa(strings.Index(good, text)) + ")" }
	for _, tt := range []struct{ name, message, want, xml string }{
		{"good", good, "accept", "accept"},
		{"enveloped", envelope(actionHeader, good), "accept", "accept"},
		{"doctype", strings.Replace(good, "<Zadost>", "<!DOCTYPE a><Zadost>", 1),
			"reject (document type declaration not allowed in /AgendaMediaDataCtiPodleUdaju " + at("<Zadost>"), "as the gateway"},
		{"tag", strings.Replace(good, "<Zadost>", "", 1), "reject (", "reject (end tag does not match"},
		{"entity", strings.Replace(good, ">Zoran<", ">&Zoran;<", 1), "reject (unknown entity reference", "as the gateway"},
		{"word", strings.Replace(good, ">EopFoto ", ">Bota ", 1),
			`reject (word "Bota" in SeznamUdaju is not known in /AgendaMediaDataCtiPodleUdaju/AutorizaceInfo/SeznamUdaju ` + at("EopFoto"),
			"accept"},
		{"instruction", "<?a b?>" + good, "reject (", "accept"},
		{"other", "<a><b/></a>", "reject (no request of a service of the catalogue in /a at byte 0)", "accept"},
		{"other-in-envelope", envelope("", "<b/>"),
			"reject (no request of a service of the catalogue in /Envelope/Body/b at byte " +
				strconv.Itoa(len(envelope("", ""))-len("</s:Body></s:Envelope>")) + ")", "accept"},
		{"export", seed(t, "e198-10.1-export"),
			"reject (no request of a service of the catalogue in /AgendaMediaDataCtiPodleUdajuType at byte 22)", "accept"},
		{"nothing", "", "reject (document is cut short in / at byte 0)", "as the gateway"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(dir, tt.name+".xml")
			write(t, file, tt.message)
			if tt.xml == "as the gateway" {
				tt.xml = tt.want
			}
			for _, flags := range [][]string{{}, {"--stream"}} {
				for flag, want := range map[string]string{"": tt.want, "--xml": tt.xml} {
					args := append([]string{"lint"}, flags...)
					if flag != "" {
						args = append(args, flag)
					}
					said, code := brana(append(args, file)...)
					if !strings.HasPrefix(said, file+": "+want) || code != map[bool]int{true: 0, false: exitRefused}[want == "accept"] {
						t.Errorf("%v: exit code %d, %s, want %s", args, code, said, want)
					}
				}
			}
		})
	}
}

// lint knows the messages between the bus and publishers, also those that share an element.
func TestLintOfInternalMessages(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "egon/testdata/requests/messages/*.xml"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d messages, %v", len(files), err)
	}
	for _, file := range files {
		for _, flags := range [][]string{{}, {"--stream"}, {"--service", strings.ToUpper(strings.TrimSuffix(filepath.Base(file), ".xml"))}} {
			if said, code := brana(append([]string{"lint", file}, flags...)...); code != 0 {
				t.Errorf("%v: %s", flags, said)
			}
		}
		broken := filepath.Join(t.TempDir(), "broken.xml")
		write(t, broken, strings.Replace(string(read(t, file)), "Ovm>12345678<", "Ovm><", 1))
		if said, code := brana("lint", broken); code != exitRefused || !strings.Contains(said, "ZadostInfo/Ovm") {
			t.Errorf("%s without an Ovm: exit code %d, %s", file, code, said)
		}
	}
	if said, code := brana("lint", "--service", "X15", files[2]); code != exitRefused || !strings.Contains(said, "path names service X15") {
		t.Errorf("X11 as X15: exit code %d, %s", code, said)
	}
}

// lint judges every file that it can read.
func TestLintOfManyFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.xml")
	write(t, file, seed(t, "e198-10.2"))
	said, code := brana("lint", file, "testdata/nothing.xml", file)
	if code != exitUsage || strings.Count(said, file+": accept\n") != 2 || !strings.Contains(said, "nothing.xml") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

// explain says whether a call would be granted, and if not, why and what to do.
func TestExplain(t *testing.T) {
	good := seed(t, "e198-10.2")
	other := strings.NewReplacer(">XR1<", ">XR2<", ">999001<", ">999002<")
	for _, tt := range []struct {
		name, message string
		code          int
		want          []string
	}{
		{"granted", good, 0, []string{"service E198, caller X999/XR1/12345678/999001", ": granted"}},
		{"item", strings.Replace(other.Replace(good), "EopFoto", "EopFoto AdresaPobytu", 1), exitRefused,
			[]string{"refused: item-not-permitted", "BR_111", "AdresaPobytu", "E227 lists the items of the matrix"}},
		{"caller", strings.Replace(good, ">X999<", ">x999<", 1), exitRefused, []string{"refused: not-granted", "X999"}},
		{"value", strings.Replace(good, "1977-05-03", "1977-13-03", 1), exitRefused, []string{"refused: invalid-data", "DatumNarozeni"}},
		{"a block that must be understood", strings.Replace(string(message(t, "E227", "--triple", "A1185/CR8359/00372498")),
			"<s:Body>", `<s:Header><w:Security xmlns:w="urn:w" s:mustUnderstand="1"/></s:Header><s:Body>`, 1), exitRefused,
			[]string{"refused: must-understand", "Security"}},
		{"no items", string(message(t, "E227", "--triple", "A1185/CR8359/00372498")), 0,
			[]string{"caller X999/XR1/12345678/999001, policy ", "\nno items\n"}},
		{"malformed", good[:len(good)/2], exitRefused, []string{"refused: malformed", "bajt"}},
		{"not a call", "<a/>", exitRefused, []string{"refused: no request of a service of the catalogue in /a at byte 0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "call.xml")
			write(t, file, tt.message)
			for _, args := range [][]string{{"explain", file}, {"explain", "-c", serveFile(t, "127.0.0.1:8090"), file}} {
				said, code := brana(args...)
				if code != tt.code {
					t.Errorf("exit code %d, want %d", code, tt.code)
				}
				for _, want := range tt.want {
					if !strings.Contains(said, want) {
						t.Errorf("it does not say %q:\n%s", want, said)
					}
				}
			}
		})
	}
}
