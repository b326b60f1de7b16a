package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/limits/ledger"
	"brana/upstream"
)

func unset(string) (string, bool) { return "", false }

// fetchedMatrix are keys of a matrix whose rows E227 gives.
const fetchedMatrix = `e227: iszr, caller: {agenda: X999, role: XR1, ovm: "12345678", ais: 999001}`

// The example has the defaults and nothing else, apart from keys that have none.
func TestExampleHasTheDefaults(t *testing.T) {
	got, err := Parse("example.yaml", Example, unset)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Upstreams, want.Routes, want.Policy = got.Upstreams, got.Routes, got.Policy
	want.Limits.Redis = Redis{URL: "redis://127.0.0.1:6379/0", Timeout: Duration(ledger.DefaultTimeout)}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("the example differs from the defaults (-default +example):\n%s", diff)
	}
	b := upstream.DefaultBreaker()
	breaker := fmt.Sprintf("breaker: {failures: %d, window: %v, open: %v}", b.Failures, b.Window, b.Open)
	if !strings.Contains(string(Example), breaker) {
		t.Errorf("the example has no %s", breaker)
	}
	if got.Routes["default"].To != "relay iszr" || got.Routes["E198"].To != "workflow" || got.Routes["E227"].To != "local" {
		t.Errorf("routes = %v", got.Routes)
	}
}

// Every mistake is named by its place, and by its key, with what to write; LINE is
// where the example has it.
func TestMistakesInTheConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"unknown key", "  prefix:", "  prefixx:", `brana.yaml:LINE:3: unknown field "prefixx"`},
		{"unknown key at the top", "log:\n  level", "logs:\n  level", `brana.yaml:LINE:1: unknown field "logs"`},
		{"tab", "  prefix:", "\tprefix:", "brana.yaml:LINE:"},
		{"key twice", "  prefix: /publikace", "  prefix: /publikace\n  prefix: /a", "brana.yaml:10:3: "},
		{"duration without a unit", "drain: 25s", "drain: 25", "brana.yaml:LINE:10: 25 is not a duration: write it as 250ms, 15s, 2m or 24h"},
		{"negative duration", "drain: 25s", "drain: -1s", "brana.yaml:LINE:10: -1s is not a duration"},
		{"size in another unit", "inline_limit: 64KiB", "inline_limit: 64kB",
			"brana.yaml:LINE:17: 64kB is not a size: write it as 512B, 64KiB, 256MiB or 1GiB"},
		{"size without a unit", "inline_limit: 64KiB", "inline_limit: 65536", "brana.yaml:LINE:17: 65536 is not a size"},
		{"number that is none", "max_exchanges: 4096", "max_exchanges: many", "brana.yaml:LINE:18: many is not a whole number"},
		{"number that is not whole", "max_exchanges: 4096", "max_exchanges: 4096.5", "brana.yaml:LINE:18: 4096.5 is not a whole number"},
		{"number of an upstream that is not whole", "max_conns: 512", "max_conns: 1.5", "1.5 is not a whole number"},
		{"timeout of nothing", "agenda: A101, ais: 1", "agenda: A101, ais: 1, timeout: 0s",
			"upstreams.rob.timeout: 0s is not between 1ms and 24h"},
		{"no connections", "agenda: A101, ais: 1", "agenda: A101, ais: 1, max_conns: 0",
			"upstreams.rob.max_conns: 0 is not between 1 and 1048576"},
		{"replies of nothing", "agenda: A101, ais: 1", "agenda: A101, ais: 1, max_reply: 0B",
			"upstreams.rob.max_reply: 0B is not between 64KiB and 64MiB"},
		{"number beyond all", "max_exchanges: 4096", "max_exchanges: 99999999999999999999",
			"brana.yaml:LINE:18: 99999999999999999999 is too large"},
		{"neither true nor false", "insecure_identity: false", "insecure_identity: maybe", "brana.yaml:LINE:22: maybe is not true or false"},
		{"a name in the place of a list", "hosts: []", "hosts: brana.example", "brana.yaml:LINE:10: write a list, as [a, b]"},
		{"a word in the place of keys", "policy:\n  dir: policy ", "policy: x\nx:\n  dir: policy ",
			"brana.yaml:LINE:9: write keys and values, as {a: b}"},
		{"no exchange at once", "max_exchanges: 4096", "max_exchanges: 0", "listen.max_exchanges: 0 is not between 1 and 1048576"},
		{"no time for a call", "call_timeout: 60s", "call_timeout: 0s", "listen.call_timeout: 0s is not between 1ms and 24h"},
		{"no time to read", "read_idle: 15s", "read_idle: 0s", "listen.read_idle: 0s is not between 1ms and 24h"},
		{"no time to write", "write_idle: 60s", "write_idle: 25h", "listen.write_idle: 25h is not between 1ms and 24h"},
		{"no connection that is kept", "keep_alive: 60s", "keep_alive: 0s", "listen.keep_alive: 0s is not between 1ms and 24h"},
		{"nothing that is held whole", "inline_limit: 64KiB", "inline_limit: 0KiB", "listen.inline_limit: 0B is not between 1B and 1GiB"},
		{"no message", "max_message: 256MiB", "max_message: 0B", "listen.max_message: 0B is not between 1B and 1024GiB"},
		{"environment", "environment: test ", "environment: testing ", `environment: "testing" is not one of test, production`},
		{"status mode", "status_mode: egon", "status_mode: soap", `listen.status_mode: "soap" is not one of egon, http`},
		{"bound of nothing", "head: 64KiB", "head: 0B", "listen.bounds.head: 0B is not between 4KiB and 16MiB"},
		{"bound beyond reason", "depth: 128", "depth: 1000000", "listen.bounds.depth: 1000000 is not between 16 and 10000"},
		{"no connections", "max_conns_per_peer: 256", "max_conns_per_peer: 0", "listen.max_conns_per_peer: 0 is not between 1 and 1048576"},
		{"unknown key of the queue", "  keep: 24h", "  keeps: 24h", `brana.yaml:LINE:3: unknown field "keeps"`},
		{"answers that are not kept", "keep: 24h", "keep: 0s", "queue.keep: 0s is not between 1s and 744h"},
		{"queue without entries", "entries: 1000", "entries: 0", "queue.entries: 0 is not between 1 and 10000"},
		{"queue without room for a job", "bytes: 16MiB", "bytes: 1KiB", "queue.bytes: 1KiB is not between 256KiB and 1GiB"},
		{"page of nothing", "page: 100", "page: 0", "queue.page: 0 is not between 1 and 1000"},
		{"tolerance of nothing", "time_tolerance: 0s", "time_tolerance: 1ms",
			"requests.time_tolerance: 1ms is not between 1s and 24h, and not 0s, which turns it off"},
		{"window of a year", "duplicate_window: 0s", "duplicate_window: 8760h", "requests.duplicate_window: 8760h is not between 1s and 168h"},
		{"no ids", "duplicate_ids: 100000", "duplicate_ids: 0", "requests.duplicate_ids: 0 is not between 1 and 10000000"},
		{"unknown key of a breaker", "agenda: A101, ais: 1", "agenda: A101, ais: 1, breaker: {fails: 3}", `unknown field "fails"`},
		{"breaker by share", "agenda: A101, ais: 1", "agenda: A101, ais: 1, breaker: {failures: half}", "brana.yaml:LINE:85: "},
		{"receive buffer without a unit", "agenda: A101, ais: 1", "agenda: A101, ais: 1, receive_buffer: 65536", "65536 is not a size"},
		{"replies of a few bytes", "agenda: A101, ais: 1", "agenda: A101, ais: 1, max_reply: 1KiB",
			"upstreams.rob.max_reply: 1KiB is not between 64KiB and 64MiB"},
		{"store", "store: memory", "store: disk", `limits.store: "disk" is not one of memory, redis`},
		{"delay of all the drain", "shutdown_delay: 0s", "shutdown_delay: 25s",
			"listen.shutdown_delay: 25s leaves nothing of drain (25s) for calls to end"},
		{"a host with a port", "hosts: []", "hosts: [\"brana.example:8081\"]", `admin.hosts: "brana.example:8081" is not a name without a port`},
		{"a production without a word about the record", "environment: test ", "environment: production ",
			"audit.dir: is needed in production: write the folder of the record of use, or none to declare that none is kept here"},
		{"no durability", "durability: before-answer ", "durability: always ", `audit.durability: "always" is not one of before-answer, interval, os`},
		{"a record that does what", "when_unavailable: refuse", "when_unavailable: wait", `audit.when_unavailable: "wait" is not one of refuse, continue`},
		{"a commit that gathers for ever", "commit: 2ms", "commit: 2s", "audit.commit: 2s is not between 100µs and 1s"},
		{"a disk that has no time", "timeout: 5s  ", "timeout: 5ms", "audit.timeout: 5ms is not between 100ms and 1h"},
		{"segments of nothing", "size: 64MiB", "size: 64B", "audit.segment.size: 64B is not between 64KiB and 4GiB"},
		{"a key of nothing", "  key: \"\"", "  key: audit.pem", "audit.key: is of no use without a record: write its folder in audit.dir"},
		{"seals of nothing", "command: []", "command: [cp]", "audit.seals.command: is of no use without a record"},
		{"no word about any call", "exchanges: all", "exchanges: none",
			"log.exchanges: none would leave calls without any record: write the folder of the record of use in audit.dir"},
		{"lines of what", "exchanges: all", "exchanges: some", `log.exchanges: "some" is not one of all, refused, none`},
		{"a log that does what", "when_blocked: wait", "when_blocked: block", `log.when_blocked: "block" is not one of wait, drop`},
		{"level", "level: info", "level: loud", `log.level: "loud" is not one of debug, info, warn, error`},
		{"address without a port", "address: 127.0.0.1:8080", "address: localhost", `listen.address: "localhost" is not host:port`},
		{"address with a name for its port", "address: 127.0.0.1:8081", "address: 127.0.0.1:admin",
			`admin.address: "127.0.0.1:admin" is not host:port`},
		{"port beyond all", "address: 127.0.0.1:8080", "address: 127.0.0.1:80800", `listen.address: "127.0.0.1:80800" is not host:port`},
		{"open to everybody", "address: 127.0.0.1:8080", `address: "0.0.0.0:8080"`,
			"listen.address: plain HTTP lets anybody claim to be any AIS"},
		{"port alone", "address: 127.0.0.1:8080", `address: ":8080"`, "listen.address: plain HTTP"},
		{"public URL with a slash", "  # wsdl: wsdl  ", "  wsdl: w\n  public_url: https://brana.example.cz/publikace/",
			`listen.public_url: "https://brana.example.cz/publikace/" is not the URL before the code`},
		{"public URL that is none", "  # wsdl: wsdl  ", "  wsdl: w\n  public_url: brana.example.cz", "listen.public_url: "},
		{"public URL with a query", "  # wsdl: wsdl  ", "  wsdl: w\n  public_url: https://brana.example.cz?x", "listen.public_url: "},
		{"public URL of nothing", "  # wsdl: wsdl  ", "  public_url: https://brana.example.cz", "listen.public_url: is of use in WSDLs only"},
		{"internal message elsewhere", "  E227: local", "  E227: local\n  X11: relay iszr",
			"routes.X11: is an internal message, by which the bus calls a publisher: set place: publisher, or remove it"},
		{"place that does not exist", "place: hub ", "place: side-car ",
			`brana.yaml:LINE:8: place: "side-car" is not one of hub, sidecar, publisher`},
		{"place without a value", "place: hub ", "place: ",
			"brana.yaml:LINE:7: place: is empty: write hub, sidecar or publisher, or remove the key"},
		{"rule without a value", "default: relay iszr", "default: {to: relay iszr, items: }",
			"routes.default.items: is empty: write strict, as-iszr or pass, or remove the key"},
		{"rule that does not exist", "default: relay iszr", "default: {to: relay iszr, returned: drop}",
			`brana.yaml:LINE:39: routes.default.returned: "drop" is not one of observe, refuse, filter`},
		{"route to nobody", "default: relay iszr", "default: relay isrz",
			"brana.yaml:LINE:12: routes.default: relay isrz: no upstream has this name"},
		{"route that is none", "E227: local", "E227: locally",
			`brana.yaml:LINE:9: routes.E227: "locally" is not a route: write relay NAME, workflow, local or refuse`},
		{"two matrices", "{file: matrix.csv}", "{file: matrix.csv, " + fetchedMatrix + "}", "policy.matrix: file and e227 exclude each other"},
		{"rows from nowhere", "{file: matrix.csv}", "{" + strings.Replace(fetchedMatrix, "iszr", "isrz", 1) + "}",
			"policy.matrix.e227: no upstream has the name isrz"},
		{"rows asked by nobody", "{file: matrix.csv}", "{e227: iszr}",
			`policy.matrix.caller: as whom the gateway itself calls E227: agenda is "": write a code`},
		{"rows asked by no number", "{file: matrix.csv}", "{" + strings.Replace(fetchedMatrix, "ais: 999001", "ais: 0", 1) + "}",
			`ais is "0": write the number of the information system`},
		{"snapshot of a file", "{file: matrix.csv}", "{file: matrix.csv, snapshot: x}",
			"policy.matrix: snapshot and caller are of use with e227 only"},
		{"generation that is no time", "{file: matrix.csv}", `{` + fetchedMatrix + `, generation: 4h}`,
			`is not a time of the day: write it as "04:00"`},
		{"rows that end before the generation", "{file: matrix.csv}", "{" + fetchedMatrix + ", max_age: 24h}",
			"policy.matrix: max_age 24h0m0s is not above 25h30m0s"},
		{"rows that are never stale", "{file: matrix.csv}", "{" + fetchedMatrix + ", fresh: 6h, max_age: 6h}",
			"policy.matrix: max_age 6h0m0s is not above fresh 6h0m0s"},
		{"no question at once", "{file: matrix.csv}", "{" + fetchedMatrix + ", parallel: 0}",
			"policy.matrix.parallel: 0 is not between 1 and 64"},
		{"no wait", "{file: matrix.csv}", "{" + fetchedMatrix + ", wait: 0s}", "policy.matrix.wait: 0s is not between 1ms and 1h"},
		{"variable that is not set", "redis://127.0.0.1", "redis://${REDIS_HOST}",
			"brana.yaml:LINE:25: variable REDIS_HOST is not set in the environment"},
		{"TLS of a plain Redis", `memory                    # memory | redis` + "\n" + `  redis: {url: "redis://127.0.0.1:6379/0"`,
			`redis` + "\n" + `  redis: {tls: {ca: ca.pem}, url: "redis://127.0.0.1:6379/0"`,
			"limits.redis.tls: is of no use with redis; write the url as rediss"},
		{"replicas that nobody has", `redis: {url`, `redis: {wait_replicas: 9, url`, "limits.redis.wait_replicas: 9 is not between 0 and 5"},
		{"redis without a URL", `store: memory                    # memory | redis` + "\n" +
			`  redis: {url: "redis://127.0.0.1:6379/0", timeout: 75ms}`, "store: redis", "limits.redis.url: is needed with store: redis"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(string(Example), tt.old) {
				t.Fatalf("%s is not in the example", tt.old)
			}
			before, _, _ := strings.Cut(string(Example), tt.old)
			tt.want = strings.Replace(tt.want, "LINE", strconv.Itoa(1+strings.Count(before, "\n")), 1)
			_, err := Parse("brana.yaml", []byte(strings.Replace(string(Example), tt.old, tt.new, 1)), unset)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %s", err, tt.want)
			}
		})
	}
}

// All mistakes in values are reported at once.
func TestAllMistakesAreReported(t *testing.T) {
	_, err := Parse("f", []byte("environment: x\nlisten: {address: y}\n"), unset)
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("error = %v, want four of them", err)
	}
}

// ${NAME} stands for a variable wherever it is, except in a comment; paths
// are relative to the file.
func TestVariablesAndPaths(t *testing.T) {
	t.Setenv("BRANA_TEST_HOST", "redis.example")
	t.Setenv("BRANA_TEST_DIR", "grants")
	dir := t.TempDir()
	file := filepath.Join(dir, "brana.yaml")
	text := strings.NewReplacer("redis://127.0.0.1", "redis://${BRANA_TEST_HOST}", "dir: policy", "dir: ${BRANA_TEST_DIR} # not ${THIS}",
		"store: memory", "store: redis").Replace(string(Example))
	text = strings.Replace(text, "# not ${THIS}", "", 1) + "# nor ${THIS}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Read(file, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if c.Limits.Redis.URL != "redis://redis.example:6379/0" || c.Policy.Dir != filepath.Join(dir, "grants") ||
		c.Policy.Matrix.File != filepath.Join(dir, "matrix.csv") {
		t.Errorf("redis %s, policy %s, matrix %s", c.Limits.Redis.URL, c.Policy.Dir, c.Policy.Matrix.File)
	}
}

// What a breaker leaves out has its default, and without one an upstream has
// the default breaker.
func TestBreakersInTheConfiguration(t *testing.T) {
	d := upstream.DefaultBreaker()
	for text, want := range map[string]upstream.Breaker{
		"":                         d,
		", breaker: {}":            d,
		", breaker: {failures: 0}": {Failures: 0, Window: d.Window, Open: d.Open},
		", breaker: {failures: 3, window: 1m, open: 250ms}": {Failures: 3, Window: time.Minute, Open: 250 * time.Millisecond},
	} {
		c, err := Parse("brana.yaml", []byte(strings.Replace(string(Example), "agenda: A101, ais: 1", "agenda: A101, ais: 1"+text, 1)), unset)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Upstreams["rob"].CallBreaker(); got != want {
			t.Errorf("%s means %+v, want %+v", text, got, want)
		}
	}
}

// The example has the defaults of rows too.
func TestExampleHasTheDefaultsOfRows(t *testing.T) {
	_, text, found := strings.Cut(string(Example), "  # matrix: {e227")
	text, _, ended := strings.Cut("  matrix: {e227"+text, "}\n\n")
	if !found || !ended {
		t.Fatal("the example has no matrix by E227")
	}
	text = strings.ReplaceAll(text+"}", "  #", "  ")
	c, err := Parse("f", []byte(strings.Replace(string(Example), "  matrix: {file: matrix.csv}", text, 1)), unset)
	if err != nil {
		t.Fatal(err)
	}
	want := Default().Policy.Matrix
	want.E227, want.Snapshot, want.Caller = "iszr", "matrix.snap", Caller{"X999", "XR1", "12345678", 999001}
	if diff := cmp.Diff(want, c.Policy.Matrix); diff != "" {
		t.Errorf("(-default +example):\n%s", diff)
	}
}

// The folder of the journal holds nothing else.
func TestFilesInTheFolderOfTheJournal(t *testing.T) {
	for key, set := range map[string]func(*Audit){
		"key":        func(a *Audit) { a.Key = "audit/../audit/key.pem" },
		"person_key": func(a *Audit) { a.PersonKey = "audit/key" },
		"seals.file": func(a *Audit) { a.Seals.File = "audit/seals" },
	} {
		c, err := Parse("brana.yaml", Example, unset)
		if err != nil {
			t.Fatal(err)
		}
		c.Audit.Dir = "audit/"
		set(&c.Audit)
		if err := c.Validate("brana.yaml"); err == nil || !strings.Contains(err.Error(), "audit."+key+": audit/") ||
			!strings.Contains(err.Error(), "lies in audit.dir") {
			t.Errorf("%s: error %v", key, err)
		}
	}
}

// What is called depends on the place. The other side of the bus has no route by itself.
func TestDefaultRouteOfAPlace(t *testing.T) {
	routes := Routes{
		"default": {To: "relay there"},
		"E227":    {To: Local},
		"X15":     {To: "relay elsewhere", Items: Pass},
	}
	for _, tt := range []struct {
		code string
		at   Place
		want Route
	}{
		{"E05", Hub, Route{"relay there", AsIszr, Filter}},
		{"E05", Sidecar, Route{"relay there", Pass, Observe}},
		{"E05", Publisher, Route{To: Refuse}},
		{"E227", Publisher, Route{To: Local}},
		{"X11", Hub, Route{To: Refuse}},
		{"X11", Sidecar, Route{To: Refuse}},
		{"X11", Publisher, Route{"relay there", Strict, Withhold}},
		{"X15", Publisher, Route{"relay elsewhere", Pass, Withhold}},
		{"default", Hub, Route{"relay there", AsIszr, Filter}},
		{"default", Publisher, Route{"relay there", Strict, Withhold}},
	} {
		if got := routes.Of(tt.code, tt.at); got != tt.want {
			t.Errorf("%s at %s has %v, want %v", tt.code, tt.at, got, tt.want)
		}
	}
	// The rules of the default are those of each service without a route of its own.
	routes["default"] = Route{"relay there", Strict, Observe}
	for code, at := range map[string]Place{"E05": Hub, "X11": Publisher} {
		if got := routes.Of(code, at); got != routes["default"] {
			t.Errorf("%s at %s has %v, want %v", code, at, got, routes["default"])
		}
	}
}
