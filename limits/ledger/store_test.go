package ledger

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

func TestRedisDecidesByItsOwnClock(t *testing.T) {
	s := startServer(t)
	c := newCaller(t, newRedis(t, s, nil), "a", rule(2, 2, 2))
	d := c.Admit(limits.Admitted)
	if least := limits.Window + leased - time.Second; d.Reset <= least || d.Reset > least+2*time.Second {
		t.Errorf("reset = %v, want an hour, what a lease adds, and less than a bucket", d.Reset)
	}
	c.Spend(1)
	c.Admit(limits.OverQuota)
}

func TestGatewaysShareQuotaAndSlots(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	one := newCaller(t, newRedis(t, s, nil), "a", rule(4, 4, 2))
	two := newCaller(t, newRedis(t, s, nil), "a", rule(4, 4, 2))
	one.Admit(limits.Admitted)
	second := two.Admit(limits.Admitted)
	one.Admit(limits.OverConcurrency)
	two.Release(second.Slot)
	limitstest.Eventually(t, "the other gateway has the slot that was given back", func() bool {
		d, err := one.Store.Admit(t.Context(), one.Call)
		return err == nil && d.Verdict == limits.Admitted
	})
	two.Admit(limits.OverConcurrency)
	one.Admit(limits.OverConcurrency)
}

// The whole of a small quota is granted, to whichever gateway asks, and no permit twice.
func TestGatewaysShareASmallQuota(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	var gateways []limitstest.Caller
	for range 3 {
		gateways = append(gateways, newCaller(t, newRedis(t, s, nil), "a", rule(100, 100, 50)))
	}
	admitted := 0
	for i := 0; admitted < 100; i++ {
		d, err := gateways[i%3].Store.Admit(t.Context(), gateways[i%3].Call)
		if err != nil || d.Verdict != limits.Admitted {
			break // other gateways hold the few permits that are left
		}
		admitted++
		gateways[i%3].Release(d.Slot)
	}
	limitstest.Eventually(t, "unused permits are given back, and used", func() bool {
		for _, g := range gateways {
			if d, err := g.Store.Admit(t.Context(), g.Call); err == nil && d.Verdict == limits.Admitted {
				admitted++
				g.Release(d.Slot)
			}
		}
		return admitted >= 100
	})
	for _, g := range gateways {
		g.Admit(limits.OverQuota)
	}
	if admitted != 100 {
		t.Errorf("admitted %d, want 100", admitted)
	}
}

func TestRedisNeedsNoServerToBeMade(t *testing.T) {
	r, err := New(Config{URL: "redis://127.0.0.1:" + freePort(t), Calendar: limitstest.Czech(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Ready(t.Context()); err == nil {
		t.Error("ready without a server")
	}
}

// Whatever breaks Redis, the store recovers by itself when it is mended.
func TestRedisFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name         string
		breaks       func(*server)
		mends        func(*testing.T, *server)
		stillDecides bool
	}{
		{"killed and started again",
			(*server).kill,
			func(t *testing.T, s *server) {
				if !s.start() {
					t.Fatal("redis-server does not start again")
				}
			}, false},
		{"emptied",
			func(s *server) { s.command("FLUSHALL") },
			func(*testing.T, *server) {}, true},
		{"frozen and thawed",
			func(s *server) { _ = s.cmd.Process.Signal(syscall.SIGSTOP) },
			func(_ *testing.T, s *server) { _ = s.cmd.Process.Signal(syscall.SIGCONT) }, false},
		{"made a replica of nobody and a master again",
			func(s *server) { s.command("REPLICAOF 127.0.0.1 1") },
			func(_ *testing.T, s *server) { s.command("REPLICAOF NO ONE") }, false},
		{"full and given room",
			func(s *server) { s.command("CONFIG SET maxmemory 1") },
			func(_ *testing.T, s *server) { s.command("CONFIG SET maxmemory 0") }, false},
		{"its scripts flushed",
			func(s *server) { s.command("SCRIPT FLUSH") },
			func(*testing.T, *server) {}, true},
		{"its connections cut",
			func(s *server) { s.command("CLIENT KILL TYPE normal SKIPME yes") },
			func(*testing.T, *server) {}, true},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			r, err := New(Config{
				URL: s.url(), Calendar: limitstest.Czech(t), Timeout: 200 * time.Millisecond, TrustEmpty: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			call := limits.Call{Key: limits.KeyOf("a"), Rule: rule(1000, 1000, 1000), Lifetime: time.Minute}
			before := ask(t, r, call)

			fault.breaks(s)
			if !fault.stillDecides {
				mustFail(t, r, call)
			}
			fault.mends(t, s)

			after := ask(t, r, call)
			if after.Remaining >= before.Remaining {
				t.Errorf("%d calls remained, now %d remain: calls were forgotten", before.Remaining, after.Remaining)
			}
		})
	}
}

// ask repeats a call until the store is ready and decides.
func ask(t *testing.T, r *Store, call limits.Call) (d limits.Decision) {
	t.Helper()
	limitstest.Eventually(t, "a decision", func() bool {
		if err := r.Ready(t.Context()); err != nil {
			return false
		}
		var err error
		d, err = r.Admit(t.Context(), call)
		return err == nil
	})
	return d
}

// mustFail uses up what is leased. Then every call must fail, and soon. It makes several, since a
// pooled connection fails in other ways than one that cannot be made.
func mustFail(t *testing.T, r *Store, call limits.Call) {
	t.Helper()
	limitstest.Eventually(t, "leased permits are used up", func() bool {
		_, err := r.Admit(t.Context(), call)
		return err != nil
	})
	for range 5 {
		for name, try := range map[string]func(context.Context) error{
			"Admit": func(ctx context.Context) error { _, err := r.Admit(ctx, call); return err },
			"Ready": r.Ready,
		} {
			start := time.Now()
			err := try(t.Context())
			if took := time.Since(start); took > 3*time.Second {
				t.Fatalf("%s took %v", name, took)
			}
			if err == nil {
				t.Errorf("%s succeeds with Redis broken", name)
			}
		}
	}
}

// A decision is written whole or not at all: a full Redis neither counts nor forgets a call.
func TestFullRedisKeepsItsCounts(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	c := newCaller(t, newRedis(t, s, clock), "a", rule(3, 3, 3))
	c.Spend(1)
	clock.Move(30 * time.Minute)
	c.Spend(2)
	clock.Move(30*time.Minute + limits.Grain + leased) // the first call leaves the count now
	s.command("CONFIG SET maxmemory 1")
	for range 3 {
		if _, err := c.Store.Admit(t.Context(), c.Call); err == nil {
			t.Fatal("a full Redis counted a call")
		}
	}
	s.command("CONFIG SET maxmemory 0")
	limitstest.Eventually(t, "Redis takes writes", func() bool { return c.Store.Ready(t.Context()) == nil })
	c.Spend(1)
	c.Admit(limits.OverQuota)
}

// The keys of one caller are in one slot of a Cluster, or the script would be refused.
func TestRedisCluster(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--cluster-enabled", "yes",
		"--cluster-config-file", "nodes-"+freePort(t)+".conf", "--dir", t.TempDir())
	if got := s.command("CLUSTER ADDSLOTSRANGE 0 16383"); got != "+OK" {
		t.Fatalf("CLUSTER ADDSLOTSRANGE: %s", got)
	}
	r, err := New(Config{
		URL:      s.url() + "?addr=127.0.0.1:" + s.port,
		Calendar: limitstest.Czech(t), Timeout: 300 * time.Millisecond, TrustEmpty: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, name := range []string{"a", "b", "c", "d"} {
		call := limits.Call{Key: limits.KeyOf(name), Rule: rule(2, 2, 2), Lifetime: time.Minute}
		ask(t, r, call)
		c := newCaller(t, r, name, rule(2, 2, 2))
		c.Spend(1)
		c.Admit(limits.OverQuota)
	}
	_ = s.cmd.Process.Signal(syscall.SIGSTOP)
	mustFail(t, r, newCaller(t, r, "a", rule(2, 2, 2)).Call)
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	ask(t, r, newCaller(t, r, "e", rule(2, 2, 2)).Call)
}

// Sentinels name the master. When it dies, the store follows them to the replica, which has the
// counts.
func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	master := startServer(t)
	replica := startServer(t, "--replicaof", "127.0.0.1 "+master.port)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	text := "sentinel monitor brana 127.0.0.1 " + master.port + " 1\n" +
		"sentinel down-after-milliseconds brana 300\nsentinel failover-timeout brana 2000\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := startServer(t, config)
	grantRights(t, master)
	grantRights(t, replica)
	r, err := New(Config{
		URL:      sentinel.url() + "?master_name=brana&username=brana&password=word",
		Calendar: limitstest.Czech(t), Timeout: time.Second, TrustEmpty: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	call := limits.Call{Key: limits.KeyOf("a"), Rule: rule(1000, 1000, 1000), Lifetime: time.Minute}
	before := ask(t, r, call)
	limitstest.Eventually(t, "the Sentinel knows the replica, and the replica has the counts", func() bool {
		return sentinel.command("SENTINEL REPLICAS brana") == "*1" &&
			replica.command("EXISTS "+r.script.keys(int(call.Key[0]%shardCount), []entry{{key: call.Key}})[1]) == ":1"
	})
	master.kill()
	if after := ask(t, r, call); after.Remaining >= before.Remaining {
		t.Errorf("%d calls remained, %d remain after the failover", before.Remaining, after.Remaining)
	}
}

func TestKeysCleanUpAfterThemselves(t *testing.T) {
	s := startServer(t)
	r := newRedis(t, s, nil)
	key := limits.KeyOf("a")
	for _, lifetime := range []time.Duration{2 * time.Hour, time.Minute} {
		c := newCaller(t, r, "a", rule(10, 10, 10))
		c.Call.Lifetime = lifetime
		c.Admit(limits.Admitted)
	}
	for _, name := range r.script.keys(int(key[0]%shardCount), []entry{{key: key}})[1:] {
		got, err := r.client.PTTL(t.Context(), name).Result()
		if err != nil || got < limits.Longest || got > 6*time.Hour {
			t.Errorf("%s expires in %v (error %v), want when no call counts and no slot is taken", name, got, err)
		}
	}
}

func TestRedisConfigErrors(t *testing.T) {
	const secret = "hunter2"
	good := Config{URL: "redis://user:" + secret + "@127.0.0.1:1/0", Calendar: limitstest.Czech(t)}
	for _, test := range []struct {
		name string
		bend func(*Config)
		want string
	}{
		{"no url", func(c *Config) { c.URL = "" }, "url"},
		{"not a url", func(c *Config) { c.URL = "redis://user:" + secret + "@127.0.0.1:1/%zz" }, "url"},
		{"bad port", func(c *Config) { c.URL = "redis://user:" + secret + "@127.0.0.1:x/0" }, "url"},
		{"another scheme", func(c *Config) { c.URL = "http://user:" + secret + "@127.0.0.1:1" }, "scheme"},
		{"unknown option", func(c *Config) { c.URL += "?tiemout=1s" }, "tiemout"},
		{"bad node", func(c *Config) { c.URL += "?addr=nowhere" }, "addr"},
		{"bad sentinel", func(c *Config) { c.URL += "?master_name=m&addr=nowhere" }, "addr"},
		{"no calendar", func(c *Config) { c.Calendar = nil }, "calendar"},
		{"tiny timeout", func(c *Config) { c.Timeout = time.Microsecond }, "timeout"},
		{"negative timeout", func(c *Config) { c.Timeout = -1 }, "timeout"},
		{"skip_verify", func(c *Config) { c.URL = "rediss://127.0.0.1:1?skip_verify=true" }, "skip_verify"},
		{"tls without it", func(c *Config) { c.TLS = func() *tls.Config { return nil } }, "rediss"},
		{"negative replicas", func(c *Config) { c.Replicas = -1 }, "replicas"},
		{"brace in prefix", func(c *Config) { c.Prefix = "a{b" }, "prefix"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := good
			test.bend(&config)
			_, err := New(config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error = %v, want one about %q", err, test.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error has the password: %v", err)
			}
		})
	}
}

func TestRedisURLs(t *testing.T) {
	for _, url := range []string{
		"redis://127.0.0.1:1", "rediss://user:word@127.0.0.1:1/3", "unix:///nowhere.sock",
		"redis://127.0.0.1:1?addr=127.0.0.1:2", "redis://127.0.0.1:1?master_name=m&addr=127.0.0.1:2",
	} {
		r, err := New(Config{URL: url, Calendar: limitstest.Czech(t)})
		if err != nil {
			t.Errorf("NewRedis(%q): %v", url, err)
			continue
		}
		if err := r.Ready(t.Context()); err == nil {
			t.Errorf("%q is ready without a server", url)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Many at once, at one key: exactly the quota is admitted and never more run than may.
func TestRedisUnderContention(t *testing.T) { limitstest.Contend(t, newRedis(t, startServer(t), nil)) }
