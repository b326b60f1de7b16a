package ledger

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// canary is what a peer might send and no log may contain.
const canary = "Vosáhlová"

// impostor is a server that gives the same answer to each command.
func impostor(t *testing.T, answer string) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					if _, err := in.ReadString('\n'); err != nil {
						return
					}
					_, _ = io.WriteString(c, answer) // fails when the peer has left
				}
			}()
		}
	}()
	return "redis://" + ln.Addr().String()
}

// An error contains nothing that a server sent, except for a known code.
func TestNoByteOfRedisIsInAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ answer, want string }{
		"an error":            {"-ERR " + canary + "\r\n", "ERR is the answer of redis"},
		"an unknown code":     {"-" + canary + " " + canary + "\r\n", "ERR is the answer of redis"},
		"a name for a code":   {"-VOSAHLOVA x\r\n", "ERR is the answer of redis"},
		"full":                {"-OOM command not allowed " + canary + "\r\n", "OOM is the answer of redis: it is full"},
		"no right":            {"-NOPERM " + canary + "\r\n", "NOPERM is the answer of redis: the user"},
		"wrong password":      {"-WRONGPASS " + canary + "\r\n", "WRONGPASS is the answer of redis: the name or"},
		"too many":            {"-ERR max number of clients reached " + canary + "\r\n", "ERR (too many clients)"},
		"moved":               {"-MOVED 1 " + canary + ":1\r\n", "MOVED is the answer of redis"},
		"no answer":           {canary + "\r\n", "what came is no answer of redis"},
		"a web server":        {"HTTP/1.1 400 " + canary + "\r\n\r\n", "what came is no answer of redis"},
		"a number that none":  {":" + canary + "\r\n", "redis"},
		"a length that none":  {"$" + canary + "\r\n", "redis"},
		"an endless line":     {"+" + strings.Repeat(canary, 10_000), ""},
		"another sort":        {"+" + canary + "\r\n", ""},
		"a list of something": {"*1\r\n+" + canary + "\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := testConfig(t, impostor(t, tt.answer))
			config.Timeout = 500 * time.Millisecond
			r, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			_, err = r.Admit(t.Context(), newCaller(t, r, "a", rule(9, 9, 9)).Call)
			_, settings := r.settings.findings(t.Context())
			// The queue runs scripts of its own with the same client.
			script := redis.NewScript("return 1").Run(t.Context(), r.Client(), []string{"k"}).Err()
			for _, err := range []error{err, settings, script} {
				if err != nil && strings.Contains(err.Error(), canary) {
					t.Errorf("an error quotes what came: %v", err)
				}
			}
			if err == nil || !strings.Contains(errors.Join(err, script).Error(), tt.want) {
				t.Errorf("%v, %v; want %q", err, script, tt.want)
			}
		})
	}
}

// An error still has what go-redis looks for.
func TestErrorsKeepWhatGoRedisLooksFor(t *testing.T) {
	err := plain(errors.Join(errors.New("x"), redisError("NOSCRIPT")))
	if !redis.HasErrorPrefix(err, "NOSCRIPT ") {
		t.Errorf("%v is not known as NOSCRIPT", err)
	}
	if err := plain(redis.Nil); err != redis.Nil {
		t.Errorf("%v for no value", err)
	}
	if err := plain(context.DeadlineExceeded); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v for a deadline", err)
	}
}
