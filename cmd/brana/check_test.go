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
