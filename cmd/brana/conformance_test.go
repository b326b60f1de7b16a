package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"brana/bench/registries"
	"brana/cmd/brana/config"
)

// TestConformance plays testdata/conformance/*.txtar against brana dev over sockets,
// with the limits in the process and in Redis. The files have the demands of the
// descriptions of E198 and E227, sentence by sentence, and the rules for where the
// descriptions are short. Each section of a file is a scenario in a world of its own.
//
// It begins with its sources, which TestEverySentenceIsShown reads:
//
//	E198 §5 Sentence.            a sentence of a description, word for word
//	rule 14 Nobody is found …    a rule for where the descriptions are short
//	step X21 …                   a message to a registry
//
// Then come the differences of the world from brana dev:
//
//	world limits-down            limits have no decision; or tls: callers have certificates
//	grant OLD => NEW             an edit of the grants, which are loaded at once
//	matrix OLD => NEW            an edit of the matrix, likewise
//	unloadable TEXT              … the last edit was refused with this text
//	answer STEP OLD => NEW       an edit of a registry's answers from now on
//	break STEP                   the next message of a step on a used connection gets no answer
//	registry NAME FAILURE        a failure of a registry
//
// A call begins with "call CODE" and has its request,
//
//	person SPECIAL               the person sought, as brana persons prints it
//	by DotazN                    … the search inputs; otherwise Dotaz2
//	evidence Ecd                 … the evidence; otherwise Eop
//	items WORD ...               SeznamUdaju
//	caller little                the caller with few rights
//	flags --FLAG VALUE ...       more flags of brana call, quoted by '
//	message FILE                 the whole message, of testdata/requests
//	edit OLD => NEW              in the message; escapes as in Go
//
// and its outcome:
//
//	status KOD (SUBKOD by WHO)   the status of the system
//	> BLOCK ...                  and all blocks of the reply, as outlined; none for CHYBA
//	steps X21 G27 (G02) ...      by the log of the registries; those in brackets
//	                             may be missing; without the line: none
//	says TEXT                    in the texts of the status
//	holds TEXT, lacks TEXT       in the reply
//	sent STEP TEXT, unsent …     in a message to a registry
//	metric NAME VALUE            on the admin listener afterwards
//	numbered                     each message has an IszrZadostId of its own
//	golden NAME                  it is the one of testdata/replies
//	opens                        the photo can be decrypted with the caller's key
func TestConformance(t *testing.T) {
	t.Parallel() // it waits
	all := scenarios(t)
	eachLimits(t, func(t *testing.T, store func(*config.Config)) {
		t.Parallel()
		var archive replyArchive
		for _, s := range all {
			t.Run(s.name, func(t *testing.T) { newScenarioRun(t, &archive, store, s).run(s.script) })
		}
		t.Run("every answer and every message keeps to the schemas", archive.validate)
	})
}

// A scenario is one section of the conformance corpus.
type scenario struct {
	name   string // file and section
	shows  []source
	script []string
}

// A source of a scenario is a sentence of a description, a rule or a message.
type source struct {
	kind string // E198, E227, rule or step
	at   string // chapter, number or code
	text string
}

var sourceLine = regexp.MustCompile(`^(E198|E227|rule|step) §?(\S+) (.+)$`)

func scenarios(t testing.TB) (all []scenario) {
	t.Helper()
	files, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range archive.Files {
			s := scenario{name: strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + section.Name}
			for line := range strings.Lines(string(section.Data)) {
				line = strings.TrimSpace(line)
				if m := sourceLine.FindStringSubmatch(line); m != nil {
					s.shows = append(s.shows, source{m[1], m[2], m[3]})
				} else if line != "" && line[0] != '#' {
					s.script = append(s.script, line)
				}
			}
			if len(s.shows) == 0 || len(s.script) == 0 {
				t.Errorf("%s: shows nothing, or plays nothing", s.name)
			}
			all = append(all, s)
		}
	}
	return all
}

// A scenarioRun is a scenario under way.
type scenarioRun struct {
	t       *testing.T
	w       *world
	witness *witness
	archive *replyArchive
	policy  string // folder
	refused error  // of the last edit of the policy
	call    *askedCall
}

func newScenarioRun(t *testing.T, archive *replyArchive, store func(*config.Config), s scenario) *scenarioRun {
	p := &scenarioRun{t: t, archive: archive, policy: t.TempDir(), witness: newWitness(t)}
	files, err := fs.Sub(sample, "sample")
	if err := errors.Join(err, os.CopyFS(p.policy, files)); err != nil {
		t.Fatal(err)
	}
	change := []func(*config.Config){store, p.witness.intercept}
	if slices.Contains(s.script, "world limits-down") {
		change = append(change, func(c *config.Config) {
			c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: "redis://" + freeAddress(t), Timeout: config.Duration(time.Second)}
		})
	}
	var ca *authority
	if slices.Contains(s.script, "world tls") {
		ca = newAuthority(t, "Test CA")
		ca.issue("gate", 2)
		ca.issue("ais", 3)
		write(t, filepath.Join(p.policy, "identities.yaml"),
			"identities:\n  - {serial: \"3\", issuer: \"CN=Test CA,C=CZ\", ais: 999001, administrator: \"12345678\", agendas: [X999]}\n")
		change = append(change, func(c *config.Config) { c.Listen.TLS = ca.listenTLS() })
	}
	p.w = startWorldWith(t, devCmd{Policy: p.policy}, change...)
	t.Cleanup(p.witness.client.CloseIdleConnections) // a connection that was dialled in vain holds up the registries' end
	if ca != nil {
		p.w.client.Transport.(*http.Transport).TLSClientConfig = ca.client("ais")
	}
	return p
}

// run plays the lines of a script.
func (p *scenarioRun) run(script []string) {
	for _, line := range script {
		verb, rest, _ := strings.Cut(line, " ")
		if err := p.do(verb, strings.TrimSpace(rest)); err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
	}
	p.finish()
}

func (p *scenarioRun) do(verb, rest string) error {
	switch verb {
	case "call":
		p.finish()
		p.call = &askedCall{service: rest, args: []string{rest}}
		return nil
	case "world":
		return nil
	case "grant", "matrix", "unloadable", "answer", "break", "registry":
		p.finish()
		return p.arrange(verb, rest)
	}
	if p.call == nil {
		return errors.New("no call has begun")
	}
	if known, err := p.call.ask(p.t, verb, rest); known {
		return err
	}
	return p.call.expect(verb, rest)
}

// arrange makes the world another one.
func (p *scenarioRun) arrange(verb, rest string) error {
	from, to, err := cutEdit(rest)
	switch verb {
	case "grant", "matrix":
		file := filepath.Join(p.policy, map[string]string{"grant": "grants.yaml", "matrix": "matrix.csv"}[verb])
		text := string(read(p.t, file))
		if err == nil && !strings.Contains(text, from) {
			err = errors.New("nothing to edit")
		}
		write(p.t, file, strings.Replace(text, from, to, 1))
		p.refused = p.w.wired.policy.Reload()
		return err
	case "unloadable":
		if p.refused == nil || !strings.Contains(p.refused.Error(), rest) {
			return fmt.Errorf("the policy was loaded: %v", p.refused)
		}
		return nil
	case "answer":
		step, from, _ := strings.Cut(from, " ")
		p.witness.mu.Lock()
		defer p.witness.mu.Unlock()
		p.witness.changes = append(p.witness.changes, change{step, from, to})
		return err
	case "break":
		// An exchange may still hold its connections when its reply is here.
		eventually(p.t, "no exchange runs", func() bool { return p.w.metric("brana_exchanges_running") == "0" })
		p.witness.mu.Lock()
		defer p.witness.mu.Unlock()
		p.witness.broken = append(p.witness.broken, rest)
		return nil
	}
	name, failure, _ := strings.Cut(rest, " ")
	return p.w.registries.Set(name, registries.Settings{Failure: registries.Failure(failure)})
}

// cutEdit takes "OLD => NEW" apart.
func cutEdit(line string) (from, to string, err error) {
	from, to, found := strings.Cut(line, " =>")
	if !found {
		return "", "", errors.New("write OLD => NEW")
	}
	from, err1 := strconv.Unquote(`"` + strings.ReplaceAll(from, `"`, `\"`) + `"`)
	to, err2 := strconv.Unquote(`"` + strings.ReplaceAll(strings.TrimPrefix(to, " "), `"`, `\"`) + `"`)
	return from, to, errors.Join(err1, err2)
}

// finish makes the call that has been described, if any, and judges its reply.
func (p *scenarioRun) finish() {
	c := p.call
	if c == nil {
		return
	}
	p.call = nil
	p.t.Helper()
	p.w.registries.ClearLog()
	p.witness.forget()
	message := c.build(p.t)
	r := p.w.post(c.service, message)
	if find(r.root, "Fault") == nil { // no schema of a service has it
		p.archive.keep(p.t.Name(), c.service, r.payload())
	}
	for _, passed := range p.witness.messages() {
		p.archive.keep(p.t.Name(), passed.step, (&reply{body: passed.request}).payload())
	}
	if got := r.outline(); got != c.outline() {
		p.t.Errorf("call %v: got\n%s\nwant\n%s\nsaid %s", c.args, got, c.outline(), r.sentences())
	}
	if got := p.steps(message); !stepsAre(got, c.steps) {
		p.t.Errorf("call %v: steps %q, want %q", c.args, got, c.steps)
	}
	if left := p.witness.unbroken(); len(left) > 0 {
		p.t.Errorf("call %v: nothing of %v came on a connection that could be broken", c.args, left)
	}
	for _, check := range c.checks {
		if err := check(p, r); err != nil {
			p.t.Errorf("call %v: %v\nin %s", c.args, err, r.body)
		}
	}
}

var agendaZadostID = regexp.MustCompile(`AgendaZadostId[^>]*>([^<]+)<`)

// steps are those that a message made. What an earlier call has given up may
// come late into the log of the registries, with another number.
func (p *scenarioRun) steps(message []byte) string {
	id := agendaZadostID.FindSubmatch(message)
	var list []string
	for _, e := range p.w.registries.Log() {
		if id == nil || e.AgendaZadostId == string(id[1]) || e.AgendaZadostId == "" {
			list = append(list, cmp.Or(e.Step, "?"))
		}
	}
	return strings.Join(list, " ")
}

// stepsAre reports whether the steps are those wanted.
func stepsAre(got, want string) bool {
	left := strings.Fields(got)
	for step := range strings.FieldsSeq(want) {
		i := slices.Index(left, strings.Trim(step, "()"))
		switch {
		case i >= 0:
			left = slices.Delete(left, i, i+1)
		case step[0] != '(':
			return false
		}
	}
	return len(left) == 0
}

// sent checks that a text is in a message of a step; without a text, that there was
// a message; with a number, that there were n messages.
func (p *scenarioRun) sent(step, text string, want bool) error {
	passed := slices.DeleteFunc(p.witness.messages(), func(m recorded) bool { return m.step != step })
	if n, err := strconv.Atoi(text); err == nil {
		if len(passed) != n {
			return fmt.Errorf("%d messages %s, want %d", len(passed), step, n)
		}
		return nil
	}
	if len(passed) == 0 {
		return fmt.Errorf("no message %s", step)
	}
	for _, m := range passed {
		if err := expectText(string(m.request), text, true); err == nil {
			return expectText(string(m.request), text, want)
		}
	}
	if want {
		return fmt.Errorf("no message %s has %s: %s", step, text, passed[0].request)
	}
	return nil
}

var iszrZadostID = regexp.MustCompile(`<reg:IszrZadostId>[^<]+<`)

func (p *scenarioRun) numbered() error {
	seen := map[string]string{}
	for _, m := range p.witness.messages() {
		id := string(iszrZadostID.Find(m.request))
		if id == "" || seen[id] != "" {
			return fmt.Errorf("message %s has IszrZadostId %q, and so has %q", m.step, id, seen[id])
		}
		seen[id] = m.step
	}
	return nil
}
