package upstream

import (
	"testing"
	"time"
)

func TestConfigValidate(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Config
		want string
	}{
		{"http", Config{Name: "a", URL: "http://127.0.0.1:1/x"}, ""},
		{"https", Config{Name: "a", URL: "https://egon.example"}, ""},
		{"no name", Config{URL: "http://h"}, "upstream: name is empty"},
		{"no url", Config{Name: "a"}, "upstream a: url: scheme must be http or https, not \"\""},
		{"no host", Config{Name: "a", URL: "http:///x"}, "upstream a: url: the host is missing"},
		{"query", Config{Name: "a", URL: "http://h/?x"},
			"upstream a: url: user, query and fragment are not allowed"},
		{"user", Config{Name: "a", URL: "http://u:p@h/"},
			"upstream a: url: user, query and fragment are not allowed"},
		{"breaker", Config{Name: "a", URL: "http://h", Breaker: DefaultBreaker()}, ""},
		{"breaker that counts nothing", Config{Name: "a", URL: "http://h",
			Breaker: Breaker{Failures: 1,
				Open: 1}}, "upstream a: breaker: window: must be at least 10 ms"},
		{"all", Config{Name: "a", URL: "http://h", Timeout: -1, Connect: -1, Idle: -time.Hour,
			MaxConns: -1, ReceiveBuffer: -1},
			"upstream a: timeout: must not be negative\nupstream a: connect: must not be negative\n" +
				"upstream a: idle: must not be negative\nupstream a: max connections: must not be negative\n" +
				"upstream a: receive buffer: must not be negative"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.c.Validate(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("Validate() = %q, want %q", got, tt.want)
			}
		})
	}
}
