package ledger

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"brana/limits"
	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
)

// grantRights creates the user of docs/redis.md, with the password "word" and the rights that the
// page names for some purposes.
func grantRights(t *testing.T, s *server, purposes ...string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ACL SETUSER brana .*$`).FindString(string(page))
	for _, purpose := range purposes {
		row := regexp.MustCompile(`(?m)^\| ` + purpose + " \\| `([^`]*)`")
		also := row.FindStringSubmatch(string(page))
		if also == nil {
			t.Fatalf("the page names no rights for %s", purpose)
		}
		line += " " + strings.ReplaceAll(also[1], `\|`, "|") // as tables write it
	}
	if got := s.command(strings.Replace(line, ">WORD", ">word", 1)); got != "+OK" {
		t.Fatalf("%s: %s", line, got)
	}
}

// denied lists the commands that Redis refused for want of a right.
func denied(t *testing.T, client *redis.Client) (all []string) {
	t.Helper()
	entries, err := client.ACLLog(t.Context(), 100).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Reason+" "+e.Object)
	}
	return all
}

// The rights that docs/redis.md names suffice for everything that a gateway does.
func TestLeastRightsSuffice(t *testing.T) {
	t.Parallel()
	master, _ := newReplicated(t)
	grantRights(t, master, "`wait_replicas`", "a look at `appendfsync`")
	config := testConfig(t, "redis://brana:word@127.0.0.1:"+master.port)
	config.Replicas = 1
	r, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	call := limits.Call{Key: limits.KeyOf("a"), Rule: rule(2, 2, 2), Lifetime: 1}
	ask(t, r, call)
	if _, err := r.Usage(t.Context(), call); err != nil {
		t.Error(err)
	}
	if err := r.Forget(t.Context(), call); err != nil {
		t.Error(err)
	}
	limitstest.Eventually(t, "the settings were inspected", func() bool {
		return r.settings.found.Load() != nil
	})
	if got := denied(t, master.client(t)); got != nil {
		t.Errorf("denied: %v", got)
	}
}
