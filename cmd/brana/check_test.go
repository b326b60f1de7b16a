package main

import (
	"strings"
	"testing"
)

// Mistakes that show only when the parts are put together name their key too.
func TestMistakesInTheParts(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"URL without a host", `url: "http://127.0.0.1:8090/rob"`, `url: "rob"`, "upstreams.rob: "},
		{"registry without its agenda", "agenda: A101, ais: 1", "ais: 1", "upstream rob needs agenda and ais"},
		{"pace without a burst", "agenda: A101, ais: 1", "agenda: A101, ais: 1, pace: {per_second: 5}",
			"upstreams.rob: upstream rob: pace: burst: must be at least 1"},
		{"pace of nothing", "agenda: A101, ais: 1", "agenda: A101, ais: 1, pace: {per_second: 0, burst: 5}",
			"upstreams.rob: upstream rob: pace: per_second: must be above zero"},
		{"empty pace", "agenda: A101, ais: 1", "agenda: A101, ais: 1, pace: {}", "upstreams.rob.pace: is empty"},
		{"unknown key of a pace", "agenda: A101, ais: 1", "agenda: A101, ais: 1, pace: {rate: 3}", `unknown field "rate"`},
		{"breaker that never closes", "agenda: A101, ais: 1", "agenda: A101, ais: 1, breaker: {open: 0s}",
			"upstreams.rob: upstream rob: breaker: open: must be above zero"},
		{"workflow without a registry", `  org: {url: "http://127.0.0.1:8090/org"}` + "\n", "", "routes.E198: a workflow needs the upstreams"},
		{"service in its other spelling", "E227: local", "E67A: refuse", "routes.E67A: write E67a"},
		{"service that does not exist", "E227: local", "E999: refuse", "routes.E999: no service of the catalogue has this code"},
		{"workflow of another service", "E227: local", "E227: workflow", "routes.E227: only E198 is a workflow"},
		{"local answer of another service", "E227: local", "E05: local", "routes.E05: only E227, E99, E100 and E101 are answered locally"},
		{"prefix", "prefix: /publikace", "prefix: publikace/", "listen.prefix"},
		{"queue in two places", "E100: local", "E100: relay iszr",
			"routes.E99: E99, E100, E101 belong to one queue; make all of them local, or none"},
		{"calendar", "Mon-Fri 07:00-17:00", "Mon-Fri 7-17h", "limits.calendar: "},
		{"time zone", "zone: Europe/Prague", "zone: Europe/Praha", "limits.calendar: "},
		{"policy that is not there", "dir: policy", "dir: nowhere", "nowhere"},
		{"matrix that is not there", "matrix.csv", "nowhere.csv", "nowhere.csv"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := serveFile(t, "127.0.0.1:8090", tt.old, tt.new)
			said, code := brana("check", "-c", file)
			if code != exitRefused || !strings.HasPrefix(said, "brana: ") || !strings.Contains(said, tt.want) {
				t.Errorf("exit code %d, %s, want %s", code, said, tt.want)
			}
		})
	}
}

// Without rows nobody may have an item of ROB: check says so, since a sidecar would write down
// each of them as one that the bus removes.
func TestCheckWithoutAMatrix(t *testing.T) {
	const none = "matrix none: no item of ROB or ROS is permitted\n"
	for place, want := range map[string]bool{"hub": true, "sidecar": true, "publisher": false} {
		file := serveFile(t, "127.0.0.1:8090", "place: hub ", "place: "+place+" ", "matrix: {file: matrix.csv}", "")
		said, code := brana("check", "-c", file)
		if code != 0 || strings.Contains(said, none) != want {
			t.Errorf("%s: exit code %d, it says %s", place, code, said)
		}
	}
}

// check prints where the gateway stands, and the routes with rules of their own.
func TestCheckOfRules(t *testing.T) {
	for _, tt := range []struct {
		name, place, route string
		code               int
		want               string // the lines after the first, or a mistake
	}{
		{"hub", "hub", "E05: relay iszr", 0, "place hub: items as-iszr, returned filter\n"},
		{"sidecar", "sidecar", "E05: relay iszr", 0, "place sidecar: items pass, returned observe\n"},
		{"publisher", "publisher", "E05: relay iszr", 0, "place publisher: items strict, returned refuse\n"},
		{"route with an own rule", "hub", "E05: {to: relay iszr, items: strict}", 0,
			"place hub: items as-iszr, returned filter\nroute E05: items strict, returned filter\n"},
		{"route with the rules of the place", "hub", "E05: {to: relay iszr, items: as-iszr}", 0,
			"place hub: items as-iszr, returned filter\n"},
		{"rule of what is no relay", "hub", "E05: {to: refuse, items: strict}", exitRefused,
			": routes.E05: items and returned are for a relay; remove them from refuse\n"},
		{"rule that does not exist", "hub", "E05: {to: relay iszr, items: lax}", exitRefused,
			`: routes.E05.items: "lax" is not one of strict, as-iszr, pass` + "\n"},
		{"returned rule that does not exist", "hub", "E05: {to: relay iszr, returned: drop}", exitRefused,
			`: routes.E05.returned: "drop" is not one of observe, refuse, filter` + "\n"},
		{"place that does not exist", "bus", "E05: relay iszr", exitRefused,
			`: place: "bus" is not one of hub, sidecar, publisher` + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := serveFile(t, "127.0.0.1:8090", "place: hub ", "place: "+tt.place+" ", "E227: local", "E227: local\n  "+tt.route)
			said, code := brana("check", "-c", file)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if _, rules, _ := strings.Cut(said, "\n"); code == 0 && rules != tt.want || !strings.HasSuffix(said, tt.want) {
				t.Errorf("it says %s, want %s", said, tt.want)
			}
		})
	}
}
