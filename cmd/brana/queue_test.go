package main

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
)

var triple = []string{"--triple", "A1185/CR8359/00372498"}

// valid fails the test unless the payload of a reply keeps to the official
// schema of its service.
func (r *reply) valid(t *testing.T, o *oracle, service string) *reply {
	t.Helper()
	o.validate(t, schemaOf(service), r.payload())
	return r
}

// later calls E227 asynchronously and returns the number of the call.
func (w *world) later(flags ...string) string {
	w.t.Helper()
	r := w.post("E227?async", message(w.t, "E227", append(flags, triple...)...))
	id := text(r.root, "IszrZadostId")
	if got := r.outline(); got != egon.OK || id == "" {
		w.t.Fatalf("got %s, number %q", got, id)
	}
	return id
}

// picked waits until a call has its answer and returns the reply of E100.
func (w *world) picked(id string, flags ...string) *reply {
	w.t.Helper()
	var r *reply
	eventually(w.t, "the answer is there", func() bool {
		r = w.call("E100", append(flags, "--id", id)...)
		return r.statusLine() != "VAROVANI (PROBIHA ZPRACOVANI)"
	})
	return r
}

// ids are those that E99 lists, all pages, a blank between pages.
func (w *world) ids(flags ...string) string {
	w.t.Helper()
	var pages []string
	next := []string{}
	for {
		r := w.call("E99", append(next, flags...)...)
		var page []string
		for _, item := range findAll(r.root, "PolozkaFronty") {
			page = append(page, text(item, "IszrZadostId"))
		}
		pages = append(pages, strings.Join(page, ","))
		if text(r.root, "VypisPokracuje") != "true" {
			return strings.Join(pages, " ")
		}
		next = []string{"--from-id", text(r.root, "NasledujiciIdTransakce"), "--since", text(r.root, "NasledujiciCasVytvoreni")}
	}
}

// E227 with ?async is answered with its number. The later answer is that of a
// synchronous call, and every answer on the way keeps to the official schemas.
func TestAsynchronousCall(t *testing.T) {
	o := newOracle(t)
	eachStore(t, func(t *testing.T, w *world) {
		r := w.post("E227?async", message(t, "E227", triple...)).valid(t, o, "E227")
		id := text(r.root, "IszrZadostId")
		if got := r.outline(); got != egon.OK {
			t.Errorf("the number comes with %s", got)
		}
		golden(t, "e227-async", r)

		picked := w.picked(id).valid(t, o, "E100")
		golden(t, "e100-answer", picked)
		inner := find(picked.root, "AsyncDotazDataResponse")
		now := w.call("E227", triple...)
		if len(inner.Children) != 1 || len(findAll(inner, "Polozka")) != 11 ||
			allText(find(inner, "IszrOdpoved")) != allText(find(now.root, "IszrOdpoved")) {
			t.Errorf("the answer is not that of a synchronous call: %s", picked.body)
		}
		if got := text(inner, "IszrZadostId"); got != id {
			t.Errorf("the answer has the number %s, want %s", got, id)
		}

		listed := w.call("E99").valid(t, o, "E99")
		if got := text(find(listed.root, "PolozkaFronty"), "IszrZadostId"); got != id {
			t.Errorf("E99 lists %s, want %s", got, id)
		}
		golden(t, "e99-one", listed)
		golden(t, "e101-deleted", w.call("E101", "--id", id).valid(t, o, "E101"))
		golden(t, "e100-not-found", w.call("E100", "--id", id).valid(t, o, "E100"))
		golden(t, "e99-empty", w.call("E99").valid(t, o, "E99"))
	})
}

// The answer for a triple without items comes as VAROVANI of E227 within an OK
// of E100.
func TestAsynchronousCallForATripleWithoutRights(t *testing.T) {
	w := startWorld(t)
	r := w.post("E227?async", message(t, "E227", "--triple", "A115/CT239/00007064"))
	picked := w.picked(text(r.root, "IszrZadostId"))
	inner := find(picked.root, "AsyncDotazDataResponse")
	if picked.statusLine() != egon.OK || text(find(inner, "Status"), "VysledekKod") != egon.Varovani ||
		!strings.Contains(string(picked.body), "S227_001") {
		t.Errorf("got %s", picked.body)
	}
}

// What one AIS has in its queue another can neither see nor delete.
func TestQueuesAreApart(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		mine, theirs := w.later(), w.later(little...)
		w.picked(mine)
		w.picked(theirs, little...)
		for _, try := range []struct {
			service string
			flags   []string
			want    string
		}{
			{"E100", []string{"--id", mine}, "CHYBA (NENALEZENO)"},
			{"E101", []string{"--id", mine}, egon.OK},
			{"E101", []string{"--all"}, egon.OK},
		} {
			if got := w.call(try.service, append(try.flags, little...)...).statusLine(); got != try.want {
				t.Errorf("%s %v of another AIS: %s, want %s", try.service, try.flags, got, try.want)
			}
		}
		if got := w.ids(little...); got != "" {
			t.Errorf("the other AIS has %s, though it deleted all", got)
		}
		if got := w.ids(); got != mine {
			t.Errorf("E99 lists %q, want %s", got, mine)
		}
		if got := w.picked(mine).statusLine(); got != egon.OK {
			t.Errorf("its own answer: %s", got)
		}
	})
}

// E99 gives its pages one after another, in the order of answers.
func TestPagesOfE99(t *testing.T) {
	const page = "page: 2"
	w := startWorld(t, func(c *config.Config) { c.Queue.Page = 2 })
	var all []string
	for range 5 {
		id := w.later()
		w.picked(id)
		all = append(all, id)
	}
	want := strings.Join(all[:2], ",") + " " + strings.Join(all[2:4], ",") + " " + all[4]
	if got := w.ids(); got != want {
		t.Errorf("%s: got %s, want %s", page, got, want)
	}
	third := findAll(w.call("E99").root, "PolozkaFronty")[1]
	if got := w.ids("--from-id", text(third, "IdTransakce")); !strings.HasPrefix(got, all[1]) {
		t.Errorf("from the second on: %s", got)
	}
	if got := w.ids("--since", time.Now().Add(time.Hour).Format(time.RFC3339)); got != "" {
		t.Errorf("since the next hour: %s", got)
	}
}

// A full queue is refused without using the quota, and has room when answers
// were deleted.
func TestFullQueue(t *testing.T) {
	o := newOracle(t)
	w := startWorld(t, func(c *config.Config) { c.Queue.Entries = 2 })
	question := message(t, "E227", append(little, triple...)...)
	first, second := w.later(little...), w.later(little...)
	w.picked(first, little...)
	w.picked(second, little...)
	before := w.call("E99", little...).header.Get("RateLimit")
	r := w.post("E227?async", question).valid(t, o, "E227")
	if got := r.statusLine(); got != "CHYBA (NENI K DISPOZICI)" || !strings.Contains(text(r.root, "VysledekPopis"), "BR_206") ||
		r.header.Get("Retry-After") == "" {
		t.Errorf("a full queue: %s %s", got, text(r.root, "VysledekPopis"))
	}
	after := w.call("E99", little...).header.Get("RateLimit")
	if remaining(t, before)-remaining(t, after) != 1 { // E99 itself
		t.Errorf("the refused call was counted: %s, then %s", before, after)
	}
	w.call("E101", append(little, "--id", first)...)
	w.later(little...)
}

// remaining is the rest of the hour in a RateLimit field.
func remaining(t *testing.T, field string) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(field, `"hour";r=%d;`, &n); err != nil {
		t.Fatalf("%q: %v", field, err)
	}
	return n
}

// E198 is synchronous only, and so is E227 where the queue is not.
func TestOnlySynchronous(t *testing.T) {
	w := startWorld(t)
	flags := byBirth(special(t, "delivery address"), "--items", "EopFoto")
	if got := w.post("E198?async", message(t, "E198", flags...)).statusLine(); got != "CHYBA (JENOM SYNC)" {
		t.Errorf("E198: %s", got)
	}
	bus := startBus(t)
	remote := startWorld(t, bus.behind, func(c *config.Config) {
		for _, code := range []string{"E99", "E100", "E101"} {
			c.Routes[code] = config.Route{To: "relay iszr"}
		}
	})
	if got := remote.post("E227?async", message(t, "E227", triple...)).statusLine(); got != "CHYBA (JENOM SYNC)" {
		t.Errorf("E227 with the queue elsewhere: %s", got)
	}
}

// With the options on, an id is used once by each AIS, and only by a call that
// was admitted; a time far from the clock is refused.
func TestOptionsOfRequests(t *testing.T) {
	o := newOracle(t)
	both := func(t *testing.T, w *world) {
		question := message(t, "E227", append(little, triple...)...)
		stale := bytes.Replace(question, []byte("CasZadosti>20"), []byte("CasZadosti>19"), 1)
		if got := w.post("E227", stale).valid(t, o, "E227").statusLine(); got != "CHYBA (NEPLATNY CAS)" {
			t.Errorf("a time of another century: %s", got)
		}
		// Refused for its time, the call has not used its id.
		if got := w.post("E227", question).statusLine(); got != egon.OK {
			t.Errorf("the honest retry: %s", got)
		}
		for _, service := range []string{"E227", "E227?async"} {
			r := w.post(service, question).valid(t, o, "E227")
			if got := r.statusLine(); got != "CHYBA (DUPLICITNI ZADOST)" || !strings.Contains(text(r.root, "VysledekPopis"), "BR_304") {
				t.Errorf("%s again: %s", service, got)
			}
		}
		other := bytes.ReplaceAll(bytes.ReplaceAll(question, []byte(">XR2<"), []byte(">XR1<")), []byte(">999002<"), []byte(">999001<"))
		if got := w.post("E227", other).statusLine(); got != egon.OK {
			t.Errorf("the same id of another AIS: %s", got)
		}
		w.later(little...) // with an id of its own
	}
	on := func(c *config.Config) {
		c.Requests.TimeTolerance, c.Requests.DuplicateWindow = config.Duration(time.Minute), config.Duration(time.Hour)
	}
	t.Run("embedded", func(t *testing.T) { both(t, startWorld(t, on)) })
	t.Run("redis", func(t *testing.T) {
		server := newRedisServer(t)
		server.start(t)
		redis := func(c *config.Config) {
			c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: server.url(), Timeout: config.Duration(10 * time.Second), TrustEmpty: true}
		}
		w := startWorld(t, on, redis)
		both(t, w)
		// Another gateway on the same Redis knows the ids too.
		question := message(t, "E227", triple...)
		if got := w.post("E227", question).statusLine(); got != egon.OK {
			t.Fatalf("got %s", got)
		}
		if got := startWorld(t, on, redis).post("E227", question).statusLine(); got != "CHYBA (DUPLICITNI ZADOST)" {
			t.Errorf("at another gateway: %s", got)
		}
	})
}

// A gateway that dies takes no answer with it that was ready. A job that it had
// under way is known as such until its time is over, and then as lost.
func TestQueueSurvivesTheGateway(t *testing.T) {
	t.Parallel() // it waits
	o := newOracle(t)
	redis := newRedisServer(t)
	redis.start(t)
	_, sim := startRegistries(t)
	between := startRedisProxy(t, "127.0.0.1:"+redis.port)
	serve := func(address string) *process {
		return startProcess(t, sim, "store: memory", "store: redis", "redis://127.0.0.1:6379/0", "redis://"+address,
			"timeout: 75ms", "timeout: 10s, trust_empty: true", "call_timeout: 60s", "call_timeout: 2s")
	}
	first := serve(between.address)
	ready := first.later()
	first.picked(ready)
	between.hold("IszrVypisOpravneniPolozkyDataResponse") // from now on no answer reaches Redis
	running := first.later()
	if got := first.call("E100", "--id", running).valid(t, o, "E100").statusLine(); got != "VAROVANI (PROBIHA ZPRACOVANI)" {
		t.Fatalf("under way: %s", got)
	}
	first.end(syscall.SIGKILL)

	second := serve("127.0.0.1:" + redis.port)
	eventually(t, "the second knows ledger time", func() bool { status, _ := second.ready(); return status == http.StatusOK })
	r := second.call("E100", "--id", ready).valid(t, o, "E100")
	if got := r.statusLine(); got != egon.OK || len(findAll(r.root, "Polozka")) != 11 {
		t.Errorf("what was ready: %s", got)
	}
	lost := second.picked(running).valid(t, o, "E100")
	inner := find(lost.root, "AsyncDotazDataResponse")
	if lost.statusLine() != egon.OK || text(find(inner, "Status"), "VysledekKod") != egon.Chyba ||
		!strings.Contains(text(inner, "VysledekPopis"), "BR_209") {
		t.Errorf("what was under way: %s", lost.body)
	}
	golden(t, "e100-lost", lost)
	if got := second.ids(); got != ready+","+running {
		t.Errorf("E99 lists %s", got)
	}
	if got := second.metric(`brana_jobs_total{result="lost"}`); got != "1" {
		t.Errorf("lost jobs %s, want 1", got)
	}
	second.later()
}

// Every time that brana writes is in the zone of the calendar: some clients
// hand the text on as it stands.
func TestTimesAreInTheZoneOfTheCalendar(t *testing.T) {
	times := regexp.MustCompile(`<(?:\w+:)?((?:Nasledujici)?Cas[A-Z]\w*)>([^<]*)`)
	w := startWorld(t, func(c *config.Config) { c.Limits.Calendar.Zone, c.Queue.Page = "Asia/Kathmandu", 1 })
	id := w.later()
	w.picked(w.later())
	for name, r := range map[string]*reply{
		"E198":          w.call("E198", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", "EopFoto"),
		"E198, refused": w.call("E198", "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items", "EopFoto Telefon"),
		"E227":          w.call("E227", triple...),
		"E100":          w.picked(id),
		"E99":           w.call("E99"),
	} {
		found := times.FindAllSubmatch(r.body, -1)
		if len(found) == 0 {
			t.Errorf("%s has no time: %s", name, r.body)
		}
		for _, m := range found {
			if !bytes.HasSuffix(m[2], []byte("+05:45")) {
				t.Errorf("%s: %s is %s", name, m[1], m[2])
			}
		}
	}
}

// An asynchronous call from the command line, to its end.
func TestAsynchronousCallFromTheCommandLine(t *testing.T) {
	w := startWorld(t, func(c *config.Config) { c.Queue.Page = 1 })
	call := func(want int, args ...string) string {
		t.Helper()
		out, code := brana(append([]string{"call", args[0], "--url", w.gateway}, args[1:]...)...)
		if code != want {
			t.Fatalf("brana call %v ends with %d, want %d:\n%s", args, code, want, out)
		}
		return out
	}
	said := func(out string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(out, p) {
				t.Errorf("it does not say %q:\n%s", p, out)
			}
		}
	}
	out := call(0, "E227", "--triple", "A1185/CR8359/00372498", "--async")
	_, id, _ := strings.Cut(out, "brana call E100 --id ")
	id = strings.TrimSpace(id)
	said(out, "OK", "accepted as "+id)
	w.picked(id)
	said(call(0, "E100", "--id", id), "OK", "answer: OK", "Prijmeni", "101-1-1")
	out = call(0, "E99")
	said(out, id, "E227", "expires", "1 in the queue\n")
	w.picked(w.later())
	out = call(0, "E99")
	_, more, _ := strings.Cut(out, "and more: brana call E99 --from-id ")
	said(call(0, "E99", "--from-id", strings.TrimSpace(more)), "1 in the queue\n")
	said(call(0, "E99", "--since", time.Now().Add(time.Hour).Format(time.RFC3339)), "0 in the queue\n")
	call(0, "E101", "--id", id, "--id", "00000000-0000-4000-8000-000000000000")
	said(call(exitRefused, "E100", "--id", id), "CHYBA", "NENALEZENO", "BR_307")
	call(0, "E101", "--all")
	said(call(0, "E99"), "0 in the queue\n")
	said(call(exitUsage, "E100"), "needs one --id")
	said(call(exitUsage, "E101"), "--all")
	said(call(exitUsage, "E101", "--all", "--id", id), "--all")
	said(call(0, "E99", "--async"), "0 in the queue\n")
}
