package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

func TestSettingsAreJudged(t *testing.T) {
	for _, test := range []struct {
		name, setting, value string
		appendfsync          string
		replicas             int    // that have to acknowledge
		says                 string // what is found begins so; empty: nothing is
		unknown              bool
	}{
		{name: "all well", appendfsync: "everysec"},
		{name: "always written", appendfsync: "always"},
		{name: "old", setting: "redis_version", value: "6.2.14", appendfsync: "everysec", says: "its version is 6.2.14"},
		{name: "new", setting: "redis_version", value: "10.0.1", appendfsync: "everysec"},
		{name: "no version", setting: "redis_version", appendfsync: "everysec", says: "its version is not known:"},
		{name: "evicts", setting: "maxmemory_policy", value: "allkeys-lru", appendfsync: "everysec", says: "maxmemory-policy is allkeys-lru"},
		{name: "no file", setting: "aof_enabled", value: "0", appendfsync: "everysec", says: "appendonly is no"},
		{name: "file when it likes", appendfsync: "no", says: "appendfsync is no"},
		{name: "file nobody knows when", says: "appendfsync cannot be looked at", unknown: true},
		{name: "isolated master goes on", setting: "connected_slaves", value: "2", appendfsync: "everysec", says: "min-replicas-to-write is 0 though replicas follow (2)"},
		{name: "replicas that nobody has", replicas: 1, appendfsync: "everysec", says: "fewer replicas follow (0) than have to acknowledge what is granted (1)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			info := readInfo("# Server\r\nredis_version:7.0.0\r\n\r\n# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nconnected_slaves:0\r\n")
			if test.setting != "" {
				info[test.setting] = test.value
			}
			found := judgeSettings(info, test.appendfsync, test.replicas)
			if test.says == "" && len(found) == 0 {
				return
			}
			if len(found) != 1 || test.says == "" || !strings.HasPrefix(found[0].Text, test.says) || found[0].Unknown != test.unknown {
				t.Errorf("found %+v, want %q", found, test.says)
			}
		})
	}
	replicated := map[string]string{"redis_version": "7.4.1", "maxmemory_policy": "noeviction", "aof_enabled": "1", "connected_slaves": "2", "min_slaves_good_slaves": "2"}
	if found := judgeSettings(replicated, "everysec", 2); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	if found := judgeSettings(replicated, "everysec", 3); len(found) != 1 || !strings.HasPrefix(found[0].Text, "fewer replicas follow (2)") {
		t.Errorf("found %v of a replica that is missing", found)
	}
}

// What a real Redis says of itself is understood, and told once.
func TestSettingsAreLookedAt(t *testing.T) {
	for _, test := range []struct {
		name     string
		options  []string
		commands []string
		user     string
		replicas int
		says     []string
	}{
		{"as they should be", []string{"--appendonly", "yes"}, nil, "", 0, nil},
		{"with fewer replicas than wait_replicas", []string{"--appendonly", "yes"}, nil, "", 1, []string{"fewer replicas follow (0)"}},
		{"for a cache", []string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu"}, nil, "", 0, []string{"appendonly is no", "maxmemory-policy is allkeys-lfu"}},
		{"with a user that may not ask", []string{"--appendonly", "yes", "--appendfsync", "no"},
			[]string{"ACL SETUSER brana on >word ~brana:* +@all -config"}, "brana:word@", 0, []string{"appendfsync cannot be looked at"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, append([]string{"--dir", t.TempDir()}, test.options...)...)
			for _, command := range test.commands {
				if got := s.command(command); got != "+OK" {
					t.Fatalf("%s: %s", command, got)
				}
			}
			told := make(chan []limits.Finding, 8)
			r, err := New(Config{URL: "redis://" + test.user + "127.0.0.1:" + s.port, Calendar: limitstest.Czech(t), Timeout: time.Second,
				TrustEmpty: true, Replicas: test.replicas, OnFindings: func(found []limits.Finding) { told <- found }})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			limitstest.Eventually(t, "they were looked at", func() bool { return r.settings.found.Load() != nil })
			found := r.Findings()
			if len(found) != len(test.says) {
				t.Fatalf("found %v, want %v", found, test.says)
			}
			if len(found) > 0 && !slices.Equal(<-told, found) {
				t.Error("told something else")
			}
			for _, says := range test.says {
				if !strings.Contains(fmt.Sprint(found), says) {
					t.Errorf("found %v, want %q", found, says)
				}
			}
		})
	}
}
