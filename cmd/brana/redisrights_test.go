package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
)

// rights are those of the user of the operator's page, and more for some
// purposes.
func rights(t *testing.T, purposes ...string) (line string, commands []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "redis.md"))
	if err != nil {
		t.Fatal(err)
	}
	line = regexp.MustCompile(`(?m)^ACL SETUSER brana .*$`).FindString(string(page))
	for _, purpose := range purposes {
		also := regexp.MustCompile(`(?m)^\| ` + purpose + " \\| `([^`]*)`").FindStringSubmatch(string(page))
		if also == nil {
			t.Fatalf("the page names no rights for %s", purpose)
		}
		line += " " + strings.ReplaceAll(also[1], `\|`, "|") // as tables write it
	}
	for _, word := range strings.Fields(line) {
		if command, ok := strings.CutPrefix(word, "+"); ok {
			commands = append(commands, command)
		}
	}
	return line, commands
}

// The page gives the user the commands that scripts call and those that run scripts,
// and nothing else.
func TestRightsAreThoseThatScriptsNeed(t *testing.T) {
	need := []string{"eval", "evalsha"}
	for _, pattern := range []string{"limits/ledger/*.lua", "gateway/queue/*.lua"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			calls := regexp.MustCompile(`redis\.p?call\((?:'([A-Z]+)')?`).FindAllSubmatch(text, -1)
			for _, call := range calls {
				if len(call[1]) == 0 {
					t.Errorf("%s calls a command that is not named there", file)
				}
				need = append(need, strings.ToLower(string(call[1])))
			}
		}
	}
	slices.Sort(need)
	need = slices.Compact(need)
	_, have := rights(t)
	slices.Sort(have)
	if !slices.Equal(have, need) {
		t.Errorf("the page grants %v\nand what is needed is %v", have, need)
	}
}

// say sends a command and returns the first line of the answer.
func (s *redisServer) say(t *testing.T, command string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second)) // it fails only on a closed connection
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
	return line
}

// Limits, queue and recent ids live over TLS, by certificates and a password of
// files, with the rights that the page names.
func TestRedisOverTLSWithLeastRights(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	ca.issue("redis", 2)
	ca.issue("gate", 3)
	server := newRedisServer(t)
	_, secure, _ := net.SplitHostPort(freeAddress(t))
	server.options = []string{"--tls-port", secure, "--tls-cert-file", ca.file("redis.pem"), "--tls-key-file", ca.file("redis.key"),
		"--tls-ca-cert-file", ca.file("ca.pem")}
	server.start(t)
	line, _ := rights(t, "a look at `appendfsync`")
	if got := server.say(t, strings.Replace(line, ">WORD", ">s3cret", 1)); got != "+OK" {
		t.Fatalf("%s: %s", line, got)
	}
	word := filepath.Join(t.TempDir(), "redis.password")
	write(t, word, "s3cret\n")
	w := startWorld(t, func(c *config.Config) {
		c.Limits.Store = "redis"
		c.Limits.Redis = config.Redis{URL: "rediss://brana@127.0.0.1:" + secure + "/0", PasswordFile: word,
			Timeout: config.Duration(10 * time.Second), TrustEmpty: true,
			TLS: &config.ClientTLS{CA: ca.file("ca.pem"), Cert: ca.file("gate.pem"), Key: ca.file("gate.key")}}
		c.Requests.DuplicateWindow = config.Duration(time.Hour)
	})
	eventually(t, "the counts can be had", func() bool { _, code := w.quota("get", littleCaller); return code == 0 })
	id := w.later(little...)
	w.picked(id)
	for _, args := range [][]string{{"E99"}, {"E101", "--id", id}} {
		if got := w.call(args[0], append(args[1:], little...)...).statusLine(); got != egon.OK {
			t.Errorf("%s: %s", args[0], got)
		}
	}
	for _, args := range [][]string{{"grant", littleCaller, "--calls", "5", "--for", "1h", "--reason", "r", "--by", "b"},
		{"reset", littleCaller, "--reason", "r", "--by", "b"}} {
		if said, code := w.quota(args[0], args[1:]...); code != 0 {
			t.Errorf("quota %s: %s", args[0], said)
		}
	}
	const finding = "appendonly is no"
	eventually(t, "the log says what is wrong with the settings", func() bool { return w.journal.has("redis: " + finding) })
	if status, page := w.readiness(); status != http.StatusOK || !strings.Contains(page, "[!] redis: "+finding) {
		t.Errorf("%d %s", status, page)
	}
	if got := server.say(t, "ACL LOG"); got != "*0" {
		t.Errorf("ACL LOG has entries: %s", got)
	}
}
