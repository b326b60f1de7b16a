package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/cmd/brana/config"
	"brana/egon"
)

// The gateway of these tests fetches the rows of its matrix from the bus that it
// relays to, as a sidecar does.
const rowsCaller = `e227: iszr, caller: {agenda: X999, role: XR1, ovm: "12345678", ais: 999001}`

// byRows makes a configuration one with rows.
func byRows(c *config.Config) {
	c.Policy.Matrix.File = ""
	c.Policy.Matrix.E227 = "iszr"
	c.Policy.Matrix.Caller = config.Caller{Agenda: "X999", Role: "XR1", Ovm: "12345678", Ais: 999001}
	c.Routes = config.Routes{"default": {To: "relay iszr"}}
}

// searchFlags are the flags of a call of E05 that asks for items.
func searchFlags(items string) []string {
	return []string{"--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", items}
}

// A sidecar decides by the rows that the bus has for its caller, in either form, and
// relays E227 like everything else.
func TestSidecarByE227(t *testing.T) {
	for _, bare := range []bool{false, true} {
		matrix, sim := startRegistries(t) // has its form before the gateway asks
		if err := matrix.Set(registries.Front, registries.Settings{BareItems: bare}); err != nil {
			t.Fatal(err)
		}
		w := startWorld(t, byRows, func(c *config.Config) {
			c.Upstreams["matrix"] = config.Upstream{URL: "http://" + sim + "/publikace"}
			c.Policy.Matrix.E227 = "matrix"
		})
		for items, want := range map[string]string{
			"Jmeno Prijmeni ROBCti": egon.OK,
			"Jmeno Ico ROBCti":      "VAROVANI (NENI OPRAVNENI)",
			"Ico ROBCti":            "CHYBA (NENI OPRAVNENI)",
			"":                      egon.OK,
		} {
			if got := w.call("E05", searchFlags(items)...).statusLine(); got != want {
				t.Errorf("bare %v, items %q: %s, want %s", bare, items, got, want)
			}
		}
		if got := w.call("E227", "--triple", "A115/CT239/00007064").statusLine(); got != egon.Varovani {
			t.Errorf("E227 relayed: %s", got)
		}
		eventually(t, "the rows of both grants are fresh", func() bool { return w.metric(`brana_matrix_rows{state="fresh"}`) == "2" })
		if got := w.metric("brana_matrix_age_seconds"); got == "" {
			t.Error("the age is not told")
		}
	}
}

// E227 that the gateway answers itself comes out of the rows, of any triple.
func TestE227FromRows(t *testing.T) {
	w := startWorld(t, byRows, func(c *config.Config) { c.Routes["E227"] = config.Route{To: "local"} })
	golden(t, "e227-eleven-items", w.call("E227", "--triple", "A1185/CR8359/00372498"))
	golden(t, "e227-no-items", w.call("E227", "--triple", "A115/CT239/00007064"))
	w.set(registries.Front, registries.Settings{Down: true})
	if r := w.call("E227", "--triple", "A1185/CR8359/00372498"); r.statusLine() != egon.OK {
		t.Errorf("of a row that is there: %s", r.statusLine())
	}
	if r := w.call("E227", "--triple", "A1186/CR8359/00372498"); r.statusLine() != "CHYBA (NENI K DISPOZICI)" ||
		!strings.Contains(text(r.root, "VysledekPopis"), "BR_113") {
		t.Errorf("of one that cannot be had: %s %s", r.statusLine(), text(r.root, "VysledekPopis"))
	}
}

// However the bus misbehaves while the gateway starts, calls that need a row are
// refused, others are relayed, and when the bus is well again so is the gateway.
func TestStartBeforeAFailingBus(t *testing.T) {
	t.Parallel() // it waits
	for _, failure := range []registries.Failure{registries.FailRefuse, registries.FailHang, registries.FailFault, registries.FailMalformed,
		registries.FailChyba, registries.FailEmpty, registries.FailCut, registries.FailWrongNamespace, registries.FailHTTP500} {
		t.Run(string(failure), func(t *testing.T) {
			t.Parallel()
			bus, sim := startRegistries(t)
			if err := bus.Set(registries.Front, registries.Settings{Failure: failure}); err != nil {
				t.Fatal(err)
			}
			other := startBus(t) // calls are relayed to another one, which is well
			w := startWorld(t, byRows, func(c *config.Config) {
				c.Upstreams["matrix"] = config.Upstream{URL: "http://" + sim + "/publikace", Timeout: new(config.Duration(time.Minute))}
				c.Policy.Matrix.E227 = "matrix"
				c.Policy.Matrix.Timeout, c.Policy.Matrix.Wait = config.Duration(time.Second), config.Duration(200*time.Millisecond)
				other.behind(c)
			})
			r := w.call("E05", searchFlags("Jmeno ROBCti")...)
			if got := r.statusLine(); got != "CHYBA (NENI K DISPOZICI)" || !strings.Contains(text(r.root, "VysledekPopis"), "BR_113") {
				t.Errorf("a call that needs its row: %s %s", got, text(r.root, "VysledekPopis"))
			}
			if got := w.call("E05", searchFlags("")...).statusLine(); got != "CHYBA (NENI K DISPOZICI)" {
				t.Errorf("a call that is filled in by its row: %s", got)
			}
			if status, said := w.readiness(); status != http.StatusServiceUnavailable ||
				!strings.Contains(said, "[-] matrix by E227: 0 of 2 rows in use") {
				t.Errorf("readiness %d: %s", status, said)
			}
			if err := bus.Set(registries.Front, registries.Settings{}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "calls are served", func() bool { return w.call("E05", searchFlags("Jmeno ROBCti")...).statusLine() == egon.OK })
			if status, said := w.readiness(); status != http.StatusOK {
				t.Errorf("readiness %d: %s", status, said)
			}
		})
	}
}

// readiness is the status and the text of the readiness page.
func (w *world) readiness() (int, string) {
	w.t.Helper()
	p := process{world: w}
	return p.ready()
}

// A bus whose matrix has changed refuses; then the row is read again once
// and the gateway refuses by itself from then on.
func TestTheBusHasANewGeneration(t *testing.T) {
	matrix, sim := startRegistries(t)
	bus := startBus(t)
	refusing := strings.Replace(replyE05, "<r:VysledekKod>OK</r:VysledekKod>",
		"<r:VysledekKod>CHYBA</r:VysledekKod><r:VysledekDetail><r:VysledekSubKod>NENI OPRAVNENI</r:VysledekSubKod></r:VysledekDetail>", 1)
	if refusing == replyE05 {
		t.Fatal("the reply refuses nothing")
	}
	w := startWorld(t, byRows, bus.behind, func(c *config.Config) { // rows come from the registries, calls go to the bus
		c.Upstreams["matrix"] = config.Upstream{URL: "http://" + sim + "/publikace"}
		c.Policy.Matrix.E227 = "matrix"
	})
	questions := func() (n int) {
		for _, e := range matrix.Log() {
			if e.Step == "E227" {
				n++
			}
		}
		return n
	}
	call := func() *reply { return w.call("E05", searchFlags("Prijmeni ROBCti")...) }
	eventually(t, "the rows are there", func() bool { return questions() == 2 && call().statusLine() == egon.OK })

	if err := matrix.SetRights(map[string][]registries.Right{"X999/XR1/12345678": {{KodIszr: "Doklad"}}}); err != nil {
		t.Fatal(err)
	}
	bus.reply.Store(&longMessage{start: refusing})
	eventually(t, "the gateway itself refuses", func() bool {
		r := call()
		if got := r.statusLine(); got != "CHYBA (NENI OPRAVNENI)" {
			t.Fatal(got)
		}
		return strings.Contains(text(r.root, "VysledekPopis"), "BR_111")
	})
	if n := questions(); n != 3 {
		t.Errorf("%d questions, want one for each grant and one early refresh", n)
	}
}

// A generation that changes while calls are made: each call is answered by one
// version of the matrix as a whole.
func TestGenerationChangesWhileCallsAreMade(t *testing.T) {
	w := startWorld(t, byRows, func(c *config.Config) {
		c.Policy.Matrix.Early = config.Duration(time.Millisecond)
		c.Routes["default"] = config.Route{To: "relay iszr", Items: config.Strict}
	})
	question := message(t, "E05", searchFlags("Jmeno Prijmeni ROBCti")...)
	refused := func() string {
		said := text(w.post("E05", question).root, "VysledekPopis")
		_, items, _ := strings.Cut(said, "v SeznamUdaju: ")
		items, _, _ = strings.Cut(items, ".")
		return items
	}
	generate := func(item string) {
		if err := w.registries.SetRights(map[string][]registries.Right{"X999/XR1/12345678": {{KodIszr: item}}}); err != nil {
			t.Error(err)
		}
	}
	inForce := func(other string) {
		eventually(t, "the new generation is in force", func() bool {
			if err := w.wired.policy.Reload(); err != nil {
				t.Fatal(err)
			}
			return refused() == other
		})
	}
	generate("Jmeno")
	inForce("Prijmeni")
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := refused(); got != "Jmeno" && got != "Prijmeni" {
					t.Errorf("refused %q: a mixture of two generations", got)
				}
			}
		})
	}
	for range 10 {
		generate("Prijmeni")
		inForce("Jmeno")
		generate("Jmeno")
		inForce("Prijmeni")
	}
	close(stop)
	callers.Wait()
}

// The real program: rows in its snapshot let it start while the bus is away, it
// says how old they are, and a damaged snapshot stops nothing.
func TestSnapshotOfTheProcess(t *testing.T) {
	t.Parallel() // it waits
	bus, sim := startRegistries(t)
	gone := listen(t) // an address where nobody listens any more
	away := gone.Addr().String()
	gone.Close()
	change := []string{"{file: matrix.csv}", "{" + rowsCaller + ", snapshot: matrix.snap}"}
	p := startProcess(t, sim, change...)
	snapshot := filepath.Join(p.dir, "matrix.snap")
	eventually(t, "the rows are written", func() bool {
		text, err := os.ReadFile(snapshot)
		return err == nil && strings.Count(string(text), "\nrow ") == 2
	})
	if got := p.call("E05", searchFlags("Jmeno ROBCti")...).statusLine(); got != egon.OK {
		t.Fatal(got)
	}
	file := filepath.Join(p.dir, "brana.yaml")
	if said, code := brana("check", "-c", file); code != 0 || !strings.Contains(said, "2 matrix rows") ||
		!strings.Contains(said, "matrix by E227: 2 of 2 triples with a grant in the snapshot, the oldest ") {
		t.Errorf("check: %d %s", code, said)
	}
	question := filepath.Join(p.dir, "question.xml")
	write(t, question, string(message(t, "E05", searchFlags("Ico")...)))
	if said, code := brana("explain", "-c", file, question); code != exitRefused || !strings.Contains(said, "item-not-permitted") ||
		!strings.Contains(said, "Ico") {
		t.Errorf("explain: %d %s", code, said)
	}

	// SIGHUP fetches the new rows of the bus for a new grant.
	grants := filepath.Join(p.dir, "policy/grants.yaml")
	old, err := os.ReadFile(grants)
	if err != nil {
		t.Fatal(err)
	}
	write(t, grants, strings.Replace(string(old), "role: XR2", "role: XR3", 1))
	if err := bus.SetRights(map[string][]registries.Right{"X999/XR3/12345678": {{KodIszr: "Jmeno"}, {KodIszr: "Prijmeni"}}}); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	eventually(t, "the row of the new grant is there", func() bool {
		return p.metric(`brana_matrix_rows{state="fresh"}`) == "2" && strings.Contains(readFileText(t, snapshot), "XR3")
	})
	if code := p.end(syscall.SIGKILL); code != -1 {
		t.Errorf("exit code %d after SIGKILL", code)
	}

	// The bus is away.
	config := readFileText(t, file)
	write(t, file, strings.ReplaceAll(config, sim, away))
	refused, code := brana("check", "-c", file)
	if code != exitRefused || !strings.Contains(refused, "matrix.snap:2: the rows are of test http://"+sim) {
		t.Errorf("check of a snapshot of another bus: %d %s", code, refused)
	}
	write(t, file, config)
	if err := bus.Set(registries.Front, registries.Settings{Down: true}); err != nil {
		t.Fatal(err)
	}
	p = restart(t, file)
	status, said := p.ready()
	if status != http.StatusOK || !strings.Contains(said, "2 of 2 rows in use, the oldest is ") {
		t.Errorf("readiness %d: %s", status, said)
	}
	if got := p.call("E05", searchFlags("Ico ROBCti")...).statusLine(); got != "CHYBA (NENI OPRAVNENI)" {
		t.Errorf("by the snapshot: %s", got)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}

	// The snapshot is damaged, and the bus is back.
	write(t, snapshot, strings.Replace(readFileText(t, snapshot), "Jmeno=", "Ico=", 1))
	if said, code := brana("check", "-c", file); code != exitRefused ||
		!strings.Contains(said, "the file is damaged: its checksum is wrong: remove it, the rows are fetched again") {
		t.Errorf("check of a damaged snapshot: %d %s", code, said)
	}
	if err := bus.Set(registries.Front, registries.Settings{}); err != nil {
		t.Fatal(err)
	}
	p = restart(t, file)
	eventually(t, "the gateway is ready", func() bool { status, _ := p.ready(); return status == http.StatusOK })
	if line := p.log.line("read matrix: all rows are fetched anew"); line == nil || line["level"] != "error" {
		t.Errorf("logged %v", line)
	}
	if got := p.call("E05", searchFlags("Ico ROBCti")...).statusLine(); got != "CHYBA (NENI OPRAVNENI)" {
		t.Errorf("what the damaged snapshot says: %s", got)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if said, code := brana("check", "-c", file); code != 0 {
		t.Errorf("check after the end: %d %s", code, said)
	}
}

// restart runs brana serve again with the same file.
func restart(t *testing.T, file string) *process {
	p := runProcess(t, "serve", "-c", file)
	p.dir = filepath.Dir(file)
	return p
}

func readFileText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// A gateway that ends while it asks the bus does not wait for it.
func TestEndWhileTheBusHangs(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := startProcess(t, silent.Addr().String(), "{file: matrix.csv}", "{"+rowsCaller+", timeout: 1h, wait: 1h}", "drain: 25s", "drain: 200ms")
	failed := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	question := message(t, "E05", searchFlags("Jmeno ROBCti")...)
	go func() {
		response, err := p.client.Do(p.request("E05", strings.NewReader(string(question))).WithContext(ctx))
		if err == nil {
			response.Body.Close()
		}
		failed <- err
	}()
	eventually(t, "the call waits for its row", func() bool { return p.metric("brana_exchanges_running") == "1" })
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != exitRefused {
		t.Errorf("exit code %d, want %d: a call was cut", code, exitRefused)
	}
	cancel()
	<-failed
}
