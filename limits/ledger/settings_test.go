package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"brana/limits"
	"brana/limits/limitstest"
)

const everysec = "everysec"

func TestSettingsAreJudged(t *testing.T) {
	for _, test := range []struct {
		name, setting, value string
		appendfsync          string
		replicas             int    // that must acknowledge
		want                 string // prefix of the finding; empty: none
		unknown              bool
	}{
		{name: "all well", appendfsync: everysec},
		{name: "always written", appendfsync: "always"},
		{name: "old", setting: "redis_version", value: "6.2.14", appendfsync: everysec, want: "its version is 6.2.14"},
		{name: "new", setting: "redis_version", value: "10.0.1", appendfsync: everysec},
		{name: "no version", setting: "redis_version", appendfsync: everysec, want: "its version is not known:"},
		{
			name: "evicts", setting: "maxmemory_policy", value: "allkeys-lru", appendfsync: everysec,
			want: "maxmemory-policy is allkeys-lru",
		},
		{name: "no file", setting: "aof_enabled", value: "0", appendfsync: everysec, want: "appendonly is no"},
		{name: "file written at will", appendfsync: "no", want: "appendfsync is no"},
		{name: "file written unknown when", want: "appendfsync cannot be looked at", unknown: true},
		{
			name: "isolated master goes on", setting: "connected_slaves", value: "2", appendfsync: everysec,
			want: "min-replicas-to-write is 0 though replicas follow (2)",
		},
		{name: "too few replicas", replicas: 1, appendfsync: everysec, want: "fewer replicas follow (0) than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			info := readInfo("# Server\r\nredis_version:7.0.0\r\n\r\n" +
				"# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nconnected_slaves:0\r\n")
			if test.setting != "" {
				info[test.setting] = test.value
			}
			found := judgeSettings(info, test.appendfsync, test.replicas)
			if test.want == "" && len(found) == 0 {
				return
			}
			if len(found) != 1 || test.want == "" || found[0].Unknown != test.unknown ||
				!strings.HasPrefix(found[0].Text, test.want) {
				t.Errorf("found %+v, want %q", found, test.want)
			}
		})
	}
	replicated := map[string]string{
		"redis_version": "7.4.1", "maxmemory_policy": "noeviction", "aof_enabled": "1",
		"connected_slaves": "2", "min_slaves_good_slaves": "2",
	}
	if found := judgeSettings(replicated, everysec, 2); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	found := judgeSettings(replicated, everysec, 3)
	if len(found) != 1 || !strings.HasPrefix(found[0].Text, "fewer replicas follow (2)") {
		t.Errorf("found %v, want one about a missing replica", found)
	}
}

// The settings of a real Redis are read and reported once.
func TestSettingsAreLookedAt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		options  []string
		commands []string
		user     string
		replicas int
		want     []string
	}{
		{"as they should be", []string{"--appendonly", "yes"}, nil, "", 0, nil},
		{
			"with fewer replicas than wait_replicas", []string{"--appendonly", "yes"},
			nil, "", 1, []string{"fewer replicas follow (0)"},
		},
		{
			"for a cache", []string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu"},
			nil, "", 0, []string{"appendonly is no", "maxmemory-policy is allkeys-lfu"},
		},
		{
			"with a user that may not ask", []string{"--appendonly", "yes", "--appendfsync", "no"},
			[]string{"ACL SETUSER brana on >word ~brana:* +@all -config"},
			"brana:word@", 0, []string{"appendfsync cannot be looked at"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, append([]string{"--dir", t.TempDir()}, test.options...)...)
			for _, command := range test.commands {
				if got := s.command(command); got != "+OK" {
					t.Fatalf("%s: %s", command, got)
				}
			}
			reported := make(chan []limits.Finding, 8)
			config := testConfig(t, "redis://"+test.user+"127.0.0.1:"+s.port)
			config.Replicas = test.replicas
			config.OnFindings = func(found []limits.Finding) { reported <- found }
			r, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			limitstest.Eventually(t, "the settings were inspected", func() bool {
				return r.settings.found.Load() != nil
			})
			found := r.Findings()
			if len(found) != len(test.want) {
				t.Fatalf("found %v, want %v", found, test.want)
			}
			if len(found) > 0 && !slices.Equal(<-reported, found) {
				t.Error("something else was reported")
			}
			for _, want := range test.want {
				if !strings.Contains(fmt.Sprint(found), want) {
					t.Errorf("found %v, want %q", found, want)
				}
			}
		})
	}
}
