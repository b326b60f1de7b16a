package main

import (
	"encoding/json"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/egon"
)

// Wrong usage ends with 2 and a message; asking for help is no mistake.
func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "expected one of"},
		{"help", exitUsage, "unexpected argument help; see brana --help"},
		{"quota raise A/B/C/1 --reason x --by y", exitUsage, "missing flags: --calls=N; see brana quota raise --help"},
		{"quota raise A/B/C/1 --calls 1 --reason x --by y --until tomorrow", exitUsage,
			`"tomorrow" is not a time with a zone: write it as 2026-01-31T12:00:00+01:00`},
		{"fly", exitUsage, "fly"},
		{"--help", 0, "Usage: brana <command>"},
		{"call --help", 0, "DatumNarozeni"},
		{"version", 0, "\n"},
		{"call", exitUsage, "<service>"},
		{"call E999", exitUsage, "E999: no service of the catalogue has this code"},
		{"call e198", exitUsage, "did you mean E198?"},
		{"call E198", exitUsage, "--name needs both names"},
		{"call E198 --name Zoran", exitUsage, "--name needs both names"},
		{"call E198 --name A/B", exitUsage, "--born, --rc, --op or --cd"},
		{"call E198 --source Xyz", exitUsage, "Eop"},
		{"call E227", exitUsage, "--triple AGENDA/ROLE/OVM"},
		{"call E227 --triple A/B", exitUsage, "--triple AGENDA/ROLE/OVM"},
		{"call E20", exitUsage, "--inner FILE"},
		{"call E227 --triple A/B/C --url http://127.0.0.1:1/publikace", exitUnreachable, "brana dev"},
		{"call E227 --triple A/B/C --url localhost:8080", exitUsage, "--url localhost:8080: write it as http://127.0.0.1:8080/publikace"},
		{"serve -c testdata/nothing.yaml", exitUsage, "nothing.yaml"},
		{"check -c testdata/nothing.yaml", exitRefused, "nothing.yaml"},
		{"lint testdata/nothing.xml", exitUsage, "nothing.xml"},
		{"lint --service E999 testdata/requests/e198-10.2.xml", exitUsage, "E999"},
		{"explain testdata/nothing.xml", exitUsage, "nothing.xml"},
		{"health --admin 127.0.0.1:1", exitUnreachable, "127.0.0.1:1"},
		{"sim --set rob", exitUsage, "--set rob: write it as rob.latency=5ms"},
		{"sim --set rob.latency=fast", exitUsage, "rob.latency=fast"},
		{"sim --set rob.latency=5", exitUsage, `"5" is not a duration: write it as "250ms"`},
		{"sim --set rob.speed=1", exitUsage, "speed"},
		{"sim --set bor.latency=5ms", exitUsage, "bor"},
		{"sim --set rob.failure=boom", exitUsage, "boom"},
		{"sim --set front.aiseo_url=127.0.0.1:80", exitUsage, "write http://HOST:PORT/PATH"},
		{"sim --bus-key cli_test.go", exitUsage, "--bus-key needs --bus-cert"},
		{"sim --bus-cert cli_test.go", exitUsage, "failed to find any PEM data"},
		{"sim --bus-ca cli_test.go", exitUsage, "cli_test.go"},
		{"dev --publisher --config config/example.yaml --sim 127.0.0.1:0", exitUsage, "place is hub: --publisher needs place: publisher"},
		{"dev --config testdata/nothing.yaml --sim 127.0.0.1:0", exitUsage, "nothing.yaml"},
		{"dev --listen nowhere --sim 127.0.0.1:0", exitUsage, `listen.address: "nowhere" is not host:port`},
		{"dev --redis nonsense --sim 127.0.0.1:0", exitUsage, "redis"},
		{"dev --policy testdata --sim 127.0.0.1:0", exitUsage, "matrix.csv"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			said, code := brana(strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(said, tt.want) {
				t.Errorf("exit code %d, want %d; it does not say %q:\n%s", code, tt.code, tt.want, said)
			}
		})
	}
}

// A port that is in use ends with 3 and names the key of the address.
func TestBusyPorts(t *testing.T) {
	_, sim := startRegistries(t)
	taken := listen(t)
	defer taken.Close()
	busy := taken.Addr().String()
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"gateway", []string{"serve", "-c", serveFile(t, sim, "address: 127.0.0.1:0          # plain", "address: "+busy+" # plain")},
			"listen.address: listen tcp " + busy},
		{"admin", []string{"serve", "-c", serveFile(t, sim, "address: 127.0.0.1:0          # /livez", "address: "+busy+" # /livez")},
			"admin.address: listen tcp " + busy},
		{"dev", []string{"dev", "--listen", busy, "--sim", "127.0.0.1:0"}, "listen.address: listen tcp " + busy},
		{"registries", []string{"dev", "--sim", busy}, "--sim: listen tcp " + busy},
		{"sim", []string{"sim", "--sim", busy}, "--sim: listen tcp " + busy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said, code := brana(tt.args...)
			if code != exitUnreachable || !strings.Contains(said, tt.want) || !strings.Contains(said, "choose another address") {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, exitUnreachable, tt.want, said)
			}
		})
	}
}

// A policy that is wrong stops check and serve at the place of the mistake.
func TestBadPolicy(t *testing.T) {
	file := serveFile(t, "127.0.0.1:8090")
	grants, matrix := filepath.Join(filepath.Dir(file), "policy/grants.yaml"), filepath.Join(filepath.Dir(file), "matrix.csv")
	good := map[string]string{}
	for _, f := range []string{grants, matrix} {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		good[f] = string(text)
	}
	for _, tt := range []struct{ name, file, old, new, want string }{
		{"unknown key", grants, "    role: XR1", "    rolle: XR1", "grants.yaml:4:5: "},
		{"quota without a unit", grants, "100/h, off", "100, off", "grants.yaml:24:29: "},
		{"item of ROB in a grant", grants, "items: [EopFoto]", "items: [Jmeno]", "grants.yaml:23:13: "},
		{"service that does not exist", grants, "[E198, E227, E99", "[E198, E922, E99", "grants.yaml:22:22: "},
		{"not YAML", grants, "grants:", "grants: [", "grants.yaml:"},
		{"matrix with a column less", matrix, "X999,XR1,12345678,Jmeno,101-1-2", "X999,XR1,Jmeno,101-1-2", "matrix.csv:4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good[tt.file], tt.old) {
				t.Fatalf("%s is not in the sample", tt.old)
			}
			write(t, tt.file, strings.Replace(good[tt.file], tt.old, tt.new, 1))
			defer write(t, tt.file, good[tt.file])
			for _, verb := range []struct {
				name string
				code int
			}{{"check", exitRefused}, {"serve", exitUsage}} {
				said, code := brana(verb.name, "-c", file)
				if code != verb.code || !strings.Contains(said, tt.want) {
					t.Fatalf("%s: exit code %d, want %d and %q:\n%s", verb.name, code, verb.code, tt.want, said)
				}
			}
		})
	}
	said, code := brana("check", "-c", file)
	if code != 0 || !strings.Contains(said, "ok, policy ") || !strings.Contains(said, "2 grants, 3 matrix rows, 34 items") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// check --example prints what serve can start from.
func TestExamplePrinted(t *testing.T) {
	said, code := brana("check", "--example")
	if diff := cmp.Diff(string(config.Example), said); code != 0 || diff != "" {
		t.Errorf("exit code %d (-want +got):\n%s", code, diff)
	}
}

// The --set flags are read in the words of the control endpoint.
func TestSettings(t *testing.T) {
	s := simFlags{Set: []string{"all.latency=5ms", "rob.latency=7ms", "rob.rate=0.5", "eop.photo_bytes=1024", "front.echo=true",
		"org.failure=slow"}}
	got, err := s.settings()
	if err != nil {
		t.Fatal(err)
	}
	ms := func(n int) registries.Duration { return registries.Duration(time.Duration(n) * time.Millisecond) }
	want := map[string]registries.Settings{}
	for _, name := range registries.Names() {
		want[name] = registries.Settings{Latency: ms(5)}
	}
	want["rob"] = registries.Settings{Latency: ms(7), Rate: 0.5}
	want["eop"] = registries.Settings{Latency: ms(5), Photo: 1024}
	want["front"] = registries.Settings{Latency: ms(5), Echo: true}
	want["org"] = registries.Settings{Latency: ms(5), Failure: registries.FailSlow}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// persons lists who can be asked for; as JSON with every key that finds them.
func TestPersons(t *testing.T) {
	said, code := brana("persons", "--persons", "10", "-n", "3")
	if code != 0 || !strings.Contains(said, "ZORAN VOSÁHLO") || !strings.Contains(said, "255424486") ||
		!strings.Contains(said, "unknown to ROB") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
	said, code = brana("persons", "--persons", "10", "-n", "3", "--json")
	var list []registries.Listed
	if err := json.Unmarshal([]byte(said), &list); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v:\n%s", code, err, said)
	}
	if synthetic := len(list) - len(registries.NewPopulation(0, 1).List(0)); synthetic != 3 {
		t.Errorf("%d synthetic persons, want 3", synthetic)
	}
}

// call prints the reply, saves the decrypted media, and ends with 1 when the call
// was refused.
func TestCallPrintsTheReply(t *testing.T) {
	w := startWorld(t)
	dir := t.TempDir()
	address := special(t, "address not found in RUIAN")
	narrow := append([]string{"--name", "Zoran Vosáhlo", "--born", "1977-05-03"}, little...)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"persons and media", []string{"E198", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items",
			"EopFoto EopPodpis Jmeno Prijmeni ROBCti", "--save", dir}, 0,
			[]string{"OK  (HTTP 200", "person 1  AIFO ", "RobOverHromadneAifoDataResponse: OK", "  Prijmeni               VOSÁHLO",
				"Fotka issued 2021-03-15", "saved as " + dir}},
		{"details with their origin", append([]string{"E198", "--items", everything}, byBirth(address)...), 0,
			[]string{"VAROVANI", "ADRESA NEEXISTUJE: ", "[RUIAN]", "RUIAN AdresniMisto 21999999 nenalezen"}},
		{"items of a triple", []string{"E227", "--triple", "A1185/CR8359/00372498"}, 0, []string{"OK", "Obcanstvi", "101-1-10"}},
		{"no items of a triple", []string{"E227", "--triple", "A/B/C"}, 0, []string{"VAROVANI", "ZAZNAM NENALEZEN: S227_001"}},
		{"refused", []string{"E227", "--triple", "A/B/C", "--agenda", "X998"}, exitRefused,
			[]string{"CHYBA", "NENI OPRAVNENI EGON: BR_101", "X998"}},
		{"Fault", []string{"E227", "--message", "testdata/requests/no-xml.txt"}, exitRefused, []string{"SOAP Fault (HTTP 500): BR_501"}},
		{"raw", []string{"E227", "--triple", "A1185/CR8359/00372498", "--raw"}, 0, []string{"IszrVypisOpravneniPolozkyResponse", "Envelope"}},
		{"bare", []string{"E227", "--triple", "A1185/CR8359/00372498", "--raw", "--bare"}, 0, []string{"IszrVypisOpravneniPolozkyResponse"}},
		{"printed and not sent", []string{"E227", "--triple", "A/B/C", "--print", "--url", "http://127.0.0.1:1"}, 0,
			[]string{"IszrVypisOpravneniPolozky", "</s:Envelope>\n"}},
		{"a removed item", append([]string{"E278", "--items", "Jmeno Doklad"}, narrow...), 0,
			[]string{"VAROVANI  (HTTP 200", "  NENI OPRAVNENI: BR_111: Údaj Doklad byl ze SeznamUdaju odebrán", "  Jmeno                  ZORAN"}},
		{"no item is left", append([]string{"E278", "--items", "Doklad"}, narrow...), exitRefused,
			[]string{"CHYBA", "Ze SeznamUdaju nezbyla žádná povolená položka. Nepovolené jsou: Doklad."}},
		{"an empty list", append([]string{"E278", "--items", ""}, narrow...), 0,
			[]string{"OK  (HTTP 200", "  Prijmeni               VOSÁHLO\n"}},
		{"no list", append([]string{"E278"}, narrow...), 0, []string{"OK  (HTTP 200", "  DatumNarozeni          1977-05-03\n"}},
		{"the bus says no", []string{"E05", "--name", "Zoran Vosáhlo"}, exitRefused, []string{"CHYBA", "NEPOVOLENA KOMBINACE"}},
		{"message of a file", []string{"E198", "--message", "testdata/requests/e198-10.2.xml"}, exitRefused,
			[]string{"CHYBA", "KlicProSifrovani"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said, code := brana(append([]string{"call", "--url", w.gateway}, tt.args...)...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
		})
	}
	saved, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil || len(saved) != 2 {
		t.Fatalf("saved %v, want a photo and a signature", saved)
	}
	for _, file := range saved {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := jpeg.Decode(f); err != nil {
			t.Errorf("%s is no JPEG: %v", file, err)
		}
	}
}

const someAifo = "UVmmn5SEGJu660PhNsGBHwE="

// What call builds keeps to the schemas, and the gate accepts it.
func TestMessagesOfCall(t *testing.T) {
	e198 := []string{"--name", "Zoran Vosáhlo", "--items", "EopFoto Jmeno ROBCti"}
	for _, tt := range []struct {
		name, service string
		flags         []string
		want          egon.QueryKind
	}{
		{"birth date", "E198", append(e198, "--born", "1977-05-03"), egon.Dotaz2JmPrijDatNar},
		{"RodneCislo", "E198", append(e198, "--rc", "7705031234"), egon.Dotaz1JmPrijRC},
		{"place of birth", "E198", append(e198, "--born", "1977-05-03", "--birthplace", "554782"), egon.Dotaz3JmPrijDatNarMN},
		{"district of Prague", "E198", append(e198, "--born", "1977-05-03", "--district", "500054"), egon.Dotaz3JmPrijDatNarMN},
		{"abroad", "E198", append(e198, "--born", "1977-05-03", "--abroad", "Dresden/276"), egon.Dotaz3JmPrijDatNarMN},
		{"residence", "E198", append(e198, "--born", "1977-05-03", "--address", "14492253"), egon.Dotaz4JmPrijDatNarTP},
		{"identity card", "E198", append(e198, "--op", "271828/AC12"), egon.Dotaz5JmPrijDokladOp},
		{"travel document", "E198", []string{"--name", "Zoran Vosáhlo", "--source", "Ecd", "--items", "EcdFoto", "--cd", "12345678/P"},
			egon.Dotaz5JmPrijDokladCd},
		{"everything", "E198", append(e198, "--born", "1977-05-03", "--from", "2000-01-01", "--to", "2020-01-01", "--count", "2", "--compare",
			"ascii", "--hide-log"), egon.Dotaz2JmPrijDatNar},
		{"surname of two words", "E198", []string{"--name", "Karl/von der Muhle", "--born", "1977-05-03", "--items", "EopFoto"},
			egon.Dotaz2JmPrijDatNar},
		{"triple", "E227", []string{"--triple", "A1185/CR8359/00372498"}, 0},
		{"E05", "E05", []string{"--name", "Zoran <&> Vosáhlo", "--born", "1977-05-03", "--items", "Jmeno ROBCti"}, 0},
		{"E278", "E278", []string{"--name", "Zoran Vosáhlo", "--born", "1977-05-03"}, 0},
		{"E158", "E158", []string{"--name", "Zoran <&> Vosáhlo", "--born", "1977-05-03", "--rc", "7705031234", "--hide-log"}, 0},
		{"E159", "E159", []string{"--aifo", someAifo, "--items", "RodneCislo"}, 0},
		{"E160", "E160", []string{"--rc", "7705031234", "--compare", "ascii", "--hide-log"}, 0},
		{"E171", "E171", []string{"--aifo", someAifo, "--hide-log", "--compare", "ascii"}, 0},
		{"E270", "E270", []string{"--aifo", someAifo}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := message(t, tt.service, tt.flags...)
			reader := egon.NewReader(egon.DefaultBounds())
			reader.Reset(egon.ServiceByCode(tt.service))
			if err := reader.Feed(text, true); err != nil {
				t.Fatal(err)
			}
			if offence := reader.Head().Check(); offence != nil {
				t.Error(offence)
			}
			if tt.service == "E198" && reader.Head().Media.Kind != tt.want {
				t.Errorf("kind %v, want %v", reader.Head().Media.Kind, tt.want)
			}
			t.Run("schema", func(t *testing.T) {
				newOracle(t).validate(t, "egon/xsd/"+egon.ServiceByCode(tt.service).Action+".xsd", (&reply{body: text}).payload())
			})
		})
	}
}

// health asks for readiness; the admin listener has more pages.
func TestAdminListener(t *testing.T) {
	w := startWorld(t)
	if said, code := brana("health", "--admin", strings.TrimPrefix(w.admin, "http://")); code != 0 || said != "ready\n" {
		t.Errorf("exit code %d: %s", code, said)
	}
	for path, want := range map[string]string{"/livez": "ok", "/readyz": "ok", "/readyz?verbose": "[+] limits", "/version": versionText(),
		"/metrics": "brana_policy_grants 2", "/v1/status": `"policy"`} {
		response, err := w.client.Get(w.admin + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: HTTP %d, %s", path, response.StatusCode, text)
		}
	}
}
