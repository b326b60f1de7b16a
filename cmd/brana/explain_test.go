package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"brana/cmd/brana/config"
	"brana/policy"
)

// explainedMessage explains a message in a file. Columns of the text are parted by bars.
func explainedMessage(t *testing.T, config string, text []byte, flags ...string) (said string, code int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "call.xml")
	write(t, file, string(text))
	said, code = brana(append([]string{"explain", "-c", config, file}, flags...)...)
	return regexp.MustCompile(`(\S)  +`).ReplaceAllString(said, "$1 | "), code
}

// explain says of each item whether it is asked for, and what gives the right to it.
func TestExplainOfItems(t *testing.T) {
	config := serveFile(t, "127.0.0.1:8090")
	row := func(role string) string { return "row X999/" + role + "/12345678 of matrix.csv " }
	for _, tt := range []struct {
		name, service string
		flags         []string
		code          int
		want          []string
	}{
		{"of the row and of the grant", "E198", searchFlags("EopFoto Jmeno ROBCti"), 0, []string{
			"\nEopFoto | yes | grant ", "grants.yaml:3\n", "\nJmeno | yes | " + row("XR1"),
			"\nROBCti | yes | no right is needed\n",
			"\nPrijmeni | search | " + row("XR1"), "\nDatumNarozeni | search | " + row("XR1")}},
		{"of neither", "E198", append(searchFlags("EopFoto AdresaPobytu"), "--role", "XR2", "--ais", "999002"), exitRefused, []string{
			"\nEopFoto | yes | grant ", "grants.yaml:15\n", "\nAdresaPobytu | yes | nothing: the row lacks it | refused\n",
			"grants.yaml:15: 100/h in working hours, 100/h outside, 2 at once\n"}},
		{"of the grant alone, without it", "E198", append(searchFlags("EopPodpis"), "--role", "XR2", "--ais", "999002"), exitRefused,
			[]string{"\nEopPodpis | yes | nothing: the grant lacks it | refused\n"}},
		{"without a grant, none is judged", "E05", append(searchFlags("Jmeno"), "--role", "XR9"), exitRefused,
			[]string{"\nJmeno | yes | not judged\n", "refused: not-granted"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said, code := explainedMessage(t, config, message(t, tt.service, tt.flags...))
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
}

// explain says where the gateway stands, and by which rules it judges the route.
func TestExplainOfTheRoute(t *testing.T) {
	for _, tt := range []struct{ name, place, route, want string }{
		{"hub", "hub", "relay iszr", "place hub, route relay iszr, items as-iszr, returned filter\n"},
		{"sidecar", "sidecar", "relay iszr", "place sidecar, route relay iszr, items pass, returned observe\n"},
		{"own rules", "hub", "{to: relay iszr, items: strict, returned: observe}",
			"place hub, route relay iszr, items strict, returned observe\n"},
		{"not offered", "hub", "refuse", "place hub, route refuse\n"},
		{"not offered, so refused", "hub", "refuse", "refused: unknown-service\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := serveFile(t, "127.0.0.1:8090", "place: hub ", "place: "+tt.place+" ", "E227: local", "E227: local\n  E05: "+tt.route)
			said, _ := explainedMessage(t, config, message(t, "E05", searchFlags("Jmeno")...))
			if !strings.Contains(said, tt.want) {
				t.Errorf("it does not say %q:\n%s", tt.want, said)
			}
		})
	}
}

// explain --json has the same, for programs.
func TestExplainAsJSON(t *testing.T) {
	config := serveFile(t, "127.0.0.1:8090")
	said, code := explainedMessage(t, config,
		message(t, "E198", append(searchFlags("EopFoto AdresaPobytu"), "--role", "XR2", "--ais", "999002")...), "--json")
	var x explanation
	if err := json.Unmarshal([]byte(said), &x); err != nil || code != exitRefused {
		t.Fatalf("exit code %d, %v: %s", code, err, said)
	}
	if x.Verdict != "refused" || x.Outcome != "item-not-permitted" || x.Service != "E198" || x.Caller != "X999/XR2/12345678/999002" ||
		x.Limits == nil || x.Limits.Concurrent != 2 || x.Route.To != "workflow" || len(x.Sentences) != 1 {
		t.Errorf("%+v", x)
	}
	var by []string
	for _, i := range x.Items {
		by = append(by, i.Word+" "+i.By+i.Lacks)
	}
	if got, want := strings.Join(by, ", "), "EopFoto grant, AdresaPobytu nothingrow, Jmeno row, Prijmeni row, DatumNarozeni row"; got != want {
		t.Errorf("items %s, want %s", got, want)
	}
	if said, code := explainedMessage(t, config, []byte("<a/>"), "--json"); code != exitRefused ||
		!strings.Contains(said, `"reason": "no request of a service`) {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// The examples of the pages are what explain prints about their messages.
func TestExplainExamplesOfThePages(t *testing.T) {
	caller := []string{"--role", "XR2", "--ais", "999002"}
	for _, tt := range []struct{ page, service, items string }{
		{"integrating.md", "E198", "EopFoto Jmeno Prijmeni AdresaPobytu ROBCti RUIANCti"},
		{"rights.md", "E278", "Jmeno AdresaPobytu"},
	} {
		page := string(read(t, filepath.Join(root, "docs", tt.page)))
		_, example, _ := strings.Cut(page, "$ brana explain zadost.xml\n")
		example, _, _ = strings.Cut(example, "```")
		t.Run(tt.page, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "zadost.xml", string(message(t, tt.service, append(searchFlags(tt.items), caller...)...)))
			if said, _ := brana("explain", "zadost.xml"); said != example {
				t.Errorf("explain prints\n%s\nand the page has\n%s", said, example)
			}
		})
	}
}

// The version of the sample policy on the pages is the one that the sample has.
func TestSamplePolicyOfThePages(t *testing.T) {
	s, err := policy.LoadFS(sample, samplePolicy(policy.Test, config.Hub))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"integrating.md", "install.md", "quotas.md"} {
		page, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bpolicy ([0-9a-f]{12})\b`).FindAllSubmatch(page, -1) {
			if string(m[1]) != s.Version() {
				t.Errorf("docs/%s has policy %s, the sample is %s", name, m[1], s.Version())
			}
		}
	}
}

// Before a publisher, explain judges the messages of the bus, also those of one element, and
// refuses the calls of others.
func TestExplainBeforeAPublisher(t *testing.T) {
	config := serveFile(t, "127.0.0.1:8090", "place: hub ", "place: publisher ", "  E198: workflow\n", "", "  E227: local\n", "",
		"  E99: local  ", "  # E99: local  ", "  E100: local\n  E101: local\n", "")
	for file, want := range map[string]string{
		"x11": "\nDatumUmrti | yes | grant ",
		"x21": "\nEopPodpis | yes | grant ",
		"o08": "\nDatovaSchrankaROB | yes | row X999/XR1/12345678 of matrix.csv ",
		"g27": "\nno items\n",
	} {
		text := read(t, filepath.Join(root, "egon/testdata/requests/messages", file+".xml"))
		said, code := explainedMessage(t, config, text)
		if code != 0 || !strings.Contains(said, want) || !strings.Contains(said, "service "+strings.ToUpper(file)+", ") {
			t.Errorf("%s: exit code %d, no %q:\n%s", file, code, want, said)
		}
	}
	if said, code := explainedMessage(t, config, message(t, "E05", searchFlags("Jmeno")...)); code != exitRefused ||
		!strings.Contains(said, "refused: unknown-service") {
		t.Errorf("E05: exit code %d:\n%s", code, said)
	}
}

// explain names the group of services whose limits the call counts for.
func TestExplainOfLimitGroups(t *testing.T) {
	config := serveFile(t, "127.0.0.1:8090")
	grants := filepath.Join(filepath.Dir(config), "policy", "grants.yaml")
	write(t, grants, strings.Replace(string(read(t, grants)), "limits: {working_hours: 100/h, off_hours: 100/h, concurrent: 2}",
		"limits: [{for: [E278], working_hours: 7/h, off_hours: 8/h, concurrent: 1}, "+
			"{for: rest, working_hours: 100/h, off_hours: 100/h, concurrent: 2}]", 1))
	for _, tt := range []struct{ service, items, want string }{
		{"E278", "Jmeno", "grants.yaml:15, limits of E278: 7/h in working hours, 8/h outside, 1 at once\n"},
		{"E198", "EopFoto", "grants.yaml:15, limits of rest: 100/h in working hours, 100/h outside, 2 at once\n"},
	} {
		flags := append(searchFlags(tt.items), "--role", "XR2", "--ais", "999002")
		said, code := explainedMessage(t, config, message(t, tt.service, flags...))
		if code != 0 || !strings.Contains(said, tt.want) {
			t.Errorf("%s: exit code %d, it does not say %q:\n%s", tt.service, code, tt.want, said)
		}
	}
}
