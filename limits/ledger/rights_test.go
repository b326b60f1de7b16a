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

// grantRights makes the user of the operator's page, whose password is "word", with what else the page names for some
// purposes.
func grantRights(t *testing.T, s *server, purposes ...string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ACL SETUSER brana .*$`).FindString(string(page))
	for _, purpose := range purposes {
		also := regexp.MustCompile(`(?m)^\| ` + purpose + " \\| `([^`]*)`").FindStringSubmatch(string(page))
		if also == nil {
			t.Fatalf("the page names no rights for %s", purpose)
		}
		line += " " + also[1]
	}
	if got := s.command(strings.Replace(line, ">WORD", ">word", 1)); got != "+OK" {
		t.Fatalf("%s: %s", line, got)
	}
}

// denied are the commands that users lacked the right to.
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

// A user with the rights that the page names can do all there is to be done.
func TestLeastRightsSuffice(t *testing.T) {
	master, _ := newReplicated(t)
	grantRights(t, master, "`wait_replicas`", "a look at `appendfsync`")
	r, err := New(Config{URL: "redis://brana:word@127.0.0.1:" + master.port, Calendar: limitstest.Czech(t), TrustEmpty: true, Replicas: 1})
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
	limitstest.Eventually(t, "the settings were looked at", func() bool { return r.settings.found.Load() != nil })
	if got := denied(t, master.client(t)); got != nil {
		t.Errorf("denied: %v", got)
	}
}
