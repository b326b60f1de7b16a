package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/tools/txtar"

	"brana/bench/registries"
	"brana/cmd/brana/config"
)

// TestPublisherScenarios plays testdata/publisher/*.txtar: calls of the simulated bus, which
// asks AISEO through a gateway in the place of MV, with the certificate of the bus. Each
// section of a file is a scenario in a world of its own, which is brana dev --publisher.
//
//	grant OLD => NEW          an edit of the grants, which are loaded at once
//	rule CODE ITEMS RETURNED  the rules of an internal message; before the first call
//	registry NAME KEY VALUE   a setting of a registry
//	bus NAME                  the bus calls with another certificate; before the first call
//	call CODE FLAGS ...       brana call to the bus, flags quoted by '
//	exit N                    … its exit code; otherwise 0
//	says TEXT, omits TEXT     … in what it prints
//	gateway CODE OUTCOME ...  … the messages that the gateway got, with their outcomes
//	aiseo CODE ...            … those that reached AISEO
func TestPublisherScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/publisher/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	ca.issue("bus", 3)
	ca.issue("stranger", 4)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range archive.Files {
			name := strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + section.Name
			t.Run(name, func(t *testing.T) {
				p := &publisherRun{t: t, ca: ca, as: "bus", rules: config.Routes{}}
				for line := range strings.Lines(string(section.Data)) {
					if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
						continue
					}
					verb, rest, _ := strings.Cut(line, " ")
					if err := p.do(verb, rest); err != nil {
						t.Fatalf("%s: %v", line, err)
					}
				}
				p.finish()
			})
		}
	}
}

// A publisherRun is one scenario under way.
type publisherRun struct {
	t     *testing.T
	ca    *authority
	as    string // the certificate of the bus
	rules config.Routes

	w       *world
	bus     string // URL of its services
	grants  string // file
	printed string // by the last call
	exit    int
	wanted  int
	checked bool // what the gateway did with the last call
}

// start starts the world, once.
func (p *publisherRun) start() {
	if p.w != nil {
		return
	}
	policy := p.t.TempDir()
	files, err := fs.Sub(sample, "sample/publisher")
	if err := errors.Join(err, os.CopyFS(policy, files)); err != nil {
		p.t.Fatal(err)
	}
	p.grants = filepath.Join(policy, "grants.yaml")
	write(p.t, filepath.Join(policy, "matrix.csv"), "agenda,role,ovm,kod_iszr,kod_rpp\n")
	write(p.t, filepath.Join(policy, "identities.yaml"),
		"identities:\n  - {serial: \"3\", issuer: \"CN=Test CA,C=CZ\", bus: true, administrator: \"12345678\"}\n")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: p.ca.client(p.as)}}
	server, sim := startRegistriesWith(p.t, func(c *registries.Config) { c.Client = client })
	d := devCmd{Publisher: true, Policy: policy}
	p.w = startWorldAt(p.t, server, sim, d, func(c *config.Config) {
		c.Listen.TLS = p.ca.listenTLS()
		for code, route := range p.rules {
			route.To = c.Routes["default"].To
			c.Routes[code] = route
		}
	})
	p.t.Cleanup(client.CloseIdleConnections) // or the gateway's end would wait for them
	d.callThrough(server, p.w.gateway)
	p.bus = "http://" + sim + "/publikace"
}

func (p *publisherRun) do(verb, rest string) error {
	words := strings.Fields(rest)
	switch verb {
	case "bus":
		p.as = rest
		return nil
	case "rule":
		p.rules[words[0]] = config.Route{Items: config.Items(words[1]), Returned: config.Returned(words[2])}
		return nil
	}
	p.start()
	switch verb {
	case "grant":
		return p.edit(rest)
	case "registry":
		settings := p.w.registries.Settings(words[0])
		if err := set(&settings, words[1], words[2]); err != nil {
			return err
		}
		return p.w.registries.Set(words[0], settings)
	case "call":
		p.finish()
		p.call(rest)
		return nil
	case "exit":
		n, err := strconv.Atoi(rest)
		p.wanted = n
		return err
	case "says", "omits":
		return expectText(p.printed, rest, verb == "says")
	case "gateway":
		p.checked = true
		return p.expectGateway(words)
	case "aiseo":
		return expectSame(strings.Join(p.reached(), " "), rest)
	}
	return errors.New("unknown line")
}

// edit edits the grants.
func (p *publisherRun) edit(rest string) error {
	from, to, err := cutEdit(rest)
	text := string(read(p.t, p.grants))
	if err == nil && !strings.Contains(text, from) {
		err = errors.New("nothing to edit")
	}
	write(p.t, p.grants, strings.Replace(text, from, to, 1))
	return errors.Join(err, p.w.wired.policy.Reload())
}

// call has the bus asked by brana call.
func (p *publisherRun) call(rest string) {
	p.w.registries.ClearLog()
	p.w.journal.forget()
	p.wanted, p.checked = 0, false
	args := []string{"call", "--url", p.bus}
	for _, word := range quoted.FindAllString(rest, -1) {
		args = append(args, strings.Trim(word, "'"))
	}
	p.printed, p.exit = brana(args...)
}

// finish checks what a scenario says of every call.
func (p *publisherRun) finish() {
	p.t.Helper()
	if p.exit != p.wanted {
		p.t.Errorf("exit code %d, want %d:\n%s", p.exit, p.wanted, p.printed)
	}
	if p.printed != "" && !p.checked {
		p.t.Errorf("nothing is said of the gateway:\n%s", p.printed)
	}
}

// expectGateway compares the exchanges of the last call.
func (p *publisherRun) expectGateway(want []string) error {
	var got []string
	eventually(p.t, "the gateway has logged", func() bool {
		got = nil
		for _, line := range p.w.journal.exchanges() {
			got = append(got, fmt.Sprint(line["service"]), fmt.Sprint(line["outcome"]))
		}
		return len(got) >= len(want)
	})
	return expectSame(strings.Join(got, " "), strings.Join(want, " "))
}

// reached are the steps of the messages that AISEO got.
func (p *publisherRun) reached() (steps []string) {
	for _, e := range p.w.registries.Log() {
		if e.Registry == registries.AISEO {
			steps = append(steps, e.Step)
		}
	}
	return steps
}

func expectSame(got, want string) error {
	if got != want {
		return fmt.Errorf("it is %q, want %q", got, want)
	}
	return nil
}

// brana dev --publisher stands between the bus and AISEO, and the call that it proposes goes
// through it.
func TestDevBeforeAPublisher(t *testing.T) {
	p := runProcess(t, "dev", "--publisher", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--sim", "127.0.0.1:0", "--persons", "20")
	try := regexp.MustCompile(`try: brana (call E159 --url \S+ --aifo \S+ --items) "(.*)"\n`).FindStringSubmatch(p.log.String())
	if try == nil {
		t.Fatalf("it proposes no call: %s", p.log.String())
	}
	out, code := brana(append(strings.Fields(try[1]), try[2])...)
	if code != 0 || !strings.HasPrefix(out, "OK") || !strings.Contains(out, "StavOsoby              živá") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	eventually(t, "the message of the bus is logged", func() bool {
		line := p.log.line("exchange")
		return line != nil && line["service"] == "X11" && line["outcome"] == "ok"
	})
	if code := p.end(syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d after Ctrl-C", code)
	}
}

// The bus of brana dev calls a gateway with TLS by the certificate that flags give it, and is
// known by it; without the certificate it has no answer.
func TestDevBusHasACertificate(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("gate", 2)
	ca.issue("bus", 3)
	sim, dir := freeAddress(t), t.TempDir()
	grants, err := sample.ReadFile("sample/publisher/grants.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "policy/grants.yaml"), string(grants))
	write(t, filepath.Join(dir, "policy/identities.yaml"),
		"identities:\n  - {serial: \"3\", issuer: \"CN=Test CA,C=CZ\", bus: true, administrator: \"12345678\"}\n")
	file := filepath.Join(dir, "brana.yaml")
	write(t, file, strings.ReplaceAll(string(config.PublisherExample), "127.0.0.1:8090", sim)+fmt.Sprintf(
		"listen: {address: \"127.0.0.1:0\", tls: {cert: %q, key: %q, client_ca: %q}}\nadmin: {address: \"127.0.0.1:0\"}\n",
		ca.file("gate.pem"), ca.file("gate.key"), ca.file("ca.pem")))
	flags := []string{"dev", "--publisher", "--config", file, "--sim", sim, "--persons", "20", "--bus-ca", ca.file("ca.pem")}
	ask := func() (string, int) {
		return brana("call", "E159", "--url", "http://"+sim+"/publikace", "--aifo", registries.AIFO("X999", 2), "--items", "StavOsoby")
	}
	p := runProcess(t, append(flags, "--bus-cert", ca.file("bus.pem"), "--bus-key", ca.file("bus.key"))...)
	if out, code := ask(); code != 0 || !strings.Contains(out, "StavOsoby              živá") {
		t.Errorf("with the certificate: exit code %d:\n%s", code, out)
	}
	p.end(syscall.SIGTERM)
	runProcess(t, flags...)
	if out, code := ask(); code != exitRefused || !strings.Contains(out, "CHYBA VOLANI AIS") {
		t.Errorf("without it: exit code %d:\n%s", code, out)
	}
}
